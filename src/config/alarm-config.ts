/** What a config says of an alarm, on a pin or to the device: what it is about, and when it goes on and off. */
import * as v from "valibot";
import type { AlarmRule, AlarmSubject } from "../device/alarm.ts";
import { parseDuration } from "../wording/quantities.ts";
import type { ConfigErrors } from "./config-errors.ts";
import type { KeyPath } from "./document.ts";
import { accepting, duration, finiteNumber, must, oneOf, optional, wholeNumber } from "./schema.ts";

/** Of two classes, class 1 is the one that a single lamp, button or alarm is about. */
export const defaultClass = 1;

/**
 * Scores at which an alarm goes on: a probability, standard deviations. It goes off at a share of that. Of a hundred
 * thousand normally distributed errors one lies 8 standard deviations beyond the mean of their sizes, of Laplace's seven.
 */
const defaults = {
  class: { on: 0.8, offOfOn: 0.75, atLeast: "2s" },
  anomaly: { on: 8, offOfOn: 0.5, atLeast: "2s" },
  /** On long enough to be seen by somebody who comes by. */
  drift: { on: 1, offOfOn: 1, atLeast: "10min" },
} as const;

const level = accepting(
  "a number of 0 or more",
  v.pipe(finiteNumber, v.minValue(0, must("a number of 0 or more"))),
);

/** The keys of an alarm on a pin or to the device. */
export const alarmKeys = {
  class: optional("Class that an alarm of a class is about", wholeNumber(0), {
    otherwise: `${defaultClass}, where the target has two classes`,
  }),
  on: optional("Level at which it goes on: a probability, or standard deviations of an anomaly", level, {
    otherwise: `${defaults.class.on} for a class, ${defaults.anomaly.on} for an anomaly`,
  }),
  off: optional("Level below which it goes off again", level, {
    otherwise: `${defaults.class.offOfOn} of on for a class, ${defaults.anomaly.offOfOn} of it for an anomaly`,
  }),
  atLeast: optional("Shortest time that it stays on", duration("500ms or 2s"), {
    otherwise: `${defaults.class.atLeast}, after a drift ${defaults.drift.atLeast}`,
  }),
};

/** What an alarm on a pin is about. An alarm to the device has no such key: the target decides. */
export const alarmOf = optional("What the alarm is about", oneOf(["class", "anomaly", "drift"]), {
  otherwise: "class where the target is a class, anomaly where it is a number",
});

/** An alarm as written. */
export interface AlarmEntry {
  of?: AlarmSubject["of"];
  class?: number;
  on?: number;
  off?: number;
  atLeast?: number;
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

/** What an alarm is about where it does not say so. */
function kindOf({ of, class: named }: AlarmEntry, classes: number | undefined): AlarmSubject["of"] {
  return of ?? (classes === undefined && named === undefined ? "anomaly" : "class");
}

/**
 * Complains of what no single value of an alarm shows. `classes` is undefined where the target is a number, `place` is
 * where the alarm is asked for, if not by a key of its own.
 */
export function checkAlarm(
  entry: AlarmEntry,
  path: KeyPath,
  classes: number | undefined,
  entryWith: (example: string) => string,
  errors: ConfigErrors,
  place = path,
): void {
  const kind = kindOf(entry, classes);
  if (kind === "class") {
    const complaint = classComplaint(entry.class, classes, entryWith);
    if (complaint !== null) errors.conflict(place, complaint, path);
  } else if (entry.class !== undefined) {
    errors.conflict(
      [...path, "class"],
      ` belongs to an alarm of a class, and this one is of ${kind}: take it out`,
    );
  }
  if (kind === "anomaly" && classes !== undefined) {
    errors.conflict(
      [...path, "of"],
      ": an anomaly is a number far from the predicted one, and the target is a class: use class or drift",
    );
  }
  const { on = defaults[kind].on, off } = entry;
  for (const key of ["on", "off"] as const) {
    const value = entry[key];
    if (value === undefined) continue;
    if (kind === "drift") {
      errors.conflict(
        [...path, key],
        " belongs to an alarm of a class or of anomaly, and this one is of drift: take it out",
      );
    } else if (kind === "class" && value > 1) {
      errors.add("config.bad-value", [...path, key], must("a probability from 0 to 1")({ input: value }));
    }
  }
  if (off !== undefined && off > on) {
    errors.conflict([...path, "off"], ` must be at most the ${on} at which it goes on`);
  }
}

/** Fills in the defaults of an alarm for a target of so many classes, undefined where it is a number. */
export function alarmWithDefaults(entry: AlarmEntry, classes: number | undefined): AlarmRule {
  const kind = kindOf(entry, classes);
  const { on, offOfOn, atLeast } = defaults[kind];
  const from = entry.on ?? on;
  return {
    subject: kind === "class" ? { of: kind, class: entry.class ?? defaultClass } : { of: kind },
    on: from,
    off: entry.off ?? offOfOn * from,
    atLeastMs: entry.atLeast ?? (parseDuration(atLeast) as number),
  };
}
