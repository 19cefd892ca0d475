import { type PastKind, planPast } from "./past-features.ts";
import type { SeriesKind } from "./series-transform.ts";

export interface DifferencesOptions {
  /** Columns whose changes are added. */
  of: readonly string[];
  /** Over how long: numbers of rows, or times such as `1h`. */
  at: readonly (number | string)[];
}

/** [2] The ends of a change. */
const ends = new Float64Array(2);

const changes: PastKind = {
  infix: "change",
  targetBegins: 1,
  write(past, column, begins, steps, values, offset, row, to) {
    past.write(column, begins, values, offset, ends, 0);
    for (let k = 0; k < steps.length; k++) {
      past.write(column, begins + steps[k], values, offset, ends, 1);
      row[to + k] = ends[0] - ends[1];
    }
  },
};

/**
 * Adds to each row how much columns have changed: x(i) - x(i - k); of the target, which is known up to the row before,
 * x(i - 1) - x(i - 1 - k).
 */
export const differences: SeriesKind<DifferencesOptions> = {
  title: "Adds how much columns have changed over some rows, also the target before this row",
  settings: {
    of: { title: "Columns whose changes are added", default: [], list: "columns" },
    at: { title: "Over how long: numbers of rows, or times such as 1h", default: [], list: "steps" },
  },
  required: ["of", "at"],
  plan: (options, rows, path) => planPast(options, rows, path, changes),
};
