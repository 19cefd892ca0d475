/** The keys of an alarm, on a pin or in replies to the device: what it watches, and when it switches on and off. */
import * as v from "valibot";
import type { AlarmRule, AlarmSubject } from "../device/alarm.ts";
import { parseDuration } from "../wording/quantities.ts";
import { classKey } from "./class-words.ts";
import type { ConfigErrors } from "./config-errors.ts";
import type { KeyPath } from "./document.ts";
import { accepting, duration, finiteNumber, must, oneOf, optional } from "./schema.ts";

/** The class of a button or an alarm without the key `class`, where the target has two classes. */
export const defaultClass = 1;

/**
 * Scores from which an alarm switches on: a probability, or standard deviations; it switches off below a share of that.
 * Of 100,000 normally distributed errors, one is 8 standard deviations above the mean of their sizes; of errors with a
 * Laplace distribution, seven.
 */
const defaults = {
  class: { on: 0.8, offOfOn: 0.75, atLeast: "2s" },
  anomaly: { on: 8, offOfOn: 0.5, atLeast: "2s" },
  /** On as long as an episode lasts. */
  episode: { on: 1, offOfOn: 1, atLeast: "2s" },
  /** On long enough to be noticed. */
  drift: { on: 1, offOfOn: 1, atLeast: "10min" },
} as const;

const level = accepting(
  "a number of 0 or more",
  v.pipe(finiteNumber, v.minValue(0, must("a number of 0 or more"))),
);

/** The keys of an alarm on a pin, to the device or of the predictions. */
export const alarmKeys = {
  of: optional("What switches the alarm", oneOf(["class", "anomaly", "drift"]), {
    otherwise: "class where the target is a class, else anomaly",
  }),
  class: optional("Class whose probability switches the alarm", classKey, {
    otherwise: `${defaultClass}, where the target has two classes`,
  }),
  on: optional(
    "Level that switches the alarm on: a probability, or standard deviations of an anomaly",
    level,
    {
      otherwise: `${defaults.class.on} for a class, ${defaults.anomaly.on} for an anomaly`,
    },
  ),
  off: optional("Level below which the alarm is switched off", level, {
    otherwise: `${defaults.class.offOfOn} of on for a class, ${defaults.anomaly.offOfOn} of it for an anomaly`,
  }),
  atLeast: optional("Shortest time for which the alarm stays on", duration("500ms or 2s"), {
    otherwise: `${defaults.class.atLeast}, after a drift ${defaults.drift.atLeast}`,
  }),
};

/** What an alarm of a config can be about. */
export interface AlarmTask {
  /** Whether the config has a target. */
  predicts: boolean;
  /** Number of classes; undefined where the target is a number, or none. */
  classes: number | undefined;
  /** Whether the config watches for anomalies: then an alarm of an anomaly is on as long as an episode lasts. */
  watches: boolean;
}

/** An alarm as written in the config, with durations in milliseconds. */
export interface AlarmEntry {
  of?: AlarmSubject["of"];
  class?: number;
  /** The word of that class, where it has one. */
  word?: string;
  on?: number;
  off?: number;
  atLeast?: number;
}

/**
 * Checks the class of a button or an alarm; returns the end of an error sentence after its key, or null.
 *
 * @param found the class in the config
 * @param classes number of classes; undefined where the target is a number
 * @param entryWith returns the entry with the given example added
 */
export function classComplaint(
  found: number | undefined,
  classes: number | undefined,
  entryWith: (example: string) => string,
): string | null {
  if (classes === undefined) {
    return " needs classes, but the target is a number; add target.classes, or remove it";
  }
  if (found === undefined ? classes <= 2 : found < classes) return null;
  const stated = found === undefined ? "none is given" : `found ${found}`;
  return ` needs a class from 0 to ${classes - 1}, ${stated}; write ${entryWith("class: 1")}`;
}

/** What an alarm watches: its key `of`, or the default for the target. */
function kindOf({ of, class: named }: AlarmEntry, { classes }: AlarmTask): AlarmSubject["of"] {
  return of ?? (classes === undefined && named === undefined ? "anomaly" : "class");
}

/**
 * Reports contradictions between the keys of an alarm.
 *
 * @param entryWith returns the entry with the given example added
 * @param place key that asks for the alarm, where it is not `path`
 */
export function checkAlarm(
  entry: AlarmEntry,
  path: KeyPath,
  task: AlarmTask,
  entryWith: (example: string) => string,
  errors: ConfigErrors,
  place = path,
): void {
  const kind = kindOf(entry, task);
  if (kind === "class") {
    const complaint = classComplaint(entry.class, task.classes, entryWith);
    if (complaint !== null) errors.conflict(place, complaint, path);
  } else if (entry.class !== undefined) {
    errors.conflict(
      [...path, "class"],
      ` belongs to an alarm of a class, but this one is of ${kind}; remove it`,
    );
  }
  if (kind === "anomaly" && task.classes !== undefined && !task.watches) {
    errors.conflict(
      [...path, "of"],
      ": an anomaly needs a number as the target, but the target is a class; use class or drift, or add anomaly to the config",
    );
  }
  if (kind === "drift" && !task.predicts) {
    errors.conflict(
      [...path, "of"],
      ": a drift is one of predictions, but the config has no target; use anomaly",
    );
  }
  checkLevels(entry, path, kind === "anomaly" && task.watches ? "episode" : kind, errors);
}

/** Reports levels that make no sense for what an alarm is about. */
function checkLevels(
  entry: AlarmEntry,
  path: KeyPath,
  kind: keyof typeof defaults,
  errors: ConfigErrors,
): void {
  const { on = defaults[kind].on, off } = entry;
  for (const key of ["on", "off"] as const) {
    const value = entry[key];
    if (value === undefined) continue;
    if (kind === "drift") {
      errors.conflict(
        [...path, key],
        " belongs to an alarm of a class or of anomaly, but this one is of drift; remove it",
      );
    } else if (kind === "episode") {
      errors.conflict(
        [...path, key],
        " belongs to an alarm of a class or of errors, but this one is on while an episode lasts; remove it, as anomaly.alarmsPerWeek decides",
      );
    } else if (kind === "class" && value > 1) {
      errors.add("config.bad-value", [...path, key], must("a probability from 0 to 1")({ input: value }));
    }
  }
  if (off !== undefined && off > on) {
    errors.conflict(
      [...path, "off"],
      ` is ${off}, expected at most ${on}, the level at which the alarm switches on`,
    );
  }
}

/** Fills in the defaults of an alarm. */
export function alarmWithDefaults(entry: AlarmEntry, task: AlarmTask): AlarmRule {
  const kind = kindOf(entry, task);
  const { on, offOfOn, atLeast } = defaults[kind === "anomaly" && task.watches ? "episode" : kind];
  const from = entry.on ?? on;
  return {
    subject:
      kind === "class"
        ? { of: kind, class: entry.class ?? defaultClass, ...(entry.word && { word: entry.word }) }
        : { of: kind },
    on: from,
    off: entry.off ?? offOfOn * from,
    atLeastMs: entry.atLeast ?? (parseDuration(atLeast) as number),
  };
}
