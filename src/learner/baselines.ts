/** Scores of simple rules, and of each expert alone. */

import { takeLogarithm } from "../logarithm.ts";
import type { State, Stateful } from "../state.ts";
import { notNegative, parts, whole, wholeWithin } from "../state-check.ts";
import { restoreArrays } from "./restore-arrays.ts";

export interface BaselinesOptions {
  /** Classes, or 0 where a number is predicted. */
  classes: number;
  /** Names of the experts, in order. */
  names: readonly string[];
}

/** Experts that are simple rules themselves, with the names of the rules. */
const rules: Record<string, string> = {
  "label-transitions": "last label",
  linear: "linear",
  "last-value": "last value",
  "least-squares": "linear",
  "least-squares-level": "linear, level only",
};

/** `constant` is of the label frequencies, or of the median. */
const at = { count: 0, constant: 1, lastLabelHits: 2, lastLabel: 3 } as const;

/** Running losses of experts and of rules: log loss for classes, absolute error for numbers. */
export class Baselines implements Stateful {
  readonly #classes: number;
  readonly #names: readonly string[];
  /** [experts]: sums. */
  readonly #losses: Float64Array;
  readonly #block = new Float64Array(4);
  readonly #cell = new Float64Array(1);

  constructor({ classes, names }: BaselinesOptions) {
    this.#classes = classes;
    this.#names = names;
    this.#losses = new Float64Array(names.length);
    this.#block[at.lastLabel] = -1;
  }

  /**
   * Scores the experts on the target `targets[targetAt]`: by their `losses` [experts + 1], the constant's last, where there are
   * classes; by their `answers` [experts] where a number is predicted, as those losses are in deviations, and by the `median` [1].
   */
  observe(
    targets: Float64Array,
    targetAt: number,
    answers: Float64Array,
    losses: Float64Array,
    median: Float64Array,
  ): void {
    const target = targets[targetAt];
    const sums = this.#losses;
    const block = this.#block;
    block[at.count]++;
    if (this.#classes === 0) {
      for (let k = 0; k < sums.length; k++) sums[k] += Math.abs(answers[k] - target);
      block[at.constant] += Math.abs(median[0] - target);
      return;
    }
    for (let k = 0; k < sums.length; k++) sums[k] += losses[k];
    block[at.constant] += losses[sums.length];
    if (block[at.lastLabel] === target) block[at.lastLabelHits]++;
  }

  /**
   * Corrects the scores of answers that were scored with the wrong target `before[beforeAt]`: of the experts' `answers`
   * [experts, classes], or numbers [experts], and of the `constant` one [classes], or [1].
   */
  correct(
    targets: Float64Array,
    targetAt: number,
    before: Float64Array,
    beforeAt: number,
    answers: Float64Array,
    asleep: Uint8Array,
    constant: Float64Array,
  ): void {
    const losses = this.#losses;
    const block = this.#block;
    const cell = this.#cell;
    for (let k = 0; k < losses.length; k++) {
      if (asleep[k] === 1) continue;
      this.#compare(targets, targetAt, before, beforeAt, answers, k);
      losses[k] += cell[0];
    }
    this.#compare(targets, targetAt, before, beforeAt, constant, 0);
    // Differences that were rounded may leave less than nothing.
    block[at.constant] = Math.max(0, block[at.constant] + cell[0]);
  }

  /** Writes by how much the loss of answer `k` is larger with the target than with the one before, to `#cell`. */
  #compare(
    targets: Float64Array,
    targetAt: number,
    before: Float64Array,
    beforeAt: number,
    answers: Float64Array,
    k: number,
  ): void {
    const classes = this.#classes;
    const cell = this.#cell;
    const truth = targets[targetAt];
    const wrong = before[beforeAt];
    if (classes === 0) {
      cell[0] = Math.abs(answers[k] - truth) - Math.abs(answers[k] - wrong);
      return;
    }
    cell[0] = answers[k * classes + wrong] / answers[k * classes + truth];
    takeLogarithm(cell, 0);
  }

  /** Learns a target, for the rules' next predictions. */
  learn(targets: Float64Array, targetAt: number): void {
    if (this.#classes > 0) this.#block[at.lastLabel] = targets[targetAt];
  }

  /** Mean loss of each expert, [experts]. */
  expertLosses(): number[] {
    const count = this.#block[at.count];
    return [...this.#losses].map((sum) => (count === 0 ? 0 : sum / count));
  }

  /** Mean loss of each rule; `meanError` is what always answering the mean would have cost a number. */
  report(meanError: number): { name: string; loss: number }[] {
    const count = this.#block[at.count];
    const losses = this.expertLosses();
    const constant = count === 0 ? 0 : this.#block[at.constant] / count;
    const constants =
      this.#classes > 0
        ? [{ name: "label frequencies", loss: constant }]
        : [
            { name: "mean", loss: meanError },
            { name: "median", loss: constant },
          ];
    const own = this.#names.flatMap((name, k) =>
      rules[name] ? [{ name: rules[name], loss: losses[k] }] : [],
    );
    return [...constants, ...own];
  }

  /** Share of right answers of always naming the last label; 0 before the first. */
  get lastLabelAccuracy(): number {
    const count = this.#block[at.count];
    return count === 0 ? 0 : this.#block[at.lastLabelHits] / count;
  }

  /** 1 - errors / errors of always naming the last label (Zliobaite et al., 2015); 0 where that makes none. */
  kappaTemporal(accuracy: number): number {
    const count = this.#block[at.count];
    const errors = count - this.#block[at.lastLabelHits];
    return errors === 0 ? 0 : 1 - ((1 - accuracy) * count) / errors;
  }

  state(): State {
    return { losses: this.#losses, block: this.#block };
  }

  restore(state: State): void {
    const live = { losses: this.#losses, block: this.#block };
    const block = parts(whole, [
      [at.constant, notNegative],
      [at.lastLabel, wholeWithin(-1, Math.max(0, this.#classes - 1))],
    ]);
    restoreArrays(live, state, "baselines", { block });
  }
}
