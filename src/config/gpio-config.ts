/** The key `gpio` of a config: the LED, alarm and buttons on its pins. */
import type * as v from "valibot";
import type { AlarmConfig, ButtonConfig, GpioConfig, LabelButtonConfig } from "../device/gpio/gpio.ts";
import {
  type AlarmEntry,
  type AlarmTask,
  alarmKeys,
  alarmWithDefaults,
  checkAlarm,
  classComplaint,
  defaultClass,
} from "./alarm-config.ts";
import { classKey } from "./class-words.ts";
import type { ConfigErrors } from "./config-errors.ts";
import type { KeyPath } from "./document.ts";
import {
  defaultsOf,
  duration,
  either,
  list,
  map,
  oneOf,
  optional,
  required,
  text,
  wholeNumber,
} from "./schema.ts";

const unused = { otherwise: "not used" };
const pinNumber = wholeNumber(0, 1023);
const pin = required(
  "GPIO number, as in Broadcom's documents and the board's schematic",
  pinNumber,
  "pin: 17, its BCM number",
);
const buttonKeys = {
  pin,
  pressed: optional("Level of the pin while the button is pressed", oneOf(["low", "high"]), {
    otherwise: "the level that the pin does not have at the start",
  }),
  hold: optional("How long the button must be pressed", duration("500ms or 2s"), {
    otherwise: "it acts at once",
  }),
};

/** A bare number is a shorthand for a map with only the key `pin`. */
const pinOr = <const S extends v.GenericSchema<unknown, { pin: number }>>(full: S) => either(pinNumber, full);

const button = pinOr(map(buttonKeys));
const labelMap = map({
  ...buttonKeys,
  class: optional("Class of the samples before the press", classKey, {
    otherwise: `${defaultClass}, where the target has two classes`,
  }),
  seconds: optional("How many seconds of samples before the press are labelled", wholeNumber(1, 3600), {
    default: 10,
  }),
});
const label = pinOr(labelMap);

export const gpioSchema = map({
  chip: optional(
    "Label of the GPIO chip, on boards that are not a Raspberry Pi",
    text("the label of a GPIO chip"),
    {
      otherwise: "the chip of a Raspberry Pi's header",
    },
  ),
  heartbeat: optional(
    "Pin that blinks once in each second in which a sample was learned from",
    pinNumber,
    unused,
  ),
  alarm: optional("Pin that is high while the alarm is on", pinOr(map({ pin, ...alarmKeys })), unused),
  label: optional(
    "Button, or list of buttons, that labels the latest samples",
    either(label, list(label, "a list of pins"), Array.isArray),
    unused,
  ),
  pause: optional("Button that pauses and resumes learning; samples are still predicted", button, unused),
  normal: optional("Button that says that the latest anomaly was normal", button, unused),
  checkpoint: optional("Button that saves a checkpoint", button, unused),
});
const labelDefaults = defaultsOf(labelMap);

type Parsed = v.InferOutput<typeof gpioSchema>;
/** An entry as a map, also where the config has a bare number. */
type Entry = { pin: number; class?: number };

const written = <T extends { pin: number }>(entry: number | T): T | { pin: number } =>
  typeof entry === "number" ? { pin: entry } : entry;

type WrittenLabel = Entry & { pressed?: "low" | "high"; hold?: number; seconds?: number };

function labelsOf({ label }: Parsed): WrittenLabel[] {
  if (label === undefined) return [];
  return (Array.isArray(label) ? label : [label]).map((entry) => written(entry));
}

/** Reports contradictions between the keys of `gpio`. */
export function checkGpio(parsed: Parsed, task: AlarmTask, errors: ConfigErrors): void {
  const { heartbeat, alarm, pause, normal, checkpoint } = parsed;
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
  add(["normal"], normal);
  if (normal !== undefined && !task.watches)
    errors.conflict(
      ["gpio", "normal"],
      " is about anomalies, but the config has no anomaly; add anomaly: {}",
    );
  add(["checkpoint"], checkpoint);

  const taken = new Set<number>();
  for (const { path, entry, ofClass } of entries) {
    if (taken.has(entry.pin)) errors.conflict(path, `: GPIO ${entry.pin} is already in use; use another pin`);
    taken.add(entry.pin);
    if (!ofClass) continue;
    const complaint = classComplaint(
      entry.class,
      task.classes,
      (example) => `{ pin: ${entry.pin}, ${example} }`,
    );
    if (complaint !== null) errors.conflict(path, complaint);
  }
  if (alarm === undefined) return;
  const { pin, ...entry }: { pin: number } & AlarmEntry = written(alarm);
  checkAlarm(entry, ["gpio", "alarm"], task, (example) => `{ pin: ${pin}, ${example} }`, errors);
}

/** Fills in the defaults of the key `gpio`. */
export function gpioWithDefaults(parsed: Parsed, task: AlarmTask): GpioConfig {
  const { chip, heartbeat, alarm, pause, normal, checkpoint } = parsed;
  return {
    chip: chip ?? null,
    heartbeat: heartbeat ?? null,
    alarm: alarm === undefined ? null : pinAlarm(written(alarm), task),
    labels: labelsOf(parsed).map(
      (label): LabelButtonConfig => ({
        ...buttonWithDefaults(label),
        class: label.class ?? defaultClass,
        seconds: label.seconds ?? labelDefaults.seconds,
      }),
    ),
    pause: pause === undefined ? null : buttonWithDefaults(written(pause)),
    normal: normal === undefined ? null : buttonWithDefaults(written(normal)),
    checkpoint: checkpoint === undefined ? null : buttonWithDefaults(written(checkpoint)),
  };
}

function pinAlarm({ pin, ...entry }: { pin: number } & AlarmEntry, task: AlarmTask): AlarmConfig {
  return { pin, ...alarmWithDefaults(entry, task) };
}

function buttonWithDefaults({ pin, pressed, hold = 0 }: WrittenLabel): ButtonConfig {
  return { pin, pressed: pressed === undefined ? null : pressed === "high" ? 1 : 0, holdMs: hold };
}
