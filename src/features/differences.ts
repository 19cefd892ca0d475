import type { State } from "../state.ts";
import { PastRows } from "./past-rows.ts";
import {
  type PlannedSeries,
  placesOf,
  rowsOf,
  type SeriesKind,
  type SeriesRows,
  type SeriesTransform,
} from "./series-transform.ts";

export interface DifferencesOptions {
  /** Columns whose changes are added. */
  of: readonly string[];
  /** Over how long: numbers of rows, or times such as `1h`. */
  at: readonly (number | string)[];
}

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
  plan: (options, rows, path) => planDifferences(options, rows, path),
};

function planDifferences({ of, at }: DifferencesOptions, rows: SeriesRows, path: string): PlannedSeries {
  const places = placesOf(of, rows, `${path}.of`);
  const steps = Uint32Array.from(at, (step) => rowsOf(step, rows, `${path}.at`));
  const target = rows.target === null ? -1 : of.indexOf(rows.target);
  const longest = Math.max(...steps) + (target >= 0 ? 1 : 0);
  const width = rows.columns.length + of.length * at.length;
  return {
    columns: [...rows.columns, ...of.flatMap((name) => at.map((step) => `${name}_change${step}`))],
    bytes: PastRows.bytes(of.length, longest) + 8 * width,
    rate: rows.rate,
    create: () =>
      createDifferences(rows.columns.length, steps, target, places, new PastRows(places, longest, target)),
  };
}

function createDifferences(
  columns: number,
  steps: Uint32Array,
  target: number,
  places: Uint32Array,
  past: PastRows,
): SeriesTransform {
  const row = new Float64Array(columns + places.length * steps.length);
  const ends = new Float64Array(2);
  return {
    row,
    push(values, offset) {
      for (let i = 0; i < columns; i++) row[i] = values[offset + i];
      let at = columns;
      for (let c = 0; c < places.length; c++) {
        const newest = c === target ? 1 : 0;
        past.write(c, newest, values, offset, ends, 0);
        for (let k = 0; k < steps.length; k++) {
          past.write(c, newest + steps[k], values, offset, ends, 1);
          row[at++] = ends[0] - ends[1];
        }
      }
      past.push(values, offset);
      return true;
    },
    isReady: () => past.isReady,
    restart: () => past.restart(),
    state: () => past.state(),
    restore: (state: State) => past.restore(state),
  };
}
