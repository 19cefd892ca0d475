/** What a config says of an alarm, on a pin or to the device: the class it is about, and when it goes on and off. */
import * as v from "valibot";
import type { AlarmLevels } from "../device/gpio/alarm.ts";
import type { Complaints } from "./complaints.ts";
import type { KeyPath } from "./document.ts";
import { parseDuration } from "./quantities.ts";
import { must, quantity, wholeNumber } from "./schema.ts";

/** A probability at which the alarm goes on; it goes off at three quarters of that. */
const defaultOn = 0.8;
const offOfOn = 0.75;
const defaultAtLeastMs = 2000;
/** Of two classes, class 1 is the one that a single lamp, button or alarm is about. */
export const defaultClass = 1;

const share = v.pipe(
  v.number(must("a probability from 0 to 1")),
  v.minValue(0, must("a probability from 0 to 1")),
  v.maxValue(1, must("a probability from 0 to 1")),
);

export const alarmKeys = {
  class: v.optional(wholeNumber(0)),
  on: v.optional(share),
  off: v.optional(share),
  atLeast: v.optional(quantity("a duration with its unit such as 500ms or 2s", parseDuration)),
};

/** An alarm as written. */
export interface AlarmEntry {
  class?: number;
  on?: number;
  off?: number;
  atLeast?: number;
}

/** An alarm in full. */
export interface ClassAlarm extends AlarmLevels {
  /** The class whose probability is the alarm's score. */
  class: number;
}

/**
 * The end of a sentence that begins with the key of what is about a class; null where nothing is wrong. `classes` is
 * undefined where the target is a number, `entryWith` writes the entry with what it lacks.
 */
export function classComplaint(
  found: number | undefined,
  classes: number | undefined,
  entryWith: (example: string) => string,
): string | null {
  if (classes === undefined) {
    return " needs classes, and the target is a number: add target.classes, or take it out";
  }
  if (found === undefined ? classes <= 2 : found < classes) return null;
  const stated = found === undefined ? "none is given" : `found ${found}`;
  return ` needs a class from 0 to ${classes - 1}, ${stated}: ${entryWith("class: 1")}`;
}

export function checkAlarmLevels(
  { on = defaultOn, off }: AlarmEntry,
  path: KeyPath,
  complaints: Complaints,
): void {
  if (off !== undefined && off > on)
    complaints.add([...path, "off"], ` must be at most the ${on} at which it goes on`);
}

export function alarmWithDefaults({ on = defaultOn, ...alarm }: AlarmEntry): ClassAlarm {
  return {
    class: alarm.class ?? defaultClass,
    on,
    off: alarm.off ?? offOfOn * on,
    atLeastMs: alarm.atLeast ?? defaultAtLeastMs,
  };
}
