/** Statistics of the samples of a stream, field by field. */
import type { Decoder } from "../decoding/decoder.ts";
import type { Field } from "../decoding/fields.ts";
import type { SampleRing } from "../ring.ts";
import type { SampleClock } from "../sample-clock.ts";

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
  /** Samples that lack its value. */
  absent: number;
  /** Most samples in a row that lack its value, between two that have one. */
  absentInARow: number;
  /** Numbers far from all others that seem to stand for a missing value, such as -999; the range is without them. */
  codes: number[];
}

export interface Observation {
  /** Samples with all values. */
  samples: number;
  fields: ObservedField[];
  /** Sample rate by the device's clock; null where the framing carries none, or it does not advance. */
  samplesPerSecond: number | null;
}

/** Different values are counted up to this number. */
export const manyValues = 64;
/** Fewest samples for `rising`: fewer may rise by chance. */
const fewestForRising = 8;

/** Statistics of one field. */
class FieldWatch {
  whole = true;
  rising = true;
  absent = 0;
  absentInARow = 0;
  readonly #values = new Set<number>();
  readonly #all: number[] = [];
  #before = Number.NEGATIVE_INFINITY;
  #missing = 0;
  #present = 0;

  take(value: number): void {
    if (!Number.isFinite(value)) {
      this.absent++;
      this.#missing++;
      return;
    }
    if (this.#present > 0) this.absentInARow = Math.max(this.absentInARow, this.#missing);
    this.#missing = 0;
    this.#present++;
    this.whole &&= Number.isInteger(value);
    this.rising &&= value > this.#before;
    this.#before = value;
    if (this.#values.size < manyValues) this.#values.add(value);
    this.#all.push(value);
  }

  result(name: string): ObservedField {
    const { codes, minimum, maximum } = splitCodes(this.#all);
    const { whole, absent, absentInARow } = this;
    return {
      ...{ name, minimum, maximum, whole, distinct: this.#values.size - codes.length },
      rising: this.rising && this.#present >= fewestForRising,
      ...{ absent, absentInARow, codes },
    };
  }
}

/** Numbers that devices, loggers and drivers send where they have no value. */
const usualCodes: ReadonlySet<number> = new Set([
  ...[-9999, -999.9, -999, -200, -127, -99, 85, 99.9, 999, 999.9, 9999, -32768, 32767, 65535, -1e20, 1e20],
  ...[-2147483648, 2147483647, 4294967295],
]);
/** A number is no code unless it is this many times the distance of the quartiles away from all others. */
const aloneBy = 6;
/** A number that is no usual code is one only where it comes as often. */
const oftenEnough = 3;

/** The codes at both ends of values, and the range of the others. Reorders the values. */
function splitCodes(values: number[]): { codes: number[]; minimum: number; maximum: number } {
  values.sort((one, other) => one - other);
  const quartile = (part: number) => values[Math.floor(part * (values.length - 1))];
  const gap = aloneBy * (quartile(0.75) - quartile(0.25));
  const codes: number[] = [];
  let [first, last] = [0, values.length - 1];
  const isCode = (value: number, count: number, next: number) =>
    Math.abs(next - value) > gap &&
    2 * count < values.length &&
    (usualCodes.has(value) || count >= oftenEnough);
  for (let found = gap > 0; found; ) {
    let behind = first;
    while (behind <= last && values[behind] === values[first]) behind++;
    let before = last;
    while (before >= first && values[before] === values[last]) before--;
    found = true;
    if (behind <= last && isCode(values[first], behind - first, values[behind])) {
      codes.push(values[first]);
      first = behind;
    } else if (before >= first && isCode(values[last], last - before, values[before])) {
      codes.push(values[last]);
      last = before;
    } else found = false;
  }
  return { codes, minimum: values[first], maximum: values[last] };
}

/**
 * Decodes bytes and collects statistics of every sample. The ring must have the policy `pause`.
 *
 * @param clock the clock whose columns are in the ring after the fields; default: none
 */
export function observe(
  fields: readonly Field[],
  decoder: Decoder,
  ring: SampleRing,
  bytes: Uint8Array,
  clock: SampleClock | null = null,
): Observation {
  const watches = fields.map(() => new FieldWatch());
  let samples = 0;
  let clockBefore = Number.NaN;
  let steps = 0;
  let elapsedMs = 0;
  for (let at = 0; at < bytes.length; ) {
    at = decoder.decode(bytes, at, bytes.length, Number.NaN);
    for (; ring.length > 0; ring.release()) {
      const front = ring.front();
      let isWhole = true;
      for (const [index, watch] of watches.entries()) {
        const value = ring.values[front + index];
        watch.take(value);
        if (!Number.isFinite(value)) isWhole = false;
      }
      if (isWhole) samples++;
      clock?.observe(ring.values, front + fields.length, ring.measuredAt, ring.frontSlot);
      const time = clock === null ? ring.deviceTimes[ring.frontSlot] : ring.measuredAt[ring.frontSlot];
      // After a step back the clock was restarted: the difference is not elapsed time.
      if (time >= clockBefore) {
        elapsedMs += time - clockBefore;
        steps++;
      }
      clockBefore = time;
    }
  }
  return {
    samples,
    samplesPerSecond: elapsedMs > 0 ? (1000 * steps) / elapsedMs : null,
    fields: watches.map((watch, index) => watch.result(fields[index].name)),
  };
}
