import { largestFloat32 } from "../float32.ts";
import type { State } from "../state.ts";
import { parts, sampled, whole } from "../state-check.ts";
import { restoreBlock } from "./restore.ts";
import {
  type PlannedSeries,
  placesOf,
  type SeriesKind,
  type SeriesRows,
  type SeriesTransform,
} from "./series-transform.ts";

export interface MissingOptions {
  /** Columns that may lack values; empty: all but the target. */
  of: readonly string[];
}

const suffix = "_missing";

/** Whether a column says that another one was missing. */
export const isIndicator = (name: string, columns: readonly string[]): boolean =>
  name.endsWith(suffix) && columns.includes(name.slice(0, -suffix.length));

/**
 * Replaces a value that is missing (NaN, or no number of float32) by the running mean of its column, and adds a column that
 * is 1 for such a row and 0 for the others. No row comes out until each of the columns has had a value.
 */
export const missing: SeriesKind<MissingOptions> = {
  title:
    "Replaces missing values by the mean of their column so far, and adds for each column whether it was missing",
  settings: {
    of: {
      title: "Columns that may lack values",
      default: [],
      list: "columns",
      otherwise: "all but the target",
    },
  },
  required: [],
  plan: (options, rows, path) => planMissing(options, rows, path),
};

function planMissing({ of }: MissingOptions, rows: SeriesRows, path: string): PlannedSeries {
  const names = of.length > 0 ? of : rows.columns.filter((name) => name !== rows.target);
  const places = placesOf(names, rows, `${path}.of`);
  const columns = [...rows.columns, ...names.map((name) => name + suffix)];
  return {
    columns,
    bytes: 8 * (2 * names.length + columns.length),
    rate: rows.rate,
    fills: names,
    create: () => createMissing(rows.columns.length, places),
  };
}

function createMissing(inputs: number, places: Uint32Array): SeriesTransform {
  const row = new Float64Array(inputs + places.length);
  /** Mean and number of the values of each column, [2, columns]. */
  const block = new Float64Array(2 * places.length);
  const counts = places.length;
  const sane = parts(sampled, [[[counts, 2 * counts], whole]]);
  let isReady = false;
  return {
    row,
    push(values, offset) {
      isReady = true;
      for (let i = 0; i < inputs; i++) row[i] = values[offset + i];
      for (let c = 0; c < places.length; c++) {
        const isThere = Math.abs(row[places[c]]) <= largestFloat32;
        if (isThere) block[c] += (row[places[c]] - block[c]) / ++block[counts + c];
        else row[places[c]] = block[c];
        row[inputs + c] = isThere ? 0 : 1;
        if (block[counts + c] === 0) isReady = false;
      }
      return true;
    },
    isReady: () => isReady,
    // The mean holds for every sequence.
    restart() {},
    state: () => block,
    restore: (state: State) => restoreBlock(block, state, "means of columns", sane),
  };
}
