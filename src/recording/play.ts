/** Reads a recording as a stream of samples, plain or gzipped, in constant memory. */

import type { Field } from "../samples/decoding/fields.ts";
import { SampleRing } from "../samples/ring.ts";
import { readBytes } from "../samples/sources/file-bytes.ts";
import type { NamedColumn } from "./class-names.ts";
import { RecordingDecoder } from "./decoder.ts";
import type { PlayedEvent } from "./events.ts";
import { isRecording, type RecordingHeader } from "./format.ts";

/** Samples decoded at a time. */
const ringSamples = 1024;

export interface Played {
  samples: number;
  /** Number of damaged parts that were skipped. */
  damaged: number;
  /** Bytes of an incomplete block at the end, as a power cut leaves it. */
  tornBytes: number;
  /** Events of a kind that this version does not know, which were passed over. */
  unknownEvents: number;
  /** The fields of the recording; with the names of classes, where it has any. */
  fields: readonly Field[];
}

export interface PlayOptions {
  /** Names of the wanted fields, in the order wanted. Default: all. */
  columns?: readonly string[];
  /**
   * Name of a column that the recording may lack: its values are NaN then. It is the one that is predicted: labels that came
   * late are of it.
   */
  optional?: string;
  /** Columns whose classes have names: a class has the number of that name, and -1 without one. Default: as recorded. */
  named?: readonly NamedColumn[];
  /** Called with each event, between the samples between which it took effect. */
  onEvent?: (event: PlayedEvent) => void;
  /** Called before each sample with its time, in milliseconds since the epoch; the sample waits for the promise. */
  pace?: (time: number) => Promise<void> | null;
}

/**
 * Receives a sample, at `offset` of `values`; its index from 0, and its number, which is the index and 1 where the
 * recording has none; and at `timeAt` of `times` when it was measured, in milliseconds since the epoch.
 */
export type RecordedSampleVisitor = (
  values: Float64Array,
  offset: number,
  index: number,
  number: number,
  times: Float64Array,
  timeAt: number,
) => void;

/** Whether a file is a recording, whatever its name. @throws RivuletError when it cannot be read */
export async function isRecordingFile(path: string): Promise<boolean> {
  for await (const chunk of readBytes(path)) return isRecording(chunk);
  return false;
}

/** Reads the header of a recording. @throws RivuletError when the file is not a recording or cannot be read */
export async function readRecordingHeader(path: string): Promise<RecordingHeader> {
  const decoder = new RecordingDecoder([], () => new SampleRing(1, 1, "pause"), path);
  for await (const chunk of readBytes(path)) {
    decoder.decode(chunk, 0, chunk.length);
    if (decoder.header !== null) return decoder.header;
  }
  return decoder.finish();
}

/**
 * Reads the samples of a recording in order.
 *
 * @param onSample called with each sample
 * @throws RivuletError when the file cannot be read, is not a recording or lacks a wanted field
 *
 * @example
 * import assert from "node:assert/strict";
 * import { playRecording } from "rivulet";
 *
 * let hottest = 0;
 * const { samples, damaged } = await playRecording(
 *   "pump.rec", // by: npx rivulet record devices/examples/pump-file.yaml --out pump.rec
 *   (values, offset) => {
 *     hottest = Math.max(hottest, values[offset]);
 *   },
 *   { columns: ["temperature"] },
 * );
 * assert(samples > 1000 && damaged === 0 && hottest > 20);
 */
export async function playRecording(
  path: string,
  onSample: RecordedSampleVisitor,
  { columns, optional, named, pace, onEvent = () => {} }: PlayOptions = {},
): Promise<Played> {
  let ring = new SampleRing(1, 1, "pause");
  const decoder = new RecordingDecoder(
    columns ?? null,
    (names) => {
      ring = new SampleRing(names.length, ringSamples, "pause");
      return ring;
    },
    path,
    optional === undefined ? [] : [optional],
    named,
  );
  let samples = 0;
  let number = 0;
  const { numbers, events } = decoder;
  const applyUntil = (sample: number) => {
    while (events.length > 0 && events[0].after <= sample) {
      const event = events.shift() as PlayedEvent;
      if (event.kind === "label") event.label = decoder.translate(optional ?? "", event.label);
      onEvent(event);
    }
  };
  for await (const chunk of readBytes(path)) {
    for (let at = 0; at < chunk.length; ) {
      at = decoder.decode(chunk, at, chunk.length);
      for (; ring.length > 0; ring.release()) {
        const wait = pace?.(ring.times[ring.frontSlot]) ?? null;
        if (wait !== null) await wait;
        number++;
        for (; numbers[0]?.at === samples; numbers.shift()) number = numbers[0].first;
        applyUntil(number - 1);
        onSample(ring.values, ring.front(), samples++, number, ring.measuredAt, ring.frontSlot);
      }
    }
  }
  const { fields } = decoder.finish();
  applyUntil(numbers.length > 0 ? (numbers.at(-1) as { first: number }).first - 1 : number);
  const { unknownEvents } = decoder;
  return {
    samples,
    damaged: decoder.counts.damaged,
    tornBytes: decoder.unfinishedBytes,
    unknownEvents,
    fields,
  };
}
