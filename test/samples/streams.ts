/** Streams as devices send them, for the tests of decoders and sources. */
import fc from "fast-check";
import type { Decoder } from "../../src/samples/decoding/decoder.ts";
import { defineFields } from "../../src/samples/decoding/fields.ts";
import { createFrameEncoder, type FrameOptions } from "../../src/samples/decoding/frames.ts";
import type { SampleRing } from "../../src/samples/ring.ts";

/** A field of every type. */
export const allFields = defineFields(
  (["f32", "f64", "i8", "u8", "i16", "u16", "i32", "u32"] as const).map((type) => ({ name: type, type })),
);

/** A small frame: 2 + 4 bytes of values. */
export const fewFields = defineFields([
  { name: "temperature", type: "i16", scale: 0.01 },
  { name: "vibration", type: "f32" },
]);

/** The frame number `index` of a device that sends `fewFields` every 10 ms; its values tell the index. */
export function frame(index: number, options: FrameOptions & { milliseconds?: number } = {}): Buffer {
  const encoder = createFrameEncoder(fewFields, options);
  const target = Buffer.alloc(encoder.maximumBytes);
  const end = encoder.encode(
    [(index % 30_000) / 100, index],
    index,
    options.milliseconds ?? 10 * index,
    target,
    0,
  );
  return target.subarray(0, end);
}

/** The frames number `first` to `last`, one after the other. */
export function frames(first: number, last: number, options: FrameOptions = {}): Buffer {
  return Buffer.concat(Array.from({ length: last - first + 1 }, (_, step) => frame(first + step, options)));
}

/** The `vibration` of every sample in a ring, which is the index of its frame; empties the ring. */
export function takeIndices(ring: SampleRing): number[] {
  return takeRows(ring).map((row) => row[1]);
}

/** All samples in a ring; empties it. */
export function takeRows(ring: SampleRing): number[][] {
  const rows: number[][] = [];
  while (ring.length > 0) {
    const front = ring.front();
    rows.push([...ring.values.subarray(front, front + ring.width)]);
    ring.release();
  }
  return rows;
}

/** A time as the clock gives it: too large for a small integer, so it would be boxed where it is passed on badly. */
const arrivalTime = Date.UTC(2025, 0, 1) + 0.5;

/** Feeds a whole buffer that the ring has room for. */
export function feed(decoder: Decoder, bytes: Uint8Array): void {
  decoder.decode(bytes, 0, bytes.length, arrivalTime);
}

/** Feeds a buffer in chunks of the given sizes, again and again. */
export function feedInChunks(decoder: Decoder, bytes: Uint8Array, sizes: readonly number[]): void {
  let at = 0;
  for (let turn = 0; at < bytes.length; turn++) {
    const end = Math.min(bytes.length, at + sizes[turn % sizes.length]);
    decoder.decode(bytes, at, end, arrivalTime);
    at = end;
  }
}

/** Sizes of chunks, from single bytes to more than a frame. */
export const chunkSizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
