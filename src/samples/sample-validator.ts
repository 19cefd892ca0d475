/**
 * Validates the values of samples. A value is faulty if it is not finite, outside the range declared for its field, or
 * unchanged for as many samples as show a stuck sensor. Faults are counted by field; a policy decides about the sample.
 */
import { RivuletError } from "../errors/errors.ts";
import { largestFloat32 } from "../float32.ts";
import type { State, Stateful } from "../state.ts";
import type { Field } from "./decoding/fields.ts";

/**
 * What happens to a sample with a faulty value. `skip`: the sample is neither learned from nor predicted. `clamp`: the
 * value becomes the nearer end of the range. `hold`: the value becomes the last good value of the field; the sample is
 * skipped if there is none yet, or none for more than `holdFor` samples. `alarm`: the sample is used unchanged.
 * `absent`: the value becomes the mean of the field's good values; the sample is skipped if there is none yet.
 */
export interface ValuePolicies {
  missing: (typeof missingPolicies)[number];
  outOfRange: (typeof outOfRangePolicies)[number];
  stuck: (typeof stuckPolicies)[number];
  /** Under `absent`: the value stays missing, for features that replace it and say so. */
  indicator: boolean;
  /**
   * Most samples in a row for which a field's last good value is held: it replaces single missing values, not a broken
   * sensor. Counted in samples, so that a replayed recording is learned from as the live stream was, at any speed.
   */
  holdFor: number;
}

export const missingPolicies = ["skip", "hold", "absent"] as const;
export const outOfRangePolicies = ["skip", "clamp", "hold", "alarm"] as const;
/** The last good value is the stuck one, so there is nothing to hold. */
export const stuckPolicies = ["skip", "alarm"] as const;

/** The properties of a field that are validated. */
export type ValidatedField = Pick<Field, "name" | "range" | "stuck" | "optional" | "clock">;

/** Numbers of faulty values of one field. */
export interface FieldFaults {
  field: string;
  /** Values that are not finite in float32, in which the network computes. */
  notFinite: number;
  outOfRange: number;
  /** Values that repeated the value before them at least as often as declared for the field. */
  stuck: number;
  /** Values of a field that turned out to be a clock: they are 0 for the learner. Absent where it is not a clock. */
  clock?: number;
}

/** A report that a fault of a field begins, or that the field is good again. */
export interface FaultChange {
  text: string;
  isProblem: boolean;
  /** Faults of the field since it was last good. */
  faults: FieldFaults;
}

/**
 * Samples without a fault after which a field is good again, the first time. Each time the number doubles, up to a
 * maximum: a sensor that fails now and then is reported without filling the log.
 */
const goodAfterAtFirst = 100;
const goodAfterAtMost = 100 * 2 ** 10;

const notFiniteFault = 0;
const outOfRangeFault = 1;
const stuckFault = 2;
const kinds = 3;
/** One for each array of numbers by field, and as many as there are kinds for each of the two by kind. */
const rowsOfMemory = 12 + 2 * kinds;

/** Names of clocks, where the values rise; a temperature may be called t, and rises for long. */
const clockName = /^(ts|ms|us|millis|micros|uptime.*|elapsed.*|seconds|.*(time|date|epoch|stamp|clock).*)$/i;
/** Seconds since 1970, in the years 2001 to 2096. Milliseconds, micro- and nanoseconds of these years are no sensor's. */
const [firstEpochSecond, lastEpochSecond] = [1e9, 4e9];
const isEpoch = (value: number, unit: number) =>
  value >= firstEpochSecond * unit && value < lastEpochSecond * unit;
/** A field with the name of a clock is one once it has risen so often in a row. */
const enoughRises = 32;

/**
 * The state of a validator of the fields `from` for one of the fields `to`, by name; a new field begins without any past.
 * Null where the state is of other fields.
 */
export function carryValidation(state: State, from: readonly string[], to: readonly string[]): State | null {
  if (!(state instanceof Float64Array) || state.length !== rowsOfMemory * from.length + 1) return null;
  const policies: ValuePolicies = {
    missing: "skip",
    outOfRange: "skip",
    stuck: "alarm",
    indicator: false,
    holdFor: 1,
  };
  const carried = new SampleValidator(
    to.map((name) => ({ name })),
    policies,
    "",
  ).state() as Float64Array;
  const rows = rowsOfMemory - 2 * kinds;
  for (const [place, name] of to.entries()) {
    const before = from.indexOf(name);
    if (before < 0) continue;
    for (let row = 0; row < rows; row++) carried[row * to.length + place] = state[row * from.length + before];
    // Counts of all faults, then of those since the field was last good: each kind of a field beside the other.
    for (let block = 0; block < 2; block++) {
      for (let kind = 0; kind < kinds; kind++) {
        const at = (names: readonly string[], field: number) =>
          (rows + block * kinds) * names.length + kinds * field + kind;
        carried[at(to, place)] = state[at(from, before)];
      }
    }
  }
  carried[carried.length - 1] = state[state.length - 1];
  return carried;
}

/** Validates each sample between the ring and the learner. Allocates only to report a change. */
export class SampleValidator implements Stateful {
  readonly #fields: readonly ValidatedField[];
  readonly #policies: Readonly<ValuePolicies>;
  readonly #targetAt: number;
  readonly #reportChange: (change: FaultChange) => void;
  /** Lowest and highest values that are finite and in range, [fields]. */
  readonly #lows: Float64Array;
  readonly #highs: Float64Array;
  /** 1 for an optional field, which a sample may lack: its value is NaN then, and not a fault, [fields]. */
  readonly #isOptional: Uint8Array;
  /** Samples in a row after which an unchanged value is stuck; 0: never, [fields]. */
  readonly #stuckAfter: Uint32Array;
  /** All that is remembered of the samples before: the arrays below are parts of it, [18, fields], and the samples that were skipped. */
  readonly #memory: Float64Array;
  /** Samples in a row with the latest value, counted up to `#stuckAfter`, [fields]. */
  readonly #inARow: Float64Array;
  /** Latest value, [fields]; before the first it is NaN, which equals nothing. */
  readonly #latest: Float64Array;
  /** Last value that was finite and in range, [fields]; NaN before the first. */
  readonly #lastGood: Float64Array;
  /** Mean and number of the values that were finite and in range, under the policy absent, [fields]. */
  readonly #means: Float64Array;
  readonly #goodValues: Float64Array;
  /** Samples in a row for which that value was held, [fields]. */
  readonly #held: Float64Array;
  /** 1 where the end of holding has been reported since the field was last good, [fields]. */
  readonly #hasReportedEnd: Float64Array;
  /** 1 for a field that may be a clock, 2 where it has the name of one, 0 for the target and what is declared, [fields]. */
  readonly #mayBeClock: Uint8Array;
  /** Value before, and how often in a row values rose, [fields]. */
  readonly #risenFrom: Float64Array;
  readonly #rises: Float64Array;
  /** Values of a field since it is known to be a clock; 0 where it is not one, [fields]. */
  readonly #clockValues: Float64Array;
  /** Faults so far, [fields, kinds]. */
  readonly #counts: Float64Array;
  /** Faults since the field was last good, [fields, kinds]. */
  readonly #recent: Float64Array;
  /** Samples without a fault that are left until the field is good again; 0 where it is good, [fields]. */
  readonly #untilGood: Float64Array;
  /** Samples without a fault that a field needs to be good again, [fields]. */
  readonly #goodAfter: Float64Array;

  /**
   * @param fields the columns of a sample, in order
   * @param target name of the field to predict. A replaced value would be a wrong label, so a sample whose target is
   *   not finite or out of range is skipped under every policy
   * @param report called when a fault begins and when the field is good again
   */
  constructor(
    fields: readonly ValidatedField[],
    policies: Readonly<ValuePolicies>,
    target: string,
    report: (change: FaultChange) => void = () => {},
  ) {
    this.#fields = fields;
    this.#policies = policies;
    this.#targetAt = fields.findIndex(({ name }) => name === target);
    this.#reportChange = report;
    this.#lows = Float64Array.from(fields, ({ range }) => Math.max(range?.[0] ?? -Infinity, -largestFloat32));
    this.#highs = Float64Array.from(fields, ({ range }) => Math.min(range?.[1] ?? Infinity, largestFloat32));
    this.#isOptional = Uint8Array.from(fields, ({ optional }) => (optional === true ? 1 : 0));
    this.#stuckAfter = Uint32Array.from(fields, ({ stuck }) => stuck ?? 0);
    this.#memory = new Float64Array(rowsOfMemory * fields.length + 1);
    let end = 0;
    const rows = (count: number) => {
      const start = end;
      end += count * fields.length;
      return this.#memory.subarray(start, end);
    };
    this.#inARow = rows(1);
    this.#latest = rows(1).fill(Number.NaN);
    this.#lastGood = rows(1).fill(Number.NaN);
    this.#means = rows(1);
    this.#goodValues = rows(1);
    this.#held = rows(1);
    this.#hasReportedEnd = rows(1);
    this.#untilGood = rows(1);
    this.#goodAfter = rows(1).fill(goodAfterAtFirst);
    this.#risenFrom = rows(1).fill(Number.NaN);
    this.#rises = rows(1);
    this.#clockValues = rows(1);
    this.#counts = rows(kinds);
    this.#recent = rows(kinds);
    this.#mayBeClock = Uint8Array.from(fields, ({ name, clock, range }, field) => {
      if (field === this.#targetAt || clock === false || range !== undefined) return 0;
      return clockName.test(name) ? 2 : 1;
    });
  }

  /** Samples that were skipped, of earlier processes too. */
  get skipped(): number {
    return this.#memory[this.#memory.length - 1];
  }

  /**
   * Validates the sample at `offset` of `values`, and replaces faulty values there as the policies say.
   *
   * @returns false if the sample must be skipped
   */
  validate(values: Float64Array, offset: number): boolean {
    const lows = this.#lows;
    const highs = this.#highs;
    const stuckAfter = this.#stuckAfter;
    const untilGood = this.#untilGood;
    const lastGood = this.#lastGood;
    const averages = this.#policies.missing === "absent";
    const means = this.#means;
    const goodValues = this.#goodValues;
    let passes = true;
    for (let field = 0; field < lows.length; field++) {
      const value = values[offset + field];
      if (Number.isNaN(value) && this.#isOptional[field] === 1) continue;
      if (this.#mayBeClock[field] > 0 && this.#isClock(values, offset + field, field)) {
        values[offset + field] = 0;
        continue;
      }
      let isGood = true;
      if (stuckAfter[field] > 0 && this.#isStuck(values, offset + field, field)) {
        isGood = false;
        if (!this.#handleStuck(field)) passes = false;
      }
      if (value >= lows[field] && value <= highs[field]) {
        lastGood[field] = value;
        if (averages) means[field] += (value - means[field]) / ++goodValues[field];
        this.#held[field] = 0;
      } else {
        isGood = false;
        if (!this.#handleFaulty(values, offset + field, field)) passes = false;
      }
      if (isGood && untilGood[field] > 0) this.#countGood(field);
    }
    if (!passes) this.#memory[this.#memory.length - 1]++;
    return passes;
  }

  /** Whether the value is that of a clock, which no network learns anything from: it never comes again. */
  #isClock(values: Float64Array, at: number, field: number): boolean {
    const clockValues = this.#clockValues;
    if (clockValues[field] > 0) {
      clockValues[field]++;
      return true;
    }
    const value = values[at];
    if (!isEpoch(value, 1e3) && !isEpoch(value, 1e6) && !isEpoch(value, 1e9)) {
      if (this.#mayBeClock[field] === 1) return false;
      if (!isEpoch(value, 1)) {
        this.#rises[field] = value > this.#risenFrom[field] ? this.#rises[field] + 1 : 0;
        this.#risenFrom[field] = value;
        if (this.#rises[field] < enoughRises) return false;
      }
    }
    clockValues[field] = 1;
    const { name } = this.#fields[field];
    const text =
      `${name} is a clock, as ${value} shows, and is not learned from: its values are 0; name it in source.time, or leave ` +
      "it out; if it is none, add clock: false to its field";
    this.#reportChange({ text, isProblem: true, faults: this.#faultsIn(this.#counts, field) });
    return true;
  }

  state(): State {
    return this.#memory;
  }

  /** @throws RivuletError, with nothing changed, where the state is of other fields */
  restore(state: State): void {
    const numbers = this.#memory.length;
    if (!(state instanceof Float64Array) || state.length !== numbers) {
      throw new RivuletError(
        "state.mismatch",
        `found no ${numbers} numbers in the stored state of validation, expected those of ${this.#fields.length} fields; restore a matching state`,
      );
    }
    this.#memory.set(state);
    // The limit may have been another one.
    for (let field = 0; field < this.#fields.length; field++) {
      this.#inARow[field] = Math.min(this.#inARow[field], this.#stuckAfter[field]);
    }
  }

  /** Returns the counts so far of each field that has had a fault. */
  report(): FieldFaults[] {
    return this.#fields
      .map((_, field) => this.#faultsIn(this.#counts, field))
      .filter(({ notFinite, outOfRange, stuck, clock = 0 }) => notFinite + outOfRange + stuck + clock > 0);
  }

  #faultsIn(counts: Float64Array, field: number): FieldFaults {
    const [notFinite, outOfRange, stuck] = counts.subarray(kinds * field, kinds * (field + 1));
    const clock = this.#clockValues[field];
    return { field: this.#fields[field].name, notFinite, outOfRange, stuck, ...(clock > 0 && { clock }) };
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

  /** Counts and reports a stuck value; returns false if the sample must be skipped. */
  #handleStuck(field: number): boolean {
    const { stuck } = this.#policies;
    if (this.#count(field, stuckFault)) {
      const { name, stuck: after } = this.#fields[field];
      const fate = stuck === "skip" ? "skipped" : "used unchanged";
      this.#begin(field, `${name} has been ${this.#latest[field]} for ${after} samples; ${fate}`);
    }
    return stuck === "alarm";
  }

  /** Handles a value that is not finite or out of range; returns false if the sample must be skipped. */
  #handleFaulty(values: Float64Array, at: number, field: number): boolean {
    const value = values[at];
    const isNumber = Math.abs(value) <= largestFloat32;
    const isNew = this.#count(field, isNumber ? outOfRangeFault : notFiniteFault);
    const policy =
      field === this.#targetAt ? "skip" : isNumber ? this.#policies.outOfRange : this.#policies.missing;
    let passes = policy !== "skip";
    let fate = passes ? "used unchanged" : "skipped";
    if (policy === "clamp") {
      values[at] = value < this.#lows[field] ? this.#lows[field] : this.#highs[field];
      if (isNew) fate = `replaced by ${values[at]}`;
    } else if (policy === "absent") {
      const mean = this.#means[field];
      passes = this.#goodValues[field] > 0;
      if (passes) values[at] = this.#policies.indicator ? Number.NaN : mean;
      if (isNew) fate = passes ? `replaced by ${mean}, its mean` : "skipped until there is a good value";
    } else if (policy === "hold") {
      passes = this.#hold(values, at, field, isNew);
      if (isNew) {
        fate = passes
          ? `replaced by ${values[at]}, the last good value, for at most ${this.#policies.holdFor} samples`
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

  /** Replaces the value by the field's last good one; returns false if there is none, or it was held too long. */
  #hold(values: Float64Array, at: number, field: number, isNew: boolean): boolean {
    if (Number.isNaN(this.#lastGood[field])) return false;
    const { holdFor } = this.#policies;
    if (this.#held[field] < holdFor) {
      this.#held[field]++;
      values[at] = this.#lastGood[field];
      return true;
    }
    // When a fault of another kind begins, the report about that one is enough.
    if (this.#hasReportedEnd[field] === 0 && !isNew) {
      const { name } = this.#fields[field];
      this.#begin(field, `${name} has had no good value for ${holdFor} samples; skipped until there is one`);
    }
    this.#hasReportedEnd[field] = 1;
    return false;
  }

  /** Counts a fault; returns true if it is the first of its kind since the field was last good. */
  #count(field: number, kind: number): boolean {
    const at = kinds * field + kind;
    this.#counts[at]++;
    this.#recent[at]++;
    this.#untilGood[field] = this.#goodAfter[field];
    return this.#recent[at] === 1;
  }

  #begin(field: number, text: string): void {
    this.#reportChange({ text, isProblem: true, faults: this.#faultsIn(this.#recent, field) });
  }

  /** Counts a sample without a fault, for a field that has had faults. */
  #countGood(field: number): void {
    this.#untilGood[field]--;
    if (this.#untilGood[field] > 0) return;
    const faults = this.#faultsIn(this.#recent, field);
    const goodAfter = this.#goodAfter[field];
    this.#recent.fill(0, kinds * field, kinds * (field + 1));
    this.#hasReportedEnd[field] = 0;
    this.#goodAfter[field] = Math.min(2 * goodAfter, goodAfterAtMost);
    const text = `${faults.field} has been good for ${goodAfter} samples, after ${faultsText(faults)}`;
    this.#reportChange({ text, isProblem: false, faults });
  }
}

/** Describes the counts in words: `12 out of range, 3 not finite`. */
export function faultsText({ notFinite, outOfRange, stuck, clock = 0 }: FieldFaults): string {
  const counts: [number, string][] = [
    [notFinite, "not finite"],
    [outOfRange, "out of range"],
    [stuck, "stuck"],
    [clock, "of a clock, not learned from"],
  ];
  return counts.flatMap(([count, kind]) => (count > 0 ? [`${count} ${kind}`] : [])).join(", ");
}
