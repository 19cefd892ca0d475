/** The key `gpio` of a config: what is connected to which pin. */
import * as v from "valibot";
import type { AlarmConfig, ButtonConfig, GpioConfig, LabelButtonConfig } from "../device/gpio/gpio.ts";
import { parseDuration } from "../wording/quantities.ts";
import {
  type AlarmEntry,
  alarmKeys,
  alarmOf,
  alarmWithDefaults,
  checkAlarm,
  classComplaint,
  defaultClass,
} from "./alarm-config.ts";
import type { ConfigErrors } from "./config-errors.ts";
import type { KeyPath } from "./document.ts";
import { map, must, oneOf, quantity, text, wholeNumber } from "./schema.ts";

const defaultLabelSeconds = 10;

const pin = wholeNumber(0, 1023);
const duration = quantity("a duration with its unit such as 500ms or 2s", parseDuration);
const classNumber = v.optional(wholeNumber(0));
const buttonKeys = {
  pin,
  pressed: v.optional(oneOf(["low", "high"])),
  hold: v.optional(duration),
};
const examples = { pin: "pin: 17, its BCM number" };

const isMap = (entry: unknown) => typeof entry === "object" && entry !== null && !Array.isArray(entry);

/** A bare number stands for a map that is nothing but its pin. */
const pinOr = <const S extends v.GenericSchema<unknown, { pin: number }>>(schema: S) =>
  v.lazy((entry): v.GenericSchema<unknown, number | v.InferOutput<S>> => (isMap(entry) ? schema : pin));

const button = pinOr(map(buttonKeys, examples));
const label = pinOr(
  map({ ...buttonKeys, class: classNumber, seconds: v.optional(wholeNumber(1, 3600)) }, examples),
);
const alarm = pinOr(map({ pin, of: alarmOf, ...alarmKeys }, examples));
const labels = v.array(label, must("a list of pins"));

export const gpioSchema = map({
  chip: v.optional(text("the label of a GPIO chip")),
  heartbeat: v.optional(pin),
  alarm: v.optional(alarm),
  label: v.optional(
    v.lazy(
      (entry): v.GenericSchema<unknown, v.InferOutput<typeof label> | v.InferOutput<typeof labels>> =>
        Array.isArray(entry) ? labels : label,
    ),
  ),
  pause: v.optional(button),
  checkpoint: v.optional(button),
});

type Parsed = v.InferOutput<typeof gpioSchema>;
/** With its bare numbers written out. */
type Entry = { pin: number; class?: number };

const written = <T extends { pin: number }>(entry: number | T): T | { pin: number } =>
  typeof entry === "number" ? { pin: entry } : entry;

type WrittenLabel = Entry & { pressed?: "low" | "high"; hold?: number; seconds?: number };

function labelsOf({ label }: Parsed): WrittenLabel[] {
  if (label === undefined) return [];
  return (Array.isArray(label) ? label : [label]).map((entry) => written(entry));
}

/** What no single value shows. `classes` is undefined where the target is a number. */
export function checkGpio(parsed: Parsed, classes: number | undefined, errors: ConfigErrors): void {
  const { heartbeat, alarm, pause, checkpoint } = parsed;
  const entries: { path: KeyPath; entry: Entry; ofClass: boolean }[] = [];
  const add = (path: KeyPath, entry: number | Entry | undefined, ofClass = false) => {
    if (entry !== undefined) entries.push({ path: ["gpio", ...path], entry: written(entry), ofClass });
  };
  add(["heartbeat"], heartbeat);
  add(["alarm"], alarm);
  labelsOf(parsed).forEach((entry, index) => {
    add(Array.isArray(parsed.label) ? ["label", index] : ["label"], entry, true);
  });
  add(["pause"], pause);
  add(["checkpoint"], checkpoint);

  const taken = new Set<number>();
  for (const { path, entry, ofClass } of entries) {
    if (taken.has(entry.pin)) errors.conflict(path, `: GPIO ${entry.pin} is taken already; use another pin`);
    taken.add(entry.pin);
    if (!ofClass) continue;
    const complaint = classComplaint(entry.class, classes, (example) => `{ pin: ${entry.pin}, ${example} }`);
    if (complaint !== null) errors.conflict(path, complaint);
  }
  if (alarm === undefined) return;
  const { pin, ...entry }: { pin: number } & AlarmEntry = written(alarm);
  checkAlarm(entry, ["gpio", "alarm"], classes, (example) => `{ pin: ${pin}, ${example} }`, errors);
}

/** Fills in the defaults, for a target of so many classes; undefined where it is a number. */
export function gpioWithDefaults(parsed: Parsed, classes: number | undefined): GpioConfig {
  const { chip, heartbeat, alarm, pause, checkpoint } = parsed;
  return {
    chip: chip ?? null,
    heartbeat: heartbeat ?? null,
    alarm: alarm === undefined ? null : pinAlarm(written(alarm), classes),
    labels: labelsOf(parsed).map(
      (label): LabelButtonConfig => ({
        ...buttonWithDefaults(label),
        class: label.class ?? defaultClass,
        seconds: label.seconds ?? defaultLabelSeconds,
      }),
    ),
    pause: pause === undefined ? null : buttonWithDefaults(written(pause)),
    checkpoint: checkpoint === undefined ? null : buttonWithDefaults(written(checkpoint)),
  };
}

function pinAlarm({ pin, ...entry }: { pin: number } & AlarmEntry, classes: number | undefined): AlarmConfig {
  return { pin, ...alarmWithDefaults(entry, classes) };
}

function buttonWithDefaults({ pin, pressed, hold = 0 }: WrittenLabel): ButtonConfig {
  return { pin, pressed: pressed === undefined ? null : pressed === "high" ? 1 : 0, holdMs: hold };
}
