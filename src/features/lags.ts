import { type PastKind, planPast } from "./past-features.ts";
import type { SeriesKind } from "./series-transform.ts";

export interface LagsOptions {
  /** Columns whose past is added. */
  of: readonly string[];
  /** How far back: numbers of rows, or times such as `1d`. */
  at: readonly (number | string)[];
}

const laggedValues: PastKind = {
  infix: "lag",
  targetBegins: 0,
  write(past, column, _, steps, values, offset, row, to) {
    for (let k = 0; k < steps.length; k++) past.write(column, steps[k], values, offset, row, to + k);
  },
};

/**
 * Adds to each row the values that columns had some rows ago: x(i - k). Of the target, whose past alone is known, as of any
 * other. As long as the past is shorter, its oldest value stands for what came before.
 */
export const lags: SeriesKind<LagsOptions> = {
  title: "Adds the values that columns had some rows ago, also those of the target",
  settings: {
    of: { title: "Columns whose past is added", default: [], list: "columns" },
    at: { title: "How far back: numbers of rows, or times such as 1d or 1w", default: [], list: "steps" },
  },
  required: ["of", "at"],
  plan: (options, rows, path) => planPast(options, rows, path, laggedValues),
};
