import { keyError, RivuletError } from "../errors/errors.ts";
import { RunningStatistics } from "../features/running-statistics.ts";
import type { State, Stateful } from "../state.ts";
import { suggestion } from "../wording/nearest.ts";

/** What is to be predicted: which class a column holds, or the number in it. */
export type TargetDescription =
  | { column: string; classes: number }
  | { column: string; standardize: boolean };

/** More would make the confusion matrix, classes x classes, the largest thing in memory: 32 MiB at this many. */
export const mostClasses = 2048;

/** Checks a target against the columns of a sample. @throws RivuletError */
export function requireTarget(target: TargetDescription, fields: readonly string[]): void {
  if (!fields.includes(target.column)) {
    throw keyError(
      "config.bad-value",
      "target.column",
      `names "${target.column}", which is no column of a sample; ${suggestion(target.column, fields)}`,
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

/**
 * Between a number in the target's units and what the network is trained on: with `standardize`, standard
 * deviations from the mean of the targets seen so far.
 */
export class TargetScale implements Stateful {
  readonly #statistics: RunningStatistics | null;
  readonly #scaled = new Float64Array(1);

  constructor(standardize: boolean) {
    this.#statistics = standardize ? new RunningStatistics(1) : null;
  }

  /** Writes the target at `values[at]` to `out[outAt]`, scaled by the targets so far. */
  scale(values: Float64Array, at: number, out: Float32Array, outAt: number): void {
    if (this.#statistics) {
      this.#statistics.standardize(values, at, this.#scaled);
      out[outAt] = this.#scaled[0];
    } else {
      out[outAt] = values[at];
    }
  }

  /** Turns the network's answer in `answer[0]` into the target's units, in place. */
  restoreUnits(answer: Float64Array): void {
    this.#statistics?.restoreUnits(answer);
  }

  learn(values: Float64Array, at: number): void {
    this.#statistics?.learn(values, at);
  }

  state(): State {
    return this.#statistics ? this.#statistics.state() : null;
  }

  restore(state: State): void {
    if (this.#statistics) this.#statistics.restore(state);
    else if (state !== null) {
      throw new RivuletError(
        "state.mismatch",
        "the stored target has statistics but this one is not standardized",
      );
    }
  }
}
