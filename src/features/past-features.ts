/** What `lags` and `differences` have in common: each adds one number for every column and every step into the past. */
import type { State } from "../state.ts";
import { PastRows } from "./past-rows.ts";
import {
  type PlannedSeries,
  placesOf,
  rowsOf,
  type SeriesRows,
  type SeriesTransform,
} from "./series-transform.ts";

/** Which columns, and which steps into their past. */
interface PastOptions {
  of: readonly string[];
  at: readonly (number | string)[];
}

/** What a kind of these features is made of. */
export interface PastKind {
  /** Stands between the name of a column and the step, in the name of a feature. */
  infix: string;
  /** Rows before the row of the target itself that its features begin with. */
  targetBegins: number;
  /**
   * Writes the features of one column of the row at `offset` of `values`, which is not yet part of `past`, to `row` from
   * `to` on. Allocates nothing.
   */
  write(
    past: PastRows,
    column: number,
    begins: number,
    steps: Uint32Array,
    values: Float64Array,
    offset: number,
    row: Float64Array,
    to: number,
  ): void;
}

/** Plans features of this kind. @throws RivuletError where a column or a step does not fit the rows */
export function planPast(
  { of, at }: PastOptions,
  rows: SeriesRows,
  path: string,
  kind: PastKind,
): PlannedSeries {
  const places = placesOf(of, rows, `${path}.of`);
  const steps = Uint32Array.from(at, (step) => rowsOf(step, rows, `${path}.at`));
  const target = rows.target === null ? -1 : of.indexOf(rows.target);
  const longest = Math.max(...steps) + (target >= 0 ? kind.targetBegins : 0);
  const width = rows.columns.length + of.length * at.length;
  return {
    columns: [...rows.columns, ...of.flatMap((name) => at.map((step) => `${name}_${kind.infix}${step}`))],
    bytes: PastRows.bytes(of.length, longest) + 8 * width,
    rate: rows.rate,
    create: () =>
      createPast(
        rows.columns.length,
        steps,
        target,
        places.length,
        new PastRows(places, longest, target),
        kind,
      ),
  };
}

function createPast(
  inputs: number,
  steps: Uint32Array,
  target: number,
  columns: number,
  past: PastRows,
  kind: PastKind,
): SeriesTransform {
  const row = new Float64Array(inputs + columns * steps.length);
  return {
    row,
    push(values, offset) {
      for (let i = 0; i < inputs; i++) row[i] = values[offset + i];
      for (let c = 0; c < columns; c++) {
        const begins = c === target ? kind.targetBegins : 0;
        kind.write(past, c, begins, steps, values, offset, row, inputs + c * steps.length);
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
