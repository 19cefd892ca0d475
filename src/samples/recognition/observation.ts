/** Statistics of the samples of a stream, field by field. */
import type { Decoder } from "../decoding/decoder.ts";
import type { Field } from "../decoding/fields.ts";
import type { SampleRing } from "../ring.ts";

export interface ObservedField {
  name: string;
  minimum: number;
  maximum: number;
  /** Every value was a whole number. */
  whole: boolean;
  /** Number of different values, at most `manyValues`. */
  distinct: number;
  /** Every value was larger than the one before, as those of a clock or a counter. */
  rising: boolean;
}

export interface Observation {
  samples: number;
  fields: ObservedField[];
  /** Sample rate by the device's clock; null where the framing carries none, or it does not advance. */
  samplesPerSecond: number | null;
}

/** Different values are counted up to this number. */
export const manyValues = 64;
/** Fewest samples for `rising`: fewer may rise by chance. */
const fewestForRising = 8;

/** Decodes bytes and collects statistics of every sample. The ring must have the policy `pause`. */
export function observe(
  fields: readonly Field[],
  decoder: Decoder,
  ring: SampleRing,
  bytes: Uint8Array,
): Observation {
  const observed = fields.map(({ name }) => ({
    name,
    minimum: Number.POSITIVE_INFINITY,
    maximum: Number.NEGATIVE_INFINITY,
    whole: true,
    rising: true,
    values: new Set<number>(),
    before: Number.NEGATIVE_INFINITY,
  }));
  let samples = 0;
  let clockBefore = Number.NaN;
  let steps = 0;
  let elapsedMs = 0;
  for (let at = 0; at < bytes.length; ) {
    at = decoder.decode(bytes, at, bytes.length, 0);
    while (ring.length > 0) {
      const front = ring.front();
      for (const [index, field] of observed.entries()) {
        const value = ring.values[front + index];
        field.minimum = Math.min(field.minimum, value);
        field.maximum = Math.max(field.maximum, value);
        field.whole &&= Number.isInteger(value);
        field.rising &&= value > field.before;
        field.before = value;
        if (field.values.size < manyValues) field.values.add(value);
      }
      const clock = ring.deviceTimes[ring.frontSlot];
      // After a step back the clock was restarted: the difference is not elapsed time.
      if (clock >= clockBefore) {
        elapsedMs += clock - clockBefore;
        steps++;
      }
      clockBefore = clock;
      samples++;
      ring.release();
    }
  }
  return {
    samples,
    samplesPerSecond: elapsedMs > 0 ? (1000 * steps) / elapsedMs : null,
    fields: observed.map(({ values, before: _, ...field }) => ({
      ...field,
      distinct: values.size,
      rising: field.rising && samples >= fewestForRising,
    })),
  };
}
