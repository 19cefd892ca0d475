/** What the tests of framings with samples in several lines, and of frames of other makers, have in common. */
import fc from "fast-check";
import { expect } from "vitest";
import { defineFields, type FieldDescription } from "../../../src/samples/decoding/fields.ts";
import type { Refusal } from "../../../src/samples/decoding/refusals.ts";
import type { Framing } from "../../../src/samples/framings/framing.ts";
import { detailsOf, type FramingName, framings } from "../../../src/samples/framings/framings.ts";
import { SampleRing } from "../../../src/samples/ring.ts";
import { chunkSizes, feedInChunks, takeRows } from "../streams.ts";

export interface Given {
  framing: FramingName;
  fields: readonly (string | FieldDescription)[];
  details?: Record<string, unknown>;
  startsAtLine?: boolean;
  /** Most samples that the ring holds; default: all. */
  capacity?: number;
}

/** A decoder as a config with these keys makes it. */
export function decoderOf({ framing, fields, details, startsAtLine = true, capacity = 10_000 }: Given) {
  const defined = defineFields(fields.map((field) => (typeof field === "string" ? { name: field } : field)));
  const ring = new SampleRing(defined.length, capacity, "pause");
  const reasons: string[] = [];
  const options = {
    ...{ startsAtLine, refuseReplies: false, passNonFinite: true, crc: 16 as const },
    details: {
      ...Object.fromEntries(
        Object.entries(detailsOf(framing) ?? {}).map(([key, value]) => [key, value.default]),
      ),
      ...details,
    },
    onRefused: ({ reason }: Refusal) => reasons.push(reason.name),
  };
  const decoder = (framings[framing] as Framing).createDecoder(defined, ring, options);
  const refused = () =>
    Object.fromEntries((decoder.refused?.() ?? []).map(({ name, count }) => [name, count]));
  return { decoder, ring, reasons, refused };
}

/** What a framing reads of a stream, and what it refuses. */
export function read(bytes: Uint8Array | string, given: Given, sizes = [4096]) {
  const { decoder, ring, reasons, refused } = decoderOf(given);
  feedInChunks(decoder, Buffer.from(bytes as string), sizes);
  return { rows: takeRows(ring), counts: decoder.counts, reasons, refused: refused() };
}

/** Whatever the chunks, and however small the ring, the same samples and refusals come of a stream. */
export function expectSameInAnyChunks(bytes: Uint8Array, given: Given): void {
  const whole = read(bytes, given);
  fc.assert(
    fc.property(chunkSizes, (sizes) => {
      expect(read(bytes, given, sizes)).toEqual(whole);
    }),
    { numRuns: 30 },
  );
  const { decoder, ring, refused } = decoderOf({ ...given, capacity: 1 });
  const rows: number[][] = [];
  for (let at = 0; at < bytes.length; ) {
    at = decoder.decode(bytes, at, Math.min(bytes.length, at + 7), 0);
    rows.push(...takeRows(ring));
  }
  expect({ rows, refused: refused() }).toEqual({ rows: whole.rows, refused: whole.refused });
}

/** However a stream is damaged, no sample comes of it that the good one does not have; all bytes are counted. */
export function expectNoFalseSamples(bytes: Uint8Array, given: Given): void {
  const good = new Set(read(bytes, given).rows.map(String));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 })), {
        minLength: 1,
        maxLength: 3,
      }),
      fc.nat(bytes.length),
      (changes, cut) => {
        const damaged = Buffer.from(bytes);
        for (const [at, bits] of changes) damaged[at] ^= bits;
        const { rows, counts } = read(damaged.subarray(cut), given, [13]);
        expect(rows.filter((row) => !good.has(String(row)))).toEqual([]);
        expect(counts.bytes).toBe(bytes.length - cut);
      },
    ),
    { numRuns: 100 },
  );
}
