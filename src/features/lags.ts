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

export interface LagsOptions {
  /** Columns whose past is added. */
  of: readonly string[];
  /** How far back: numbers of rows, or times such as `1d`. */
  at: readonly (number | string)[];
}

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
  plan: (options, rows, path) => planLags(options, rows, path),
};

function planLags({ of, at }: LagsOptions, rows: SeriesRows, path: string): PlannedSeries {
  const places = placesOf(of, rows, `${path}.of`);
  const steps = Uint32Array.from(at, (step) => rowsOf(step, rows, `${path}.at`));
  const longest = Math.max(...steps);
  const width = rows.columns.length + of.length * at.length;
  const target = rows.target === null ? -1 : of.indexOf(rows.target);
  return {
    columns: [...rows.columns, ...of.flatMap((name) => at.map((step) => `${name}_lag${step}`))],
    bytes: PastRows.bytes(of.length, longest) + 8 * width,
    rate: rows.rate,
    create: () => createLags(rows.columns.length, places, steps, new PastRows(places, longest, target)),
  };
}

function createLags(
  columns: number,
  places: Uint32Array,
  steps: Uint32Array,
  past: PastRows,
): SeriesTransform {
  const row = new Float64Array(columns + places.length * steps.length);
  return {
    row,
    push(values, offset) {
      for (let i = 0; i < columns; i++) row[i] = values[offset + i];
      let at = columns;
      for (let c = 0; c < places.length; c++) {
        for (let k = 0; k < steps.length; k++) past.write(c, steps[k], values, offset, row, at++);
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
