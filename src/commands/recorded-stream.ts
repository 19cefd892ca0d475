/** What `replay` reads, a CSV file or a recording: told apart by what is in it, not by its name. */
import { setTimeout as pause } from "node:timers/promises";
import { isRecordingFile, playRecording, readRecordingHeader } from "../recording/play.ts";
import { readHeader, readRows } from "../samples/decoding/csv-file.ts";

export interface StreamRead {
  rows: number;
  /** Damaged stretches of a recording that were left out. */
  damaged: number;
  /** Bytes of a block at the end of a recording that a power cut tore. */
  tornBytes: number;
}

/** `place` is where the row is, in the stream's `places`. */
export type OnRow = (values: Float64Array, offset: number, place: number) => void;

export interface RecordedStream {
  /** The samples have times, so they can be played as fast as they came, and were refused or taken when they came. */
  readonly isRecording: boolean;
  /** What the places of rows are counted in, from 1: lines of a CSV file, samples of a recording. */
  readonly places: "line" | "sample";
  /** Names of all columns. */
  columns(): Promise<string[]>;
  /** Hands over the wanted columns of each row; in real time only where it is a recording. */
  read(columns: readonly string[], onRow: OnRow, realTime?: boolean): Promise<StreamRead>;
}

/** @throws RivuletError where the file cannot be read */
export async function openStream(path: string, { isPipe }: { isPipe: boolean }): Promise<RecordedStream> {
  // A pipe can be read only once, so it cannot be looked into: rows of CSV are what comes through one.
  return !isPipe && (await isRecordingFile(path)) ? recording(path) : csv(path);
}

function csv(path: string): RecordedStream {
  return {
    isRecording: false,
    places: "line",
    columns: () => readHeader(path),
    async read(columns, onRow) {
      const { rows } = await readRows(path, (row, _, line) => onRow(row, 0, line), { columns });
      return { rows, damaged: 0, tornBytes: 0 };
    },
  };
}

function recording(path: string): RecordedStream {
  return {
    isRecording: true,
    places: "sample",
    columns: async () => (await readRecordingHeader(path)).fields.map(({ name }) => name),
    async read(columns, onRow, realTime = false) {
      const pace = realTime ? createPace() : undefined;
      const onSample: OnRow = (values, offset, index) => onRow(values, offset, index + 1);
      const { samples, damaged, tornBytes } = await playRecording(path, onSample, { columns, pace });
      return { rows: samples, damaged, tornBytes };
    },
  };
}

/** Waits until as much time has passed since the first sample as had when it was recorded. */
function createPace(): (time: number) => Promise<void> | null {
  let first: number | null = null;
  let started = 0;
  return (time) => {
    if (first === null) {
      first = time;
      started = performance.now();
    }
    const early = time - first - (performance.now() - started);
    return early > 0 ? pauseFor(early) : null;
  };
}

/** Node's timers count milliseconds in 31 bits, and a recording may have a gap of a month. */
async function pauseFor(milliseconds: number): Promise<void> {
  const longest = 2 ** 31 - 1;
  for (let left = milliseconds; left > 0; left -= longest) await pause(Math.min(left, longest));
}
