import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeCobs } from "../../../src/samples/decoding/cobs.ts";
import { checksum, crc16CcittFalse, createCrc } from "../../../src/samples/decoding/crc.ts";
import { defineFields } from "../../../src/samples/decoding/fields.ts";
import {
  createFrameDecoder,
  createFrameEncoder,
  type FrameDecoderOptions,
  frameBytes,
} from "../../../src/samples/decoding/frames.ts";
import { SampleRing } from "../../../src/samples/ring.ts";
import {
  allFields,
  chunkSizes,
  feed,
  feedInChunks,
  fewFields,
  frame,
  frames,
  takeIndices,
  takeRows,
} from "../streams.ts";

function receiver(options: FrameDecoderOptions = {}, fields = fewFields) {
  const ring = new SampleRing(fields.length, 1000, "drop-oldest");
  return { ring, decoder: createFrameDecoder(fields, ring, options) };
}

/** A frame of any content with a right checksum. */
function sealed(content: number[]): Buffer {
  const crc = checksum(createCrc(crc16CcittFalse), Uint8Array.from(content), 0, content.length);
  const whole = Uint8Array.from([...content, crc & 0xff, crc >> 8]);
  const target = Buffer.alloc(whole.length + 3);
  return target.subarray(0, encodeCobs(whole, 0, whole.length, target, 0) + 1);
}

const sample = [0x10, 0x27, 0, 0, 0x20, 0x41];

describe("a good frame", () => {
  test("is read byte by byte as DESIGN.md lays it out", () => {
    const { ring, decoder } = receiver();
    feed(decoder, sealed([1, 0, 0x34, 0x12, 0x78, 0x56, 0x34, 0xf2, ...sample]));
    expect(ring.sequences[ring.frontSlot]).toBe(0x1234);
    expect(ring.deviceTimes[ring.frontSlot]).toBe(0xf2345678);
    expect(takeRows(ring)).toEqual([[100, 10]]);
  });

  test.each([16, 32] as const)("of any values comes back as it was sent (crc %i)", (crc) => {
    const sampleValues = fc.tuple(
      fc.float({ noNaN: true, noDefaultInfinity: true }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer({ min: -0x80, max: 0x7f }),
      fc.integer({ min: 0, max: 0xff }),
      fc.integer({ min: -0x8000, max: 0x7fff }),
      fc.integer({ min: 0, max: 0xffff }),
      fc.integer({ min: -0x80000000, max: 0x7fffffff }),
      fc.integer({ min: 0, max: 0xffffffff }),
    );
    const encoder = createFrameEncoder(allFields, { crc });
    const target = new Uint8Array(encoder.maximumBytes);
    fc.assert(
      fc.property(
        sampleValues,
        fc.nat(0xffff),
        fc.integer({ min: 0, max: 0xffffffff }),
        (values, sequence, time) => {
          const { ring, decoder } = receiver({ crc }, allFields);
          const end = encoder.encode(values, sequence, time, target, 0);
          decoder.decode(target, 0, end, 77);
          expect([ring.times[0], ring.sequences[0], ring.deviceTimes[0]]).toEqual([77, sequence, time]);
          // Adding the offset of 0 makes a negative zero positive.
          expect(takeRows(ring)).toEqual([values.map((value) => value + 0)]);
        },
      ),
    );
  });

  test("whose last block is full may or may not close with an empty one", () => {
    // After the reserved zero come 254 bytes, with this sequence number none of them a zero: a full block.
    const fields = defineFields(
      Array.from({ length: 246 }, (_, index) => ({ name: `u${index}`, type: "u8" })),
    );
    const encoder = createFrameEncoder(fields);
    const target = Buffer.alloc(encoder.maximumBytes);
    const end = encoder.encode(Array(246).fill(7), 0x0101, 0x01010101, target, 0);
    expect([target[0], target[2], end]).toEqual([2, 255, 2 + 255 + 1]);
    for (const ending of [[0], [1, 0]]) {
      const { ring, decoder } = receiver({}, fields);
      feed(decoder, Buffer.concat([target.subarray(0, end - 1), Buffer.from(ending)]));
      expect(ring.length).toBe(1);
    }
  });

  test("is found wherever the chunks are cut", () => {
    const stream = Buffer.concat([
      Buffer.from("boot\0"),
      frames(0, 40),
      Buffer.of(9, 9, 0, 0),
      frames(41, 60),
    ]);
    fc.assert(
      fc.property(chunkSizes, (sizes) => {
        const { ring, decoder } = receiver();
        feedInChunks(decoder, stream, sizes);
        expect(decoder.counts).toMatchObject({ samples: 61, damaged: 2, missing: 0, bytes: stream.length });
        expect(takeIndices(ring)).toEqual(Array.from({ length: 61 }, (_, index) => index));
      }),
    );
  });
});

describe("what is damaged", () => {
  test("zeros in a row are harmless", () => {
    const { decoder } = receiver();
    feed(decoder, Buffer.concat([Buffer.alloc(5), frame(0), Buffer.alloc(3), frame(1)]));
    expect(decoder.counts).toMatchObject({ samples: 2, damaged: 0 });
  });

  test("garbage before the first frame counts once and the next frame is read", () => {
    const { ring, decoder } = receiver();
    feed(decoder, Buffer.concat([Buffer.alloc(5000, 0xa5), Buffer.of(0), frame(3)]));
    expect(decoder.counts).toMatchObject({ samples: 1, damaged: 1, missing: 0 });
    expect(takeIndices(ring)).toEqual([3]);
  });

  test("a frame that is cut off counts as damaged and missing, and the next one is read", () => {
    const { ring, decoder } = receiver();
    feed(decoder, Buffer.concat([frame(0), frame(1).subarray(0, 7), Buffer.of(0), frame(2)]));
    expect(decoder.counts).toMatchObject({ samples: 2, damaged: 1, missing: 1 });
    expect(takeIndices(ring)).toEqual([0, 2]);
  });

  test("a frame that runs into the next costs both, and the one after is read", () => {
    const { ring, decoder } = receiver();
    feed(decoder, Buffer.concat([frame(0), frame(1).subarray(0, 7), frame(2), frame(3)]));
    expect(decoder.counts).toMatchObject({ samples: 2, damaged: 1, missing: 2 });
    expect(takeIndices(ring)).toEqual([0, 3]);
  });

  test("a flipped bit anywhere is noticed", () => {
    const good = frame(5);
    for (let bit = 0; bit < 8 * (good.length - 1); bit++) {
      const { ring, decoder } = receiver();
      const bad = Buffer.from(good);
      bad[bit >> 3] ^= 1 << (bit & 7);
      feed(decoder, Buffer.concat([bad, frame(6)]));
      expect(takeIndices(ring)).toEqual([6]);
      expect(decoder.counts.damaged).toBeGreaterThan(0);
    }
  });

  test.each([
    ["of another type", [2, 0, 0, 0, 0, 0, 0, 0, ...sample]],
    ["with the reserved byte set", [1, 1, 0, 0, 0, 0, 0, 0, ...sample]],
    ["that is a byte short", [1, 0, 0, 0, 0, 0, 0, 0, ...sample.slice(1)]],
    ["that is a byte long", [1, 0, 0, 0, 0, 0, 0, 0, 0, ...sample]],
  ])("a frame %s is refused, right as its checksum is", (_, content) => {
    const { ring, decoder } = receiver();
    feed(decoder, sealed(content));
    expect([ring.length, decoder.counts.damaged]).toEqual([0, 1]);
  });

  test("a checksum in the other byte order is refused", () => {
    const { ring, decoder } = receiver();
    const content = [1, 0, 1, 0, 0, 0, 0, 0, ...sample];
    const sum = checksum(createCrc(crc16CcittFalse), Uint8Array.from(content), 0, content.length);
    const whole = Uint8Array.from([...content, sum >> 8, sum & 0xff]);
    const target = Buffer.alloc(30);
    feed(decoder, target.subarray(0, encodeCobs(whole, 0, whole.length, target, 0) + 1));
    expect([ring.length, decoder.counts.damaged]).toEqual([0, 1]);
  });

  test("frames that are all of another length name the length, so that a wrong field list shows", () => {
    const { decoder } = receiver({}, allFields);
    feed(decoder, frames(0, 9));
    expect(decoder.counts).toMatchObject({ samples: 0, damaged: 10, wrongLength: 10 });
    expect(decoder.counts.latestWrongLength).toBe(frameBytes(fewFields));
  });

  test.each([16, 32] as const)(
    "no random damage is ever taken for a sample that was not sent (crc %i)",
    (crc) => {
      const good = frames(0, 99, { crc });
      const damage = fc.array(
        fc.tuple(
          fc.constantFrom("flip", "overwrite", "remove", "insert"),
          fc.nat(good.length - 1),
          fc.nat(255),
        ),
        { minLength: 1, maxLength: 30 },
      );
      fc.assert(
        fc.property(damage, chunkSizes, (faults, sizes) => {
          const bytes = [...good];
          for (const [kind, at, byte] of faults) {
            if (kind === "flip") bytes[at % bytes.length] ^= 1 << (byte & 7);
            else if (kind === "overwrite") bytes[at % bytes.length] = byte;
            else if (kind === "remove") bytes.splice(at, 1 + (byte & 15));
            else bytes.splice(at, 0, byte, byte ^ 0x55);
          }
          const { ring, decoder } = receiver({ crc });
          feedInChunks(decoder, Uint8Array.from(bytes), sizes);
          const taken = takeRows(ring);
          let latest = -1;
          for (const [temperature, index] of taken) {
            // Damage cannot reorder, so what is taken rises; and both values tell the same index. Not by `expect`, which
            // would take longer than all the rest.
            if (!(index > latest && Math.abs(temperature - index / 100) < 1e-9)) {
              throw new Error(`took ${temperature} and ${index} after ${latest}`);
            }
            latest = index;
          }
          // A fault spoils at most its frame, the next and, by removing 16 bytes, one more.
          expect(taken.length).toBeGreaterThanOrEqual(100 - 3 * faults.length);
        }),
        // A fixed seed: a checksum of 16 bits does let one damaged frame in 65,536 of the right length pass.
        { numRuns: 2_000, seed: 4 },
      );
    },
  );

  test("every stretch between zeros is accounted for exactly once", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), chunkSizes, (noise, sizes) => {
        const stream = Buffer.concat([noise, Buffer.of(0), frames(0, 3), noise, Buffer.of(0)]);
        const { decoder } = receiver();
        feedInChunks(decoder, stream, sizes);
        const stretches = stream
          .toString("latin1")
          .split("\0")
          .filter((stretch) => stretch !== "").length;
        const { samples, damaged, duplicates, rejected } = decoder.counts;
        expect(samples + damaged + duplicates + rejected).toBe(stretches);
      }),
    );
  });
});

describe("a value that is not finite", () => {
  test.each([
    ["makes the sample rejected, not damaged, and not missing", false, [1, 3]],
    ["is handed on where someone else judges", true, [1, Number.NaN, 1, 3]],
  ])("%s", (_, passNonFinite, taken) => {
    const { ring, decoder } = receiver({ passNonFinite }, allFields);
    const encoder = createFrameEncoder(allFields);
    const target = new Uint8Array(encoder.maximumBytes);
    const poisons: [number, number][] = [
      [1, 2],
      [Number.NaN, 1],
      [1, Number.POSITIVE_INFINITY],
      [3, 4],
    ];
    for (const [sequence, poison] of poisons.entries()) {
      feed(
        decoder,
        target.subarray(0, encoder.encode([...poison, 0, 0, 0, 0, 0, 0], sequence, sequence, target, 0)),
      );
    }
    const samples = taken.length;
    expect(decoder.counts).toMatchObject({ samples, rejected: 4 - samples, damaged: 0, missing: 0 });
    expect(takeRows(ring).map((row) => row[0])).toEqual(taken);
  });
});

describe("sequence numbers", () => {
  test("count what never arrived", () => {
    const { decoder } = receiver();
    feed(decoder, Buffer.concat([frames(0, 2), frames(5, 6), frame(107)]));
    expect(decoder.counts).toMatchObject({ samples: 6, missing: 102, restarts: 0 });
  });

  test("wrap around after 65535 without a gap", () => {
    const { decoder } = receiver();
    feed(decoder, Buffer.concat([frames(65_530, 65_540), frame(65_542)]));
    expect(decoder.counts).toMatchObject({ samples: 12, missing: 1, restarts: 0 });
  });

  test("prove nothing missing before the first frame", () => {
    const { decoder } = receiver();
    feed(decoder, frame(40_000));
    expect(decoder.counts.missing).toBe(0);
  });

  test("prove nothing missing over a reconnect", () => {
    const { decoder } = receiver();
    feed(decoder, frames(0, 9));
    decoder.reset();
    feed(decoder, frames(5_000, 5_001));
    expect(decoder.counts).toMatchObject({ samples: 12, missing: 0, restarts: 0 });
  });

  test("start again when the device restarts", () => {
    const { decoder } = receiver();
    feed(decoder, Buffer.concat([frames(20_000, 20_004), frames(0, 4)]));
    expect(decoder.counts).toMatchObject({ samples: 10, missing: 0, restarts: 1 });
  });

  test("start again when the device restarts just after the count wrapped around", () => {
    const { decoder } = receiver();
    feed(decoder, Buffer.concat([frames(60_000, 60_001), frame(0, { milliseconds: 3 }), frame(1)]));
    expect(decoder.counts).toMatchObject({ samples: 4, missing: 0, restarts: 1 });
  });

  test("go on when the device's milliseconds wrap around", () => {
    const { decoder } = receiver();
    feed(decoder, Buffer.concat([frame(7, { milliseconds: 2 ** 32 - 5 }), frame(8, { milliseconds: 5 })]));
    expect(decoder.counts).toMatchObject({ samples: 2, missing: 0, restarts: 0 });
  });

  test("go on when the device's milliseconds pass 2^31, after 25 days", () => {
    const { decoder } = receiver();
    feed(
      decoder,
      Buffer.concat([frame(7, { milliseconds: 2 ** 31 - 5 }), frame(9, { milliseconds: 2 ** 31 + 5 })]),
    );
    expect(decoder.counts).toMatchObject({ samples: 2, missing: 1, restarts: 0 });
  });

  test("going back mean a restart even where the device's clock went on", () => {
    const { decoder } = receiver();
    feed(
      decoder,
      Buffer.concat([frame(100), frame(0, { milliseconds: 5_000 }), frame(2, { milliseconds: 5_020 })]),
    );
    expect(decoder.counts).toMatchObject({ samples: 3, missing: 1, restarts: 1 });
  });

  test("leave out a frame that comes twice", () => {
    const { ring, decoder } = receiver();
    feed(decoder, Buffer.concat([frame(0), frame(1), frame(1), frame(2)]));
    expect(decoder.counts).toMatchObject({ samples: 3, duplicates: 1, missing: 0, restarts: 0 });
    expect(takeIndices(ring)).toEqual([0, 1, 2]);
  });

  test("do not keep out a device that never counts", () => {
    const { decoder } = receiver();
    const encoder = createFrameEncoder(fewFields);
    const target = new Uint8Array(encoder.maximumBytes);
    for (const value of [1, 2, 3]) {
      feed(decoder, target.subarray(0, encoder.encode([0, value], 0, 0, target, 0)));
    }
    expect(decoder.counts).toMatchObject({ samples: 3, missing: 0 });
  });
});

describe("the device's milliseconds", () => {
  const day = 86_400_000;
  /** The times handed on of frames with these, which wrap at 2^32; null stands for a reset. */
  function times(...milliseconds: (number | null)[]) {
    const { ring, decoder } = receiver();
    for (const [sequence, time] of milliseconds.entries()) {
      if (time === null) decoder.reset();
      else feed(decoder, frame(sequence, { milliseconds: time }));
    }
    return Array.from({ length: ring.length }, (_, slot) => ring.deviceTimes[slot]);
  }

  test("rise over every wrap, whatever there is between two frames", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(24 * day), { minLength: 1, maxLength: 20 }),
        fc.nat(0xffffffff),
        (steps, first) => {
          const sent = [first];
          for (const step of steps) sent.push(sent[sent.length - 1] + step);
          expect(times(...sent)).toEqual(sent);
        },
      ),
    );
  });

  test("start again when the device restarts, also after a wrap", () => {
    expect(times(2 ** 32 - 10, 2 ** 32 + 10, 3, 13)).toEqual([2 ** 32 - 10, 2 ** 32 + 10, 3, 13]);
  });

  test("go on over a reconnect, unless they went back", () => {
    expect(times(2 ** 32 - 10, null, 10)).toEqual([2 ** 32 - 10, 2 ** 32 + 10]);
    expect(times(2 ** 32 - 10, 2 ** 32 + 500, null, 400)).toEqual([2 ** 32 - 10, 2 ** 32 + 500, 400]);
  });
});

test("reset forgets the beginning of a frame and counts it", () => {
  const { ring, decoder } = receiver();
  feed(decoder, frame(0).subarray(0, 6));
  decoder.reset();
  feed(decoder, frame(1));
  expect(takeIndices(ring)).toEqual([1]);
  expect(decoder.counts).toMatchObject({ samples: 1, damaged: 1 });
});

test("stops before the first frame that a pausing ring has no room for, and loses none", () => {
  fc.assert(
    fc.property(chunkSizes, (sizes) => {
      const ring = new SampleRing(2, 3, "pause");
      const decoder = createFrameDecoder(fewFields, ring);
      const stream = frames(0, 30);
      const taken: number[] = [];
      let at = 0;
      for (let turn = 0; at < stream.length; turn++) {
        const end = Math.min(stream.length, at + sizes[turn % sizes.length]);
        const stop = decoder.decode(stream, at, end, 0);
        if (stop < end) expect(ring.length).toBe(3);
        if (stop < end || turn % 3 === 0) taken.push(...takeIndices(ring));
        at = stop;
      }
      taken.push(...takeIndices(ring));
      expect(taken).toEqual(Array.from({ length: 31 }, (_, index) => index));
      expect([ring.dropped, decoder.counts.bytes]).toEqual([0, stream.length]);
    }),
  );
});

test("reads only the range it is given and leaves the chunk as it was", () => {
  const { ring, decoder } = receiver();
  const chunk = Buffer.concat([frame(0), frame(1), frame(2)]);
  const before = Buffer.from(chunk);
  const one = frame(0).length;
  expect(decoder.decode(chunk, one, 2 * one, 0)).toBe(2 * one);
  expect(takeIndices(ring)).toEqual([1]);
  expect(chunk.equals(before)).toBe(true);
});

describe("the encoder", () => {
  const encode = (value: number, type: "i8" | "u32", scale = 1, offset = 0) => {
    const fields = defineFields([{ name: "load", type, scale, offset }]);
    const encoder = createFrameEncoder(fields);
    const target = new Uint8Array(encoder.maximumBytes);
    const { ring, decoder } = receiver({}, fields);
    decoder.decode(target, 0, encoder.encode([value], 0, 0, target, 0), 0);
    return takeRows(ring)[0][0];
  };

  test("stores the nearest raw value", () => {
    expect(encode(1.26, "i8", 0.5)).toBe(1.5);
    expect(encode(-38.8, "i8", 0.5, -40)).toBe(-39);
  });

  test.each([
    [128, "i8", "does not fit i8: as a raw number it is 128, and -128 to 127 can be sent"],
    [-1, "u32", 'the value -1 of field "load" does not fit u32'],
    [Number.NaN, "i8", "does not fit i8"],
  ] as const)("refuses %d for an %s", (value, type, sentence) => {
    expect(() => encode(value, type)).toThrow(sentence);
  });

  test("refuses a sample with another number of values", () => {
    const encoder = createFrameEncoder(fewFields);
    expect(() => encoder.encode([1, 2, 3], 0, 0, new Uint8Array(99), 0)).toThrow(
      "found a sample of 3 values, expected 2",
    );
  });
});

test("refuses a ring of another width", () => {
  expect(() => createFrameDecoder(fewFields, new SampleRing(3, 8, "pause"))).toThrow(
    "found a ring of width 3, expected the number of fields, 2",
  );
});

test("refuses a checksum it does not know", () => {
  expect(() => receiver({ crc: 8 as 16 })).toThrow("found a checksum of 8 bits, expected 16 or 32");
});
