/** Rows of numbers to train on or to evaluate with, wherever they come from: memory, a file, or a live stream. */
import { RivuletError } from "../errors/errors.ts";
import type { ClockReport } from "../samples/sample-clock.ts";
import { formatSize } from "../wording/quantities.ts";
import { eventLoopTurn } from "./event-loop.ts";

/**
 * Receives one row: as many numbers as columns were asked for, from `offset` of `values` on. The array is reused for
 * the next row. `place` counts rows from 1 in the dataset's `unit`. Where rows have times, `times[timeAt]` is that of the
 * row, in milliseconds since the epoch, NaN where it has none.
 */
export type RowVisitor = (
  values: Float64Array,
  offset: number,
  place: number,
  times?: Float64Array,
  timeAt?: number,
) => void;

/** What has changed what was learned besides the rows, and after which of them: rows are numbered as they were live. */
export type StreamEvent = { after: number } & (
  | { kind: "begin"; learned: number }
  | { kind: "label"; sample: number; label: number }
  | { kind: "pause" }
  | { kind: "resume" }
  | { kind: "normal" }
  | { kind: "effort"; effort: string }
  | { kind: "clock"; ahead: number | null; earliest: number }
  | { kind: "model"; version: number; bytes: Uint8Array }
);

export interface ReadOptions {
  /** The column whose value a row may lack, or all rows; default: none. */
  optional?: string;
  /** Called with each event, between the rows between which it took effect. */
  onEvent?: (event: StreamEvent) => void;
  /** Called before a row whose number is not one more than that of the row before it, or 1 for the first. */
  onNumber?: (number: number) => void;
}

/** What reading a dataset once came to. */
export interface DatasetRead {
  rows: number;
  /** Damaged parts of a recording, or lines of a text that cannot be read: they were left out. Default 0. */
  damaged?: number;
  /** 1 where a text ended in a part of a line. Default 0. */
  cutOff?: number;
  /** Of each reason why lines cannot be read, where the first is and what is wrong with it. Default: none. */
  refused?: readonly string[];
  /** What of a text may be meant otherwise than it is read, as sentences without a full stop. Default: nothing. */
  doubts?: readonly string[];
  /** What the clock of the rows has shown; absent where none was named. */
  clock?: ClockReport;
  /** Bytes at the end of a recording that a power cut left incomplete. Default 0. */
  tornBytes?: number;
  /** Events of a kind that only a later version knows. Default 0. */
  unknownEvents?: number;
}

/** Rows that can be read from the first to the last, as often as needed, without being held in memory. */
export interface Dataset {
  /** What error messages call it, such as the path of a file. */
  readonly name: string;
  /** What the places of rows count, from 1. */
  readonly unit: "row" | "line" | "sample";
  /**
   * Whether its author can correct a row. If so, a label out of range is an error that says where it is; if not, as in
   * a recording, the row is left out and counted, as it would have been live.
   */
  readonly correctable: boolean;
  /** Whether each row is to be used as soon as it is read, because its reader or its writer waits. Default false. */
  readonly live?: boolean;
  /**
   * Reads all rows in order: of each the named columns, in the order named. A row may lack the value of the `optional`
   * one, which is NaN then.
   */
  read(columns: readonly string[], onRow: RowVisitor, options?: ReadOptions): Promise<DatasetRead>;
}

/**
 * Rows in any of these forms, each row with a number for every field of the learner, in the order of its fields:
 * a dataset such as `csvFile(path)`; one typed array, [rows * fields], row after row; an array of rows; any other
 * iterable or async iterable of rows, such as a generator.
 */
export type SampleRows =
  | Dataset
  | Float64Array
  | Float32Array
  | Iterable<ArrayLike<number>>
  | AsyncIterable<ArrayLike<number>>;

/** Most bytes of rows that are held in memory. */
export const mostHeldBytes = 2 ** 30;

/** Rows between two turns of the event loop while rows in memory are read. */
const rowsPerTurn = 4096;

/** Rows as a dataset. One that is made of an iterable can be read once. */
export function datasetOf(rows: SampleRows): Dataset {
  if (isDataset(rows)) return rows;
  if (ArrayBuffer.isView(rows)) return heldRows((width) => rowsIn(rows, width));
  if (Array.isArray(rows)) return heldRows(() => rows);
  return { name: "the stream", unit: "row", correctable: false, live: true, read: readerOf(() => rows) };
}

/** Rows as a dataset that can be read several times: what can be read only once is copied into memory. */
export async function rereadableDatasetOf(rows: SampleRows, columns: readonly string[]): Promise<Dataset> {
  const isReread = isDataset(rows) || ArrayBuffer.isView(rows) || Array.isArray(rows);
  return isReread ? datasetOf(rows) : hold(datasetOf(rows), columns);
}

function isDataset(rows: SampleRows): rows is Dataset {
  // A Node stream has a method called read too.
  return "correctable" in rows;
}

async function hold(dataset: Dataset, columns: readonly string[]): Promise<Dataset> {
  const width = columns.length;
  let held = new Float64Array(1024 * width);
  let filled = 0;
  await dataset.read(columns, (values, offset) => {
    if (filled === held.length) {
      if (2 * held.byteLength > mostHeldBytes) {
        throw new RivuletError(
          "data.too-large",
          `the rows take more than ${formatSize(held.byteLength)} of memory; give them as a dataset that can be read more than once, such as csvFile`,
        );
      }
      const larger = new Float64Array(2 * held.length);
      larger.set(held);
      held = larger;
    }
    held.set(values.subarray(offset, offset + width), filled);
    filled += width;
  });
  return datasetOf(held.subarray(0, filled));
}

function heldRows(rows: (width: number) => Iterable<ArrayLike<number>>): Dataset {
  return { name: "the dataset", unit: "row", correctable: true, read: readerOf(rows) };
}

/** The rows in a typed array, one after the other. */
function* rowsIn(values: Float64Array | Float32Array, width: number): Generator<ArrayLike<number>> {
  if (values.length % width !== 0) {
    throw new RivuletError(
      "argument.bad-value",
      `the typed array has ${values.length} numbers, expected a multiple of ${width}, one for each field of a row; correct its length`,
    );
  }
  for (let at = 0; at < values.length; at += width) yield values.subarray(at, at + width);
}

function readerOf(
  rowsOf: (width: number) => Iterable<ArrayLike<number>> | AsyncIterable<ArrayLike<number>>,
): Dataset["read"] {
  return async (columns, onRow) => {
    const row = new Float64Array(columns.length);
    let rows = 0;
    const take = (given: ArrayLike<number>) => {
      rows++;
      copyRow(given, row, rows, columns);
      onRow(row, 0, rows);
    };
    const given = rowsOf(columns.length);
    if (Symbol.asyncIterator in given) {
      for await (const next of given) take(next);
    } else {
      for (const next of given) {
        take(next);
        if (rows % rowsPerTurn === 0) await eventLoopTurn();
      }
    }
    return { rows };
  };
}

function copyRow(from: ArrayLike<number>, to: Float64Array, place: number, columns: readonly string[]): void {
  if (from.length !== to.length) {
    throw new RivuletError(
      "data.bad-row",
      `row ${place} has ${from.length} numbers, expected ${to.length}; give one for each field, in the order ${columns.join(", ")}`,
    );
  }
  for (let column = 0; column < to.length; column++) to[column] = from[column];
}
