/** Hundreds of thousands of damaged frames, in the long run a million: what the line does to them, the decoder notices. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom, type Random } from "../../../src/engine/model/random.ts";
import { createFrameDecoder, createFrameEncoder } from "../../../src/samples/decoding/frames.ts";
import { SampleRing } from "../../../src/samples/ring.ts";
import { trials } from "../../trials.ts";
import { allFields, chunkSizes, feedInChunks, fewFields, frames, takeRows } from "../streams.ts";

const frameCount = trials(150_000, 1_000_000);

const below = (random: Random, bound: number) => Math.floor(random.uniform() * bound);

/** Changes `line[0 .. length)` in place and gives the new length. */
type Damage = (random: Random, line: Uint8Array, length: number) => number;

/** What happens to bytes on a line. */
const damages: Record<string, Damage> = {
  "a few bits flipped"(random, line, length) {
    for (let bits = 1 + below(random, 8); bits > 0; bits--)
      line[below(random, length)] ^= 1 << below(random, 8);
    return length;
  },
  "a burst of noise"(random, line, length) {
    const at = below(random, length);
    for (let i = at; i < Math.min(length, at + 2 + below(random, 12)); i++) line[i] = below(random, 256);
    return length;
  },
  "bytes cut out"(random, line, length) {
    const at = below(random, length);
    const count = Math.min(length - at, 1 + below(random, 8));
    line.copyWithin(at, at + count, length);
    return length - count;
  },
  "bytes inserted"(random, line, length) {
    const at = below(random, length + 1);
    const count = 1 + below(random, 8);
    line.copyWithin(at + count, at, length);
    for (let i = at; i < at + count; i++) line[i] = below(random, 256);
    return length + count;
  },
  "a piece of itself joined on"(random, line, length) {
    const at = below(random, length);
    line.copyWithin(length, at, length);
    return length + length - at;
  },
  "bytes cut out and as many inserted elsewhere"(random, line, length) {
    const count = 1 + below(random, 6);
    const from = below(random, length - count);
    line.copyWithin(from, from + count, length);
    const to = below(random, length - count);
    line.copyWithin(to + count, to, length - count);
    for (let i = to; i < to + count; i++) line[i] = 1 + below(random, 255);
    return length;
  },
};

const kinds = Object.values(damages);

/**
 * Sends frames in groups of two or three: one damaged, sometimes with its delimiter swallowed so that it runs into
 * another, then a good one. Counts samples that nobody sent, and good frames that were not read.
 */
function sendDamaged(crc: 16 | 32, seed: number): { forged: number; unread: number; intact: number } {
  const random = createRandom(seed);
  const ring = new SampleRing(allFields.length, 64, "pause");
  const decoder = createFrameDecoder(allFields, ring, { crc });
  const encoder = createFrameEncoder(allFields, { crc });
  const line = new Uint8Array(8 * encoder.maximumBytes);
  const values = new Float64Array(allFields.length);
  const counts = { forged: 0, unread: 0, intact: 0 };
  for (let group = 0; group < frameCount; group++) {
    for (let field = 0; field < values.length; field++) values[field] = below(random, 128);
    const first = 3 * group;
    let end = encoder.encode(values, first, first, line, 0) - 1;
    end = kinds[below(random, kinds.length)](random, line, end);
    if (below(random, 4) === 0) end = encoder.encode(values, first + 1, first + 1, line, end);
    else line[end++] = 0;
    end = encoder.encode(values, first + 2, first + 2, line, end);
    decoder.decode(line, 0, end, 0);
    let read = false;
    for (; ring.length > 0; ring.release()) {
      const slot = ring.front();
      const time = ring.deviceTimes[ring.frontSlot];
      let sent = time >= first && time <= first + 2 && ring.sequences[ring.frontSlot] === (time & 0xffff);
      for (let field = 0; field < values.length; field++) {
        if (ring.values[slot + field] !== values[field]) sent = false;
      }
      if (!sent) counts.forged++;
      else if (time === first + 2) read = true;
      else counts.intact++;
    }
    if (!read) counts.unread++;
  }
  return counts;
}

describe("of damaged frames", () => {
  test("no more are taken than a checksum of 16 bits must let pass, and the frame behind is always read", () => {
    const { forged, unread, intact } = sendDamaged(16, 1);
    expect(forged).toBeLessThanOrEqual(Math.ceil(frameCount / 2 ** 16));
    expect(unread).toBe(0);
    // A bit flipped twice or noise that hits what was there leaves a frame whole; seldom enough.
    expect(intact).toBeLessThan(frameCount / 1000);
  });

  test("none is taken with a checksum of 32 bits, and the frame behind is always read", () => {
    expect(sendDamaged(32, 2)).toMatchObject({ forged: 0, unread: 0 });
  });
});

test("damage is judged the same wherever the chunks are cut", () => {
  const random = fc.integer({ min: 1 }).map((seed) => createRandom(seed));
  fc.assert(
    fc.property(random, fc.nat(40), chunkSizes, (source, faults, sizes) => {
      const good = frames(0, 60);
      const line = new Uint8Array(good.length + 2 ** 16);
      line.set(good);
      let end = good.length;
      for (let fault = 0; fault < faults; fault++) {
        const kind = kinds[below(source, kinds.length)];
        if (end < good.length + 2 ** 14) end = kind(source, line, end);
      }
      const results = [[end], sizes].map((chunks) => {
        const ring = new SampleRing(fewFields.length, 5000, "pause");
        const decoder = createFrameDecoder(fewFields, ring);
        feedInChunks(decoder, line.subarray(0, end), chunks);
        return { counts: { ...decoder.counts }, rows: takeRows(ring) };
      });
      expect(results[1]).toEqual(results[0]);
    }),
    { numRuns: trials(100, 500) },
  );
});
