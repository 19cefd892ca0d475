/** Recordings in memory: what is written comes back bit for bit, and what is damaged is noticed. */
import fc from "fast-check";
import { unpackMultiple } from "msgpackr";
import { describe, expect, test } from "vitest";
import { RecordingDecoder } from "../../src/recording/decoder.ts";
import { BlockEncoder, encodeHeader, findBlock, isRecording } from "../../src/recording/format.ts";
import { defineFields, type Field } from "../../src/samples/decoding/fields.ts";
import { SampleRing } from "../../src/samples/ring.ts";

interface Recorded {
  values: number[];
  time: number;
  sequence: number;
  deviceTime: number;
}

const pump = defineFields([
  { name: "temperature", type: "i16", scale: 0.01, offset: -40 },
  { name: "vibration", type: "f32" },
  { name: "label", type: "u8" },
]);

const headerOf = (fields: Field[]) =>
  encodeHeader({ name: "pump", createdAt: "2026-01-01T00:00:00.000Z", source: "a test", fields });

function blocksOf(fields: Field[], samples: readonly Recorded[], perBlock = 7): Uint8Array[] {
  const encoder = new BlockEncoder(fields, perBlock);
  const blocks: Uint8Array[] = [];
  for (const { values, time, sequence, deviceTime } of samples) {
    const row = Float64Array.from(values);
    if (encoder.add(row, 0, time, sequence, deviceTime)) continue;
    blocks.push(encoder.take());
    encoder.add(row, 0, time, sequence, deviceTime);
  }
  if (encoder.samples > 0) blocks.push(encoder.take());
  return blocks;
}

const recordingOf = (fields: Field[], samples: readonly Recorded[]) =>
  Buffer.concat([headerOf(fields), ...blocksOf(fields, samples)]);

/** Reads a recording in chunks through a ring that is mostly full. */
function read(bytes: Uint8Array, chunkBytes = 50, columns: string[] | null = null) {
  let ring = new SampleRing(1, 1, "pause");
  const decoder = new RecordingDecoder(
    columns,
    (names) => {
      ring = new SampleRing(names.length, 3, "pause");
      return ring;
    },
    "r.rec",
  );
  const samples: Recorded[] = [];
  const empty = () => {
    for (; ring.length > 0; ring.release()) {
      const [front, slot] = [ring.front(), ring.frontSlot];
      samples.push({
        values: [...ring.values.subarray(front, front + ring.width)],
        time: ring.times[slot],
        sequence: ring.sequences[slot],
        deviceTime: ring.deviceTimes[slot],
      });
    }
  };
  for (let start = 0; start < bytes.length; start += chunkBytes) {
    const chunk = bytes.subarray(start, start + chunkBytes);
    for (let at = 0; at < chunk.length; ) {
      at = decoder.decode(chunk, at, chunk.length);
      empty();
    }
  }
  empty();
  return { samples, decoder, counts: decoder.counts };
}

const pumpSample = fc.record({
  values: fc.tuple(
    fc.integer({ min: -0x8000, max: 0x7fff }).map((raw) => raw * 0.01 + -40),
    fc.float(),
    fc.nat(255),
  ) as fc.Arbitrary<number[]>,
  time: fc.nat(200_000).map((elapsed) => 1_760_000_000_000 + elapsed),
  sequence: fc.nat(0xffff),
  deviceTime: fc.nat(0xffffffff),
});

const anySample = fc.record({
  values: fc.array(fc.double(), { minLength: 3, maxLength: 3 }),
  time: fc.double({ noNaN: true }),
  sequence: fc.double({ noNaN: true }),
  deviceTime: fc.oneof(fc.nat(0xffffffff), fc.nat(2 ** 40), fc.constant(Number.NaN)),
});

describe("a recording", () => {
  test("gives any samples back bit for bit, however its bytes are cut into chunks", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.array(pumpSample), fc.array(anySample)),
        fc.integer({ min: 1, max: 300 }),
        (samples, chunkBytes) => {
          const recording = recordingOf(pump, samples);
          const { samples: back, counts, decoder } = read(recording, chunkBytes);
          expect(back).toEqual(samples);
          const taken = { bytes: recording.length, samples: samples.length };
          expect(counts).toEqual({ ...taken, damaged: 0, rejected: 0, missing: 0 });
          expect(decoder.unfinishedBytes).toBe(0);
        },
      ),
    );
  });

  test("cut anywhere gives a prefix, and says that it is cut unless a block ends there", () => {
    fc.assert(
      fc.property(fc.array(pumpSample, { minLength: 1, maxLength: 40 }), fc.nat(), (samples, place) => {
        const header = headerOf(pump);
        const blocks = blocksOf(pump, samples);
        const whole = Buffer.concat([header, ...blocks]);
        const cut = header.length + (place % (whole.length - header.length));
        const { samples: back, counts, decoder } = read(whole.subarray(0, cut));
        expect(back).toEqual(samples.slice(0, back.length));
        let end = header.length;
        for (const block of blocks) {
          if (end + block.length > cut) break;
          end += block.length;
        }
        expect([counts.damaged, decoder.unfinishedBytes]).toEqual([0, cut - end]);
      }),
    );
  });

  test("with any bit flipped loses the block it is in and no other, and counts it", () => {
    fc.assert(
      fc.property(fc.array(pumpSample, { minLength: 1, maxLength: 40 }), fc.nat(), (samples, place) => {
        const header = headerOf(pump);
        const blocks = blocksOf(pump, samples);
        const bytes = Buffer.concat([header, ...blocks]);
        const bit = place % (8 * bytes.length);
        bytes[bit >> 3] ^= 1 << (bit & 7);
        if (bit >> 3 < header.length) {
          expect(() => read(bytes).decoder.finish()).toThrow(/r\.rec is/);
          return;
        }
        let at = header.length;
        const good = blocks.filter((block) => {
          at += block.length;
          return bit >> 3 < at - block.length || bit >> 3 >= at;
        });
        const { samples: back, counts } = read(bytes);
        expect(counts.damaged).toBe(1);
        expect(back).toEqual(read(Buffer.concat([header, ...good])).samples);
      }),
      { numRuns: 300 },
    );
  });

  const samples = Array.from({ length: 40 }, (_, i) => ({
    values: [i * 0.01 + -40, i, i % 3],
    time: 1_760_000_000_000 + 10 * i,
    sequence: i,
    deviceTime: 10 * i,
  }));

  test("continues after missing bytes and foreign bytes", () => {
    const [first, second, third, ...rest] = blocksOf(pump, samples);
    const bytes = [headerOf(pump), first, second.subarray(0, 50), third, Buffer.alloc(512, 0x9a), ...rest];
    const { samples: back, counts } = read(Buffer.concat(bytes));
    expect(back).toEqual([...samples.slice(0, 7), ...samples.slice(14)]);
    expect(counts.damaged).toBe(2);
  });

  test("is read by another MessagePack library as plain values", () => {
    const values = unpackMultiple(recordingOf(pump, samples)) as unknown[];
    const [header, block] = values as [Record<string, unknown>, unknown[]];
    expect(header).toMatchObject({ format: "rivulet-recording", version: 1, name: "pump", fields: pump });
    const part = (name: string) => block[(header["block"] as string[]).indexOf(name)];
    expect(block).toHaveLength((header["block"] as string[]).length);
    expect([part("samples"), part("time"), part("sequence")]).toEqual([7, samples[0].time, 0]);
    const raw = part("values") as Buffer;
    expect([raw.readInt16LE(2), raw.readFloatLE(14 + 4), raw[14 + 28 + 2]]).toEqual([1, 1, 2]);
  });

  test("takes the bytes that its fields need, and little more", () => {
    const encoder = new BlockEncoder(pump);
    for (const { values, time, sequence, deviceTime } of samples) {
      encoder.add(Float64Array.from(values), 0, time, sequence, deviceTime);
    }
    // A sample: 2 + 4 + 1 bytes of values, 2 of its time, 4 of the device's. Its number is understood.
    expect(encoder.take().length).toBeLessThan(samples.length * 13 + 70);
  });

  test.each<[Partial<Recorded>, boolean]>([
    [{}, true], // a chunk's samples have one time
    [{ time: samples[0].time + 0xffff }, true],
    [{ time: samples[0].time + 0x10000 }, false],
    [{ time: samples[0].time - 1 }, false],
    [{ time: samples[0].time + 0.5 }, false],
    [{ sequence: 2 ** 31 - 1 }, true],
    [{ sequence: 2 ** 31 }, false],
    [{ sequence: -1 }, true], // a device that restarted
    [{ sequence: 0.5 }, false],
    [{ deviceTime: 2 ** 40 }, true],
    [{ deviceTime: Number.NaN }, false],
  ])("has a sample with %o in the block of the one before: %j", (other, isBeside) => {
    expect(blocksOf(pump, [samples[0], { ...samples[0], ...other }])).toHaveLength(isBeside ? 1 : 2);
  });

  test("takes four bytes more for the device's time only once that is beyond 32 bits", () => {
    const bytesFrom = (first: number) => {
      const late = samples.slice(0, 7).map((sample, i) => ({ ...sample, deviceTime: first + i }));
      return blocksOf(pump, late)[0].length;
    };
    expect(bytesFrom(2 ** 32 - 7)).toBe(bytesFrom(0));
    expect(bytesFrom(2 ** 32 - 6)).toBe(bytesFrom(0) + 4 * 7);
  });

  test("gives the columns that are wanted, in the order wanted, and names the nearest where one is not there", () => {
    const bytes = recordingOf(pump, samples);
    expect(read(bytes, 50, ["label", "vibration"]).samples[5].values).toEqual([2, 5]);
    expect(() => read(bytes, 50, ["lable"])).toThrow('r.rec has no field "lable"; did you mean "label"?');
  });

  test("of a newer version is refused in words", () => {
    const bytes = recordingOf(pump, samples);
    bytes[34] = 3;
    expect(() => read(bytes)).toThrow(
      "r.rec is a recording of version 3, expected at most 2; update Rivulet",
    );
  });

  test("that claims gigabytes makes nobody allocate them", () => {
    for (const claimed of [0, 3, 0x100001, 0xffffffff]) {
      const header = Buffer.from(headerOf(pump));
      header.writeUInt32BE(claimed, 48);
      expect(() => read(header)).toThrow("with a damaged header");
    }
    const [block] = blocksOf(pump, samples);
    const claims = Buffer.from(block);
    claims.writeUInt32BE(0xffffffff, 7);
    expect(read(Buffer.concat([headerOf(pump), claims, block])).counts).toMatchObject({
      damaged: 1,
      samples: 7,
    });
  });

  test.each([
    [0, 1, false],
    [1, 1, true],
    [4096, 512, true],
    [4097, 1, false],
    [4096, 513, false],
  ])(
    "that claims a block of %i samples of %i doubles, whose lengths agree, is believed: %j",
    (count, width, isBelieved) => {
      const fields = defineFields(
        Array.from({ length: width }, (_, field) => ({ name: `f${field}`, type: "f64" as const })),
      );
      const [{ buffer }] = blocksOf(pump, samples);
      const lengths = [2 * count, 0, 0, width];
      const heads = lengths.map((length) => {
        const part = Buffer.alloc(5 + length);
        part[0] = 0xc6;
        part.writeUInt32BE(length, 1);
        return part;
      });
      const claim = Buffer.concat([new Uint8Array(buffer, 0, 29), ...heads]);
      claim.writeUInt32BE(count, 7);
      expect(findBlock(claim, claim.length, fields)).toEqual(
        isBelieved ? { needs: claim.length + 5 } : "damaged",
      );
    },
  );

  test("cut within its header is refused, wherever that is", () => {
    const header = headerOf(pump);
    for (let end = 0; end < header.length; end++) {
      const { decoder } = read(header.subarray(0, end));
      expect(() => decoder.finish()).toThrow("r.rec is a recording with an incomplete or damaged header");
    }
    read(header).decoder.finish();
  });

  test("whose header nobody would read is not begun", () => {
    const fields = [{ ...pump[0], name: "t".repeat(1 << 20) }];
    expect(() => headerOf(fields)).toThrow(
      /^the header of a recording of 1 fields has .* shorten their names$/,
    );
  });

  test("is distinguished from a CSV file by its first bytes", () => {
    expect(isRecording(headerOf(pump))).toBe(true);
    expect(isRecording(Buffer.from("temperature,vibration,label\n"))).toBe(false);
    expect(isRecording(Buffer.alloc(0))).toBe(false);
    // Cut short it is still one, as soon as that can be told.
    expect([1, 2, 9].map((end) => isRecording(headerOf(pump).subarray(0, end)))).toEqual([false, true, true]);
    expect(isRecording(headerOf(pump).fill(0x9a, 0, 1))).toBe(false);
  });
});
