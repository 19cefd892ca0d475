/** SLIP, held against frames that Python has made with struct, binascii and two replacements. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cobs } from "../../../src/samples/decoding/cobs.ts";
import { createFrameReplies } from "../../../src/samples/decoding/frame-replies.ts";
import { createFrameEncoder } from "../../../src/samples/decoding/frames.ts";
import { replyAt } from "../../../src/samples/decoding/replies.ts";
import { framings } from "../../../src/samples/framings/framings.ts";
import { slipStuffing } from "../../../src/samples/framings/slip.ts";
import { recognize } from "../../../src/samples/recognition/recognize.ts";
import { SampleRing } from "../../../src/samples/ring.ts";
import { chunkSizes, feed, feedInChunks, fewFields, frames, takeIndices, takeRows } from "../streams.ts";

const stuffing = slipStuffing;

function decoderOf(crc: 16 | 32 = 16, capacity = 1000) {
  const ring = new SampleRing(fewFields.length, capacity, "drop-oldest");
  const options = { crc, startsAtLine: false, refuseReplies: false, passNonFinite: false };
  return { ring, decoder: framings.slip.createDecoder(fewFields, ring, options) };
}

/** `struct.pack("<BBHIhf", 1, 0, sequence, milliseconds, 100 * temperature, vibration)`, checksum, escapes, END. */
const vectors = [
  {
    ...{ sequence: 0, milliseconds: 0, values: [0, 0] },
    16: "01000000000000000000000000000bd2c0",
    32: "0100000000000000000000000000b198b44cc0",
  },
  {
    ...{ sequence: 1, milliseconds: 10, values: [21.5, 0.5] },
    16: "010001000a00000066080000003fd752c0",
    32: "010001000a00000066080000003facce8898c0",
  },
  {
    // Every byte of sequence and clock is one that must be escaped, and so is one of the float.
    ...{ sequence: 0xc0db, milliseconds: 0xdbc0dbc0, values: [-0.64, -6] },
    16: "0100dbdddbdcdbdcdbdddbdcdbdddbdcff0000dbdcdbdc654ac0",
    32: "0100dbdddbdcdbdcdbdddbdcdbdddbdcff0000dbdcdbdc2828ae76c0",
  },
] as const;

describe.each([16, 32] as const)("a frame in SLIP with CRC-%i", (crc) => {
  test.each(vectors)("is what Python makes of $values", (vector) => {
    const encoder = createFrameEncoder(fewFields, { crc, stuffing });
    const target = new Uint8Array(encoder.maximumBytes);
    const end = encoder.encode(vector.values, vector.sequence, vector.milliseconds, target, 0);
    expect(Buffer.from(target.subarray(0, end)).toString("hex")).toBe(vector[crc]);
  });

  test("is decoded, escapes and all", () => {
    const { ring, decoder } = decoderOf(crc);
    feed(decoder, Buffer.from(vectors.map((vector) => vector[crc]).join(""), "hex"));
    expect(decoder.counts).toMatchObject({ samples: 3, damaged: 0 });
    expect(ring.deviceTimes[2]).toBe(0xdbc0dbc0);
    const rows = takeRows(ring);
    for (const [index, { values }] of vectors.entries()) {
      expect(rows[index][0]).toBeCloseTo(values[0], 9);
      expect(rows[index][1]).toBe(values[1]);
    }
  });
});

test("the stuffing gives back any bytes, and none of its output is END", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (bytes) => {
      const target = new Uint8Array(stuffing.maximumEncodedBytes(bytes.length));
      const end = stuffing.encode(bytes, 0, bytes.length, target, 0);
      expect(target.subarray(0, end).includes(stuffing.delimiter)).toBe(false);
      const back = new Uint8Array(end);
      const length = stuffing.decode(target, 0, end, back, 0);
      expect([...back.subarray(0, length)]).toEqual([...bytes]);
    }),
  );
});

test.each([
  ["an escape at the end", "01db"],
  ["an escape of another byte", "01db41"],
  ["END inside", "01c001"],
  ["nothing", ""],
])("the stuffing refuses %s", (_, hex) => {
  const bytes = Buffer.from(hex, "hex");
  expect(stuffing.decode(bytes, 0, bytes.length, new Uint8Array(9), 0)).toBe(-1);
});

test("frames are decoded however they are cut, with END in front of each too", () => {
  const bytes = frames(0, 60, { stuffing });
  fc.assert(
    fc.property(chunkSizes, (sizes) => {
      const { ring, decoder } = decoderOf();
      feedInChunks(decoder, bytes, sizes);
      expect(decoder.counts).toMatchObject({ samples: 61, damaged: 0, missing: 0, bytes: bytes.length });
      expect(takeIndices(ring)).toEqual(Array.from({ length: 61 }, (_, index) => index));
    }),
    { numRuns: 50 },
  );
  const { decoder } = decoderOf();
  for (let index = 0; index < 5; index++) {
    feed(decoder, Buffer.concat([Uint8Array.of(0xc0), frames(index, index, { stuffing })]));
  }
  expect(decoder.counts).toMatchObject({ samples: 5, damaged: 0 });
});

test("a damaged frame is counted, and the next END is a fresh start", () => {
  const { decoder } = decoderOf();
  const damaged = frames(1, 1, { stuffing });
  damaged[9] ^= 1;
  const tooLong = Buffer.concat([Buffer.alloc(500, 0x41), Uint8Array.of(0xc0)]);
  feed(decoder, Buffer.concat([frames(0, 0, { stuffing }), damaged, tooLong, frames(2, 2, { stuffing })]));
  expect(decoder.counts).toMatchObject({
    ...{ samples: 2, damaged: 2, missing: 1, wrongLength: 1, latestWrongLength: 500 },
  });
});

test("replies go back in SLIP", () => {
  const encoder = framings.slip.createReplyEncoder({ crc: 16, ofClasses: true });
  encoder.content[replyAt.sequence] = 0xc0db;
  encoder.content[replyAt.class] = 2;
  encoder.content[replyAt.value] = 0.5;
  const stuffed = encoder.bytes.slice(0, encoder.encode("prediction"));
  expect([...encoder.opening]).toEqual([0xc0]);
  expect(stuffed.at(-1)).toBe(0xc0);
  const plain = new Uint8Array(stuffed.length);
  const length = stuffing.decode(stuffed, 0, stuffed.length - 1, plain, 0);
  // Apart from the stuffing it is the reply that COBS carries.
  const inCobs = createFrameReplies({ crc: 16 });
  inCobs.content.set(encoder.content);
  const { bytes } = inCobs;
  const cobsLength = inCobs.encode("prediction");
  const expected = new Uint8Array(cobsLength);
  const expectedLength = cobs.decode(bytes, 0, cobsLength - 1, expected, 0);
  expect([...plain.subarray(0, length)]).toEqual([...expected.subarray(0, expectedLength)]);
});

describe("sniff recognizes SLIP", () => {
  test.each([16, 32] as const)("with CRC-%i", (crc) => {
    const found = recognize(frames(0, 99, { crc, stuffing }).subarray(5));
    expect(found).toMatchObject({
      ...{ framing: "slip", understood: 1, settings: crc === 16 ? {} : { crc }, counts: { samples: 99 } },
      findings: { crc, payloadBytes: 6 },
    });
  });

  test("and does not take COBS for it", () => {
    expect(recognize(frames(0, 99)).framing).toBe("frames");
  });
});
