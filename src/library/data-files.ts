/** Files as datasets: rows of CSV, or a recording that `rivulet record` wrote. */
import { setTimeout as pause } from "node:timers/promises";
import { playRecording, readRecordingHeader } from "../recording/play.ts";
import type { FieldDescription } from "../samples/decoding/fields.ts";
import { lookAtFile, readRows, type TextOptions } from "../samples/decoding/text-file.ts";
import type { TextColumn, TextLook } from "../samples/decoding/text-look.ts";
import { type ClockColumns, clockFields, plainClock, SampleClock } from "../samples/sample-clock.ts";
import type { Dataset, DatasetRead } from "../training/dataset.ts";

/** What is known of a text file. */
export interface TextFileOptions extends TextOptions {
  /** Columns of which more is known than their name: numbers that stand for a missing value, or classes. */
  fields?: readonly Pick<FieldDescription, "name" | "missing" | "classes" | "mostClasses">[];
  /** The columns that hold the time of a row; default: rows have none. */
  time?: Pick<ClockColumns, "columns"> & Partial<ClockColumns>;
}

/** A file whose rows can be read as often as needed, without being held in memory. */
export interface DataFile extends Dataset {
  /** The names of all columns, in the file's order. @throws RivuletError where the file cannot be read */
  columns(): Promise<string[]>;
  /** The columns of a text with what they hold; absent for a recording, which holds numbers only. */
  kinds?(): Promise<TextColumn[]>;
  /** What the classes in a column are called, in order, where the file itself says so; empty where a name is damaged. */
  classNames?(column: string): Promise<readonly string[] | undefined>;
  /** What could not be read in the latest reading. */
  readonly damage: Omit<DatasetRead, "rows">;
}

/**
 * A text file as a dataset: a row of numbers a line, below a header or with names in each line, in any usual form (CSV,
 * JSON lines, pairs); gzipped or not. Nothing is read yet. A missing value is NaN. A line that cannot be read is counted;
 * reading throws a RivuletError where most lines are so.
 *
 * @example
 * import assert from "node:assert/strict";
 * import { csvFile } from "rivulet";
 *
 * const data = csvFile("devices/examples/pump.csv");
 * assert.equal((await data.columns()).at(-1), "label");
 * let sum = 0;
 * const { rows } = await data.read(["label"], (values, offset) => {
 *   sum += values[offset];
 * });
 * assert(rows > 1000 && sum > 0);
 */
export function csvFile(path: string, options: TextFileOptions = {}): DataFile {
  let look: TextLook | undefined;
  let damage: DataFile["damage"] = {};
  return {
    get damage() {
      return damage;
    },
    name: path,
    unit: "line",
    correctable: true,
    kinds: async () => {
      look ??= await lookAtFile(path);
      return look.columns.filter(({ name }) => name !== "");
    },
    columns: async () => {
      look ??= await lookAtFile(path);
      return look.columns.flatMap(({ name }) => (name === "" ? [] : [name]));
    },
    async read(columns, onRow, { optional } = {}) {
      const known = new Map(options.fields?.map((field) => [field.name, field]));
      const fields = columns.map((name) => ({ ...known.get(name), name, optional: name === optional }));
      const time = options.time && { ...plainClock(options.time.columns), ...options.time };
      const clock = time ? new SampleClock(time) : null;
      const hidden = time ? clockFields(time) : [];
      const { rows, damaged, cutOff, refusals, doubts } = await readRows(
        path,
        (values, offset, _, line, times, timeAt) => onRow(values, offset, line, times, timeAt),
        {
          ...{ fields: [...fields, ...hidden], look, clock },
          ...{ columns: options.columns, decimal: options.decimal },
        },
      );
      damage = {
        ...{ damaged, cutOff, refused: refusals.map(({ line, text }) => `line ${line}: ${text}`), doubts },
        ...(clock === null ? {} : { clock: clock.report() }),
      };
      return { rows, ...damage };
    },
  };
}

/**
 * A recording as a dataset, gzipped or not: the samples that `rivulet record` wrote. Nothing is read yet. Reading it
 * throws a RivuletError where it is no recording or lacks a column; damaged parts are left out and counted.
 *
 * @param options `realTime`: hand over the samples as fast as they were recorded. Default false: as fast as possible.
 *   `fields`: columns whose classes have names: a class is read as the place of its name among these
 *
 * @example
 * import assert from "node:assert/strict";
 * import { createLearner, evaluatePrequentially, recordingFile } from "rivulet";
 *
 * const data = recordingFile("pump.rec"); // by: npx rivulet record devices/examples/pump-file.yaml --out pump.rec
 * const fields = await data.columns();
 * const learner = createLearner({ fields, target: { column: "label", classes: 3 } });
 * const { rows, damaged } = await evaluatePrequentially(learner, data);
 * assert(rows > 1000 && damaged === 0);
 */
export function recordingFile(
  path: string,
  { realTime = false, fields = [] }: { realTime?: boolean; fields?: TextFileOptions["fields"] } = {},
): DataFile {
  let damage: DataFile["damage"] = {};
  return {
    get damage() {
      return damage;
    },
    name: path,
    unit: "sample",
    correctable: false,
    live: realTime,
    columns: async () => (await readRecordingHeader(path)).fields.map(({ name }) => name),
    async classNames(column) {
      const header = await readRecordingHeader(path);
      const known = header.fields.find(({ name }) => name === column)?.classes;
      // The stream may have brought more of them.
      if (known === undefined || !header.hasEvents) return known;
      const played = await playRecording(path, () => {}, { columns: [column] });
      return played.fields.find(({ name }) => name === column)?.classes;
    },
    async read(columns, onRow, { optional, onEvent, onNumber } = {}) {
      let expected = 1;
      const { samples, ...read } = await playRecording(
        path,
        (values, offset, index, number, times, timeAt) => {
          if (number !== expected) onNumber?.(number);
          expected = number + 1;
          onRow(values, offset, index + 1, times, timeAt);
        },
        { columns, optional, named: fields, onEvent, pace: realTime ? createPace() : undefined },
      );
      damage = { damaged: read.damaged, tornBytes: read.tornBytes };
      const { damaged, tornBytes, unknownEvents } = read;
      return { rows: samples, damaged, tornBytes, unknownEvents };
    },
  };
}

/** Returns what waits until as much time has passed since the first sample as had passed when it was recorded. */
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
