/** Transforms that make features of rows and their past: they look back, never ahead. */
import { keyError } from "../errors/errors.ts";
import type { SettingsOf } from "../setting.ts";
import type { Stateful } from "../state.ts";
import { suggestion } from "../wording/nearest.ts";
import { parseTimeSpan } from "../wording/quantities.ts";

/** Rows that go into a transform. */
export interface SeriesRows {
  /** Names of their numbers, in order. */
  columns: readonly string[];
  /**
   * The column that is predicted, which is known only once a row was predicted; of it a transform uses the past alone.
   * Null where no column is.
   */
  target: string | null;
  /** Rows a second; null where that is not known. */
  rate: number | null;
  /** Time zone of hours and days, such as `Europe/Berlin`; null: the system's. */
  timeZone: string | null;
}

/** One step from rows to rows, on memory that is allocated once. Its state is one block of numbers. */
export interface SeriesTransform extends Stateful {
  /** The latest row that came out, [columns that come out]. */
  readonly row: Float64Array;
  /**
   * Takes the row at `offset` of `values`, of the time `times[timeAt]` (milliseconds since the epoch; NaN: not known).
   * Returns whether a row came out. Allocates nothing.
   */
  push(values: Float64Array, offset: number, times: Float64Array, timeAt: number): boolean;
  /** Whether the row is of use; it is not while nothing of the target is known. Default: it always is. */
  isReady?(): boolean;
  /** Forgets the rows so far: another sequence begins. */
  restart(): void;
  /** Makes a row of a sequence that has ended; false where none is due. Only of one that waits for that. */
  finish?(): boolean;
}

/** A transform that is planned: what comes out, and what it takes. */
export interface PlannedSeries {
  /** Names of the numbers of a row that comes out. */
  columns: string[];
  /** Bytes of everything it keeps. */
  bytes: number;
  /** Rows a second that come out; null where that is not known. */
  rate: number | null;
  /** Whether it tells hours and days: its times are those of the wall clock, NaN while that is not known. */
  readsWallClock?: boolean;
  /** Whether fewer rows come out than go in. */
  makesFewerRows?: boolean;
  /** Whether rows come out at the pace of sequences: each as one ends. */
  isOfSequences?: boolean;
  /** Columns whose missing values it replaces; default: none. */
  fills?: readonly string[];
  create(): SeriesTransform;
}

/** Options of a transform, as plain data. */
export interface SeriesOptions {
  [option: string]: number | string | readonly (number | string)[];
}

/** Describes a kind of transform of rows and their past, in one value. */
export interface SeriesKind<Options extends object = SeriesOptions> {
  /** One line about it, for the reference of the config. */
  readonly title: string;
  /** What each option may hold. */
  readonly settings: SettingsOf<Options>;
  /** Options that have no default. */
  readonly required: readonly (keyof Options & string)[];
  /**
   * Plans the transform for these rows. Allocates nothing.
   * @param path of the transform in the config, for errors
   * @throws RivuletError where an option does not fit the rows
   */
  plan(options: Options, rows: SeriesRows, path: string): PlannedSeries;
}

/** Where each of the named columns is in a row. @throws RivuletError where one does not exist */
export function placesOf(of: readonly string[], { columns }: SeriesRows, path: string): Uint32Array {
  return Uint32Array.from(of, (name) => {
    const place = columns.indexOf(name);
    if (place >= 0) return place;
    throw keyError(
      "config.bad-value",
      path,
      `names "${name}", which is not a column; ${suggestion(name, columns)}`,
    );
  });
}

/**
 * Steps in rows: whole numbers as they are, durations such as `1d` or `1w` by the rate.
 * @throws RivuletError where a duration is no whole number of rows, or there is no rate
 */
export function rowsOf(step: number | string, { rate }: SeriesRows, path: string): number {
  if (typeof step === "number") return step;
  if (rate === null) {
    throw keyError(
      "config.bad-value",
      path,
      `holds "${step}", but nothing says how many rows that is; set source.rate, or write a number of rows`,
    );
  }
  const rows = Math.round((rate * (parseTimeSpan(step) ?? 0)) / 1000);
  if (rows >= 1) return rows;
  throw keyError(
    "config.bad-value",
    path,
    `holds "${step}", which is less than the time between two rows, ${1 / rate} s; write a longer time`,
  );
}
