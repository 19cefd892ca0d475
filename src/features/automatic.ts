/** The features for a stream of which nobody chose any: `features: auto`. */
import type { TransformDescription } from "./feature-list.ts";

export interface AutomaticOptions {
  columns: readonly string[];
  target: string | null;
  /** Rows a second; null where that is not known. */
  rate: number | null;
  /** What is learned: classes, a number, or, where there is no target, what is normal. */
  task: "classes" | "number" | "none";
  /** Whether the target comes with the rows, so that its past is known. Default true. */
  targetIsSent?: boolean;
}

/** Columns that come faster than so, in rows a second, are taken for vibration. */
const vibrationRate = 20;
/** A window lasts about this long, in seconds, and has as many rows as this at least and at most. */
const windowSeconds = 0.3;
const [fewestRows, mostRows] = [128, 1024];
/** Of each column for a classifier: with the bands 17 numbers. */
const takeForClasses = [
  ...["mean", "sd", "logSd", "min", "max", "rms", "kurtosis", "crest", "crossings"],
  "bands",
];
/** Of each column to tell what is normal. */
const takeForNormal = ["logSd", "kurtosis", "centroid", "envelope"];
const daySeconds = 86_400;
const weekSeconds = 7 * daySeconds;
/** Longest lags in rows: of one year of hours. */
const longestLag = 10_000;

/**
 * Chooses features by the rate and the columns, as measured (see docs/features.md): of vibration, windows of about 0.3 s with
 * statistics and spectrum, one at most every 10 s for what is normal, one after the other for a target; of a slow number, its
 * lags 1, 2, 3, one day and one week, the hour of the day, and what is usual at this hour of the week; else only the scale.
 */
export function automaticFeatures(options: AutomaticOptions): TransformDescription[] {
  const { columns, target, rate, task } = options;
  const inputs = columns.filter((name) => name !== target);
  if (rate !== null && rate > vibrationRate) return [windowFor(inputs, rate, task), "standardize"];
  if (task !== "number" || target === null || options.targetIsSent === false) return ["standardize"];
  return [...slowFeatures(target, rate), "standardize"];
}

function windowFor(of: string[], rate: number, task: AutomaticOptions["task"]): TransformDescription {
  const exponent = Math.round(Math.log2(windowSeconds * rate));
  const size = Math.min(Math.max(2 ** exponent, fewestRows), mostRows);
  if (task === "none") return { window: { of, size, every: "10s", take: takeForNormal } };
  return { window: { of, size, every: size, take: takeForClasses } };
}

/** Of a number whose past is known. Seasons need to know the time: the rate says so at least. */
function slowFeatures(column: string, rate: number | null): TransformDescription[] {
  const of = [column];
  if (rate === null) return [{ lags: { of, at: [1, 2, 3] } }];
  const seasons = [daySeconds, weekSeconds].map((seconds) => Math.round(rate * seconds));
  const fitting = seasons.filter((rows) => rows > 3 && rows <= longestLag);
  return [
    { lags: { of, at: [1, 2, 3, ...fitting] } },
    { clock: { of: ["hourOfDay"] } },
    { profile: { of, by: "hourOfWeek" } },
  ];
}
