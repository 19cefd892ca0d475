/**
 * Values that cannot be true: not finite, out of the range that was declared for the field, or the same for so long that
 * the sensor must be stuck. Each is counted by field, and a policy says what becomes of the sample.
 */
import { largestFloat32 } from "../float32.ts";
import type { Field } from "./decoding/fields.ts";

/**
 * What becomes of a sample with such a value: `skip`, it is neither learned from nor predicted; `clamp`, the value
 * becomes the nearer end of the range; `hold`, it becomes the last good value of the field, and the sample is skipped
 * where there is none yet, or none for too long; `alarm`, the sample goes on as it is.
 */
export interface ValuePolicies {
  notFinite: (typeof notFinitePolicies)[number];
  outOfRange: (typeof outOfRangePolicies)[number];
  stuck: (typeof stuckPolicies)[number];
  /**
   * Samples in a row that a field's last good value is held for: it stands for what a sensor missed, not for a sensor.
   * In samples, as a recording is to be learned from as it was live, at whatever speed.
   */
  holdFor: number;
}

export const notFinitePolicies = ["skip", "hold"] as const;
export const outOfRangePolicies = ["skip", "clamp", "hold", "alarm"] as const;
/** The last good value is the stuck one, so there is nothing to hold. */
export const stuckPolicies = ["skip", "alarm"] as const;

/** What is to be known of a field. */
export type VettedField = Pick<Field, "name" | "range" | "stuck" | "optional">;

/** How often a field has had a value that cannot be true. */
export interface FieldFaults {
  field: string;
  /** Values that are no finite number in float32, in which the network counts. */
  notFinite: number;
  outOfRange: number;
  /** Values that were the same as so many before them as are declared, or more. */
  stuck: number;
}

/** That a fault of a field begins, or that the field has been good again for a while. */
export interface FaultChange {
  text: string;
  isProblem: boolean;
  /** The field's faults from the first of them on until it was good again. */
  faults: FieldFaults;
}

/**
 * Samples without a fault of the field after which it is good again, the first time. Each time it takes twice as many,
 * up to the most: a sensor that fails now and then is to be told of, but not to fill the log.
 */
const goodAfterAtFirst = 100;
const goodAfterAtMost = 100 * 2 ** 10;

const notFiniteFault = 0;
const outOfRangeFault = 1;
const stuckFault = 2;
const kinds = 3;

/** Looks at each sample on its way from the ring to the learner. Allocates nothing but to tell of a change. */
export class SampleValidator {
  /** Samples that were skipped. */
  skipped = 0;
  readonly #fields: readonly VettedField[];
  readonly #policies: Readonly<ValuePolicies>;
  readonly #targetAt: number;
  readonly #tell: (change: FaultChange) => void;
  /** The values that are neither not finite nor out of range, [fields]. */
  readonly #lows: Float64Array;
  readonly #highs: Float64Array;
  /** 1 for a field that a sample may lack: its value is NaN then, and that is no fault, [fields]. */
  readonly #isOptional: Uint8Array;
  /** Samples in a row that make a value stuck, 0 for never, [fields]. */
  readonly #stuckAfter: Uint32Array;
  /** How many in a row have had the latest value, counted up to `#stuckAfter`, [fields]. */
  readonly #inARow: Uint32Array;
  /** The latest value, [fields]; NaN, which is not the same as itself, before the first. */
  readonly #latest: Float64Array;
  /** The last value that was finite and in range, [fields]; NaN before the first. */
  readonly #lastGood: Float64Array;
  /** Samples in a row for which that was held, [fields]. */
  readonly #held: Uint32Array;
  /** Whether it was told, since the field was good, that it is held no longer, [fields]. */
  readonly #toldOfEnd: Uint8Array;
  /** [fields, kinds] */
  readonly #counts: Float64Array;
  /** Of these, those since the field was good, [fields, kinds]. */
  readonly #recent: Float64Array;
  /** Samples without a fault until the field is good again, 0 where it is, [fields]. */
  readonly #untilGood: Uint32Array;
  /** How many that takes, [fields]. */
  readonly #goodAfter: Uint32Array;

  /**
   * @param fields the columns of a sample, in order
   * @param target name of the one to be predicted. A label that was made up would be a lie, so where it is not finite
   *   or out of its range the sample is skipped, whatever the policies say
   * @param tell is told when a fault begins and when the field is good again
   */
  constructor(
    fields: readonly VettedField[],
    policies: Readonly<ValuePolicies>,
    target: string,
    tell: (change: FaultChange) => void = () => {},
  ) {
    this.#fields = fields;
    this.#policies = policies;
    this.#targetAt = fields.findIndex(({ name }) => name === target);
    this.#tell = tell;
    this.#lows = Float64Array.from(fields, ({ range }) => Math.max(range?.[0] ?? -Infinity, -largestFloat32));
    this.#highs = Float64Array.from(fields, ({ range }) => Math.min(range?.[1] ?? Infinity, largestFloat32));
    this.#isOptional = Uint8Array.from(fields, ({ optional }) => (optional === true ? 1 : 0));
    this.#stuckAfter = Uint32Array.from(fields, ({ stuck }) => stuck ?? 0);
    this.#inARow = new Uint32Array(fields.length);
    this.#latest = new Float64Array(fields.length).fill(Number.NaN);
    this.#lastGood = new Float64Array(fields.length).fill(Number.NaN);
    this.#held = new Uint32Array(fields.length);
    this.#toldOfEnd = new Uint8Array(fields.length);
    this.#counts = new Float64Array(kinds * fields.length);
    this.#recent = new Float64Array(kinds * fields.length);
    this.#untilGood = new Uint32Array(fields.length);
    this.#goodAfter = new Uint32Array(fields.length).fill(goodAfterAtFirst);
  }

  /**
   * Looks at the sample at `offset` of `values`, and puts there what is to be learned from instead. Gives false where
   * the sample is to be skipped.
   */
  validate(values: Float64Array, offset: number): boolean {
    const lows = this.#lows;
    const highs = this.#highs;
    const stuckAfter = this.#stuckAfter;
    const untilGood = this.#untilGood;
    const lastGood = this.#lastGood;
    let passes = true;
    for (let field = 0; field < lows.length; field++) {
      const value = values[offset + field];
      if (Number.isNaN(value) && this.#isOptional[field] === 1) continue;
      let isGood = true;
      if (stuckAfter[field] > 0 && this.#isStuck(values, offset + field, field)) {
        isGood = false;
        if (!this.#takeStuck(field)) passes = false;
      }
      if (value >= lows[field] && value <= highs[field]) {
        lastGood[field] = value;
        this.#held[field] = 0;
      } else {
        isGood = false;
        if (!this.#takeUntrue(values, offset + field, field)) passes = false;
      }
      if (isGood && untilGood[field] > 0) this.#comeNearer(field);
    }
    if (!passes) this.skipped++;
    return passes;
  }

  /** What was found so far, of each field that has had a fault. */
  report(): FieldFaults[] {
    return this.#fields
      .map((_, field) => this.#faultsIn(this.#counts, field))
      .filter(({ notFinite, outOfRange, stuck }) => notFinite + outOfRange + stuck > 0);
  }

  #faultsIn(counts: Float64Array, field: number): FieldFaults {
    const [notFinite, outOfRange, stuck] = counts.subarray(kinds * field, kinds * (field + 1));
    return { field: this.#fields[field].name, notFinite, outOfRange, stuck };
  }

  #isStuck(values: Float64Array, at: number, field: number): boolean {
    const inARow = this.#inARow;
    const value = values[at];
    if (value !== this.#latest[field]) {
      this.#latest[field] = value;
      inARow[field] = 1;
    } else if (inARow[field] < this.#stuckAfter[field]) {
      inARow[field]++;
    }
    return inARow[field] === this.#stuckAfter[field];
  }

  /** Takes a stuck value; false where the sample is to be skipped. */
  #takeStuck(field: number): boolean {
    const { stuck } = this.#policies;
    if (this.#count(field, stuckFault)) {
      const { name, stuck: after } = this.#fields[field];
      const fate = stuck === "skip" ? "skipped" : "learned from all the same";
      this.#begin(field, `${name} has been ${this.#latest[field]} for ${after} samples; ${fate}`);
    }
    return stuck === "alarm";
  }

  /** Takes a value that is not finite or out of its range; false where the sample is to be skipped. */
  #takeUntrue(values: Float64Array, at: number, field: number): boolean {
    const value = values[at];
    const isNumber = Math.abs(value) <= largestFloat32;
    const isNew = this.#count(field, isNumber ? outOfRangeFault : notFiniteFault);
    const policy =
      field === this.#targetAt ? "skip" : isNumber ? this.#policies.outOfRange : this.#policies.notFinite;
    let passes = policy !== "skip";
    let fate = passes ? "learned from all the same" : "skipped";
    if (policy === "clamp") {
      values[at] = value < this.#lows[field] ? this.#lows[field] : this.#highs[field];
      if (isNew) fate = `taken as ${values[at]}`;
    } else if (policy === "hold") {
      passes = this.#hold(values, at, field, isNew);
      if (isNew) {
        fate = passes
          ? `taken as ${values[at]}, the last good value, for ${this.#policies.holdFor} samples at most`
          : "skipped until there is a good value";
      }
    }
    if (isNew) {
      const { name, range } = this.#fields[field];
      const fault = isNumber ? `out of its range, ${range?.[0]} to ${range?.[1]}` : "not a finite number";
      this.#begin(field, `${name} is ${fault}: ${value}; ${fate}`);
    }
    return passes;
  }

  /** Puts the field's last good value there; false where there is none yet, or it was held for long enough. */
  #hold(values: Float64Array, at: number, field: number, isNew: boolean): boolean {
    if (Number.isNaN(this.#lastGood[field])) return false;
    const { holdFor } = this.#policies;
    if (this.#held[field] < holdFor) {
      this.#held[field]++;
      values[at] = this.#lastGood[field];
      return true;
    }
    // Where a fault of another kind begins, that is told, and what becomes of it.
    if (this.#toldOfEnd[field] === 0 && !isNew) {
      const { name } = this.#fields[field];
      this.#begin(field, `${name} has had no good value for ${holdFor} samples; skipped until there is one`);
    }
    this.#toldOfEnd[field] = 1;
    return false;
  }

  /** Counts a fault; true where it is the first of its kind since the field was good. */
  #count(field: number, kind: number): boolean {
    const at = kinds * field + kind;
    this.#counts[at]++;
    this.#recent[at]++;
    this.#untilGood[field] = this.#goodAfter[field];
    return this.#recent[at] === 1;
  }

  #begin(field: number, text: string): void {
    this.#tell({ text, isProblem: true, faults: this.#faultsIn(this.#recent, field) });
  }

  /** Counts a sample without a fault of the field, after some with. */
  #comeNearer(field: number): void {
    this.#untilGood[field]--;
    if (this.#untilGood[field] > 0) return;
    const faults = this.#faultsIn(this.#recent, field);
    const goodAfter = this.#goodAfter[field];
    this.#recent.fill(0, kinds * field, kinds * (field + 1));
    this.#toldOfEnd[field] = 0;
    this.#goodAfter[field] = Math.min(2 * goodAfter, goodAfterAtMost);
    const text = `${faults.field} has been good for ${goodAfter} samples, after ${faultsText(faults)}`;
    this.#tell({ text, isProblem: false, faults });
  }
}

/** `12 out of range, 3 not finite`. */
export function faultsText({ notFinite, outOfRange, stuck }: FieldFaults): string {
  const counts: [number, string][] = [
    [notFinite, "not finite"],
    [outOfRange, "out of range"],
    [stuck, "stuck"],
  ];
  return counts.flatMap(([count, kind]) => (count > 0 ? [`${count} ${kind}`] : [])).join(", ");
}
