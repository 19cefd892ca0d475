import { keyError, RivuletError } from "../errors/errors.ts";
import { ColumnStatistic } from "../features/column-statistic.ts";
import type { State, Stateful } from "../state.ts";
import { suggestion } from "../wording/nearest.ts";

/** What is to be predicted: which class a column holds, and what each is called; the number in it; or in it some rows ahead. */
export type TargetDescription =
  | { column: string; classes: number; names?: string[] }
  | { column: string; standardize: boolean }
  | { column: string; horizon: number; coverage: number };

/** More would make the confusion matrix, classes x classes, the largest thing in memory: 32 MiB at this many. */
export const mostClasses = 2048;

/** The names of the classes, where the target has any. The list is shared: names that a stream brings are appended. */
export function namesIn(target: object): { names?: string[] } {
  return "names" in target && target.names !== undefined ? { names: target.names as string[] } : {};
}

/** Appends the names of classes that an earlier run has met, where a stream brings them. */
export function adoptNames(target: object, stored: readonly string[]): void {
  const { names } = namesIn(target);
  if (names === undefined || !names.every((name, index) => name === stored[index])) return;
  names.push(...stored.slice(names.length));
}

/** The names of a learner's classes; undefined where they are numbers, or none. */
export function classNamesOf(learner: {
  describe(): { target: TargetDescription };
}): readonly string[] | undefined {
  return namesIn(learner.describe().target).names;
}

/** Whether a class that both lists name has another number in the second. */
export const haveMoved = (names: readonly string[], others: readonly string[]): boolean =>
  names.some((name, index) => others[index] !== name && others.includes(name));

/** What a class is called: its name, else its number. */
export function className(names: readonly string[] | undefined, index: number): string {
  return names?.[index] ?? String(index);
}

/** What each class of a learner is called, in order; null where a number is predicted. */
export function shownClasses(
  learner: Parameters<typeof classNamesOf>[0] & { classes: number },
): string[] | null {
  const names = classNamesOf(learner);
  return learner.classes === 0
    ? null
    : Array.from({ length: learner.classes }, (_, index) => className(names, index));
}

/** Checks a target against the columns of a sample. @throws RivuletError */
export function requireTarget(target: TargetDescription, fields: readonly string[]): void {
  if (!fields.includes(target.column)) {
    throw keyError(
      "config.bad-value",
      "target.column",
      `names "${target.column}", which is not a column of a sample; ${suggestion(target.column, fields)}`,
    );
  }
  if (
    "classes" in target &&
    !(Number.isInteger(target.classes) && target.classes >= 2 && target.classes <= mostClasses)
  ) {
    throw keyError(
      "config.bad-value",
      "target.classes",
      `must be a whole number from 2 to ${mostClasses}, not ${target.classes}`,
    );
  }
}

/** A target to learn from lies within this many standard deviations of the mean. */
const targetBound = 8;

/**
 * Between a number in the target's units and what the network is trained on: with `standardize`, standard
 * deviations from the mean of the targets seen so far. Knows the targets that cannot be true.
 */
export class TargetScale implements Stateful {
  readonly statistic = new ColumnStatistic({ columns: 1 });
  readonly #isNumber: boolean;
  readonly #standardizes: boolean;

  constructor(target: TargetDescription) {
    this.#isNumber = !("classes" in target);
    this.#standardizes = "standardize" in target && target.standardize;
  }

  /**
   * Writes the target at `values[at]` to `out[outAt]`, scaled by the targets so far and held within 8 standard
   * deviations; without scale only one that cannot be true is held so.
   */
  scale(values: Float64Array, at: number, out: Float32Array, outAt: number): void {
    const { statistic } = this;
    const mean = statistic.means[0];
    const deviation = Math.sqrt(statistic.variances[0]);
    if (this.#standardizes) {
      const scaled = deviation > 0 ? (values[at] - mean) / deviation : 0;
      out[outAt] = Math.min(Math.max(scaled, -targetBound), targetBound);
    } else {
      const most = statistic.isGlitch(values, at, 0) ? targetBound * deviation : Number.POSITIVE_INFINITY;
      out[outAt] = Math.min(Math.max(values[at], mean - most), mean + most);
    }
  }

  /** Turns the network's answer in `answer[0]`, held as targets are, into the target's units, in place. */
  restoreUnits(answer: Float64Array): void {
    if (!this.#standardizes) return;
    const held = Math.min(Math.max(answer[0], -targetBound), targetBound);
    answer[0] = held * Math.sqrt(this.statistic.variances[0]) + this.statistic.means[0];
  }

  /** Learns the target; false, with nothing learned, where it cannot be true. */
  learn(values: Float64Array, at: number): boolean {
    this.statistic.learn(values, at);
    return this.statistic.isUsed(0);
  }

  state(): State {
    return this.#isNumber ? this.statistic.state() : null;
  }

  restore(state: State): void {
    // Version 0.1.0 kept nothing of a target that is not standardized.
    if (state === null && !this.#standardizes) return;
    if (this.#isNumber) this.statistic.restore(state);
    else {
      throw new RivuletError(
        "state.mismatch",
        "found statistics of a target in the state, expected none for classes; restore a matching state",
      );
    }
  }
}
