/** Frames of several samples, as decoding/frames.ts describes them. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { cobs } from "../../../src/samples/decoding/cobs.ts";
import { defineFields } from "../../../src/samples/decoding/fields.ts";
import { createFrameCrc, createFrameDecoder, sealFrame } from "../../../src/samples/decoding/frames.ts";
import { SampleRing } from "../../../src/samples/ring.ts";
import { chunkSizes, feedInChunks, fewFields, frame as singleFrame, takeRows } from "../streams.ts";

const fields = defineFields([
  { name: "x", type: "i16" },
  { name: "y", type: "i16" },
]);

/** A frame of rows `first`, `first + 1` ..., taken every 625 microseconds. */
function rowsFrame(first: number, rows: number): Buffer {
  const bytes = Buffer.alloc(8 + 2 + 4 * rows + 2);
  bytes.set([5, rows]);
  bytes.writeUInt16LE(first & 0xffff, 2);
  bytes.writeUInt32LE(first, 4);
  bytes.writeUInt16LE(625, 8);
  for (let row = 0; row < rows; row++) {
    bytes.writeInt16LE((first + row) % 30_000, 10 + 4 * row);
    bytes.writeInt16LE(-row, 12 + 4 * row);
  }
  const target = Buffer.alloc(cobs.maximumEncodedBytes(bytes.length) + 1);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return target.subarray(0, sealFrame(createFrameCrc(16), cobs, bytes, view, target, 0));
}

const stream = Buffer.concat([rowsFrame(0, 16), rowsFrame(16, 255), rowsFrame(271, 1), rowsFrame(272, 3)]);
const count = 275;

test("each row is a sample with its own number and time", () => {
  const ring = new SampleRing(2, 1000, "pause");
  const decoder = createFrameDecoder(fields, ring);
  feedInChunks(decoder, stream, [4096]);
  expect(decoder.counts).toMatchObject({ samples: count, damaged: 0, missing: 0, bytes: stream.length });
  expect([...ring.sequences.subarray(0, count)]).toEqual(Array.from({ length: count }, (_, row) => row));
  expect(ring.deviceTimes[18]).toBe(16 + 2 * 0.625);
  expect(takeRows(ring)[15]).toEqual([15, -15]);
});

test("in any chunks, and with any room in the ring, no row is lost and none comes twice", () => {
  fc.assert(
    fc.property(chunkSizes, fc.integer({ min: 1, max: 20 }), (sizes, capacity) => {
      const ring = new SampleRing(2, capacity, "pause");
      const decoder = createFrameDecoder(fields, ring);
      const rows: number[][] = [];
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const end = Math.min(stream.length, at + sizes[turn % sizes.length]);
        while (at < end) {
          at = decoder.decode(stream, at, end, 0);
          rows.push(...takeRows(ring));
        }
      }
      expect(rows.map(([x]) => x)).toEqual(Array.from({ length: count }, (_, row) => row));
      expect(decoder.counts.bytes).toBe(stream.length);
    }),
    { numRuns: 50 },
  );
});

test("a missing frame leaves the numbers of all its rows missing, and a repeated one is ignored", () => {
  const ring = new SampleRing(2, 1000, "pause");
  const decoder = createFrameDecoder(fields, ring);
  feedInChunks(
    decoder,
    Buffer.concat([rowsFrame(0, 4), rowsFrame(8, 4), rowsFrame(8, 4), rowsFrame(12, 4)]),
    [50],
  );
  expect(decoder.counts).toMatchObject({ samples: 12, missing: 4, duplicates: 1, damaged: 0, restarts: 0 });
});

test("a damaged frame is refused whole, whatever byte is changed", () => {
  const good = rowsFrame(100, 16);
  fc.assert(
    fc.property(fc.nat(good.length - 2), fc.integer({ min: 1, max: 255 }), (at, bits) => {
      const damaged = Buffer.from(good);
      damaged[at] ^= bits;
      const ring = new SampleRing(2, 100, "pause");
      const decoder = createFrameDecoder(fields, ring);
      feedInChunks(decoder, Buffer.concat([damaged, rowsFrame(116, 1)]), [64]);
      expect(takeRows(ring)).toEqual([[116, 0]]);
    }),
    { numRuns: 200 },
  );
});

test("frames of one sample and of several may come in turns", () => {
  const ring = new SampleRing(2, 100, "pause");
  const decoder = createFrameDecoder(fewFields, ring);
  feedInChunks(decoder, Buffer.concat([singleFrame(1), singleFrame(2)]), [5]);
  expect(decoder.counts).toMatchObject({ samples: 2, damaged: 0 });
});
