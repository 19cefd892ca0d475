/** Detects experts that are much worse than a constant answer, and restores or restarts them. */

import type { State, Stateful } from "../state.ts";
import { notNegative, whole, wholeWithin } from "../state-check.ts";
import type { Expert } from "./expert.ts";
import { restoreArrays } from "./restore-arrays.ts";

/** Factor by which losses fade with each row: about the last 200 count. */
const fading = 0.995;
/** Losses before an expert is judged, and again after it was healed. */
const fewest = 400;
/** Rows from one copy of a healthy expert to the next, and from one look for overflow to the next. */
const keepEvery = 256;

export interface ExpertHealthOptions {
  experts: number;
  /** An expert is healthy while its fading loss is at most this many times the constant's ... */
  factor: number;
  /** ... plus this. */
  margin: number;
}

/**
 * Fading losses of experts beside that of a constant answer. An expert that is no worse than the constant keeps a copy of
 * itself every 256 rows. One that is worse by more than the margin goes back to that copy, and where it is not healthy
 * from there either, it is restarted. So is one in which a number has overflowed.
 */
export class ExpertHealth implements Stateful {
  /** [experts]: times that each was restarted, and that it went back to what it had kept. */
  readonly restarts: Float64Array;
  readonly recoveries: Float64Array;
  /** Times that any expert was healed. */
  healed = 0;
  readonly #factor: number;
  readonly #margin: number;
  /** [experts + 1]: fading sums of losses, the constant's last. */
  readonly #losses: Float64Array;
  /** [experts]: losses since it was healed last. */
  readonly #counts: Float64Array;
  /** [experts]: 1 where there is a copy to go back to. */
  readonly #kept: Float64Array;

  constructor({ experts, factor, margin }: ExpertHealthOptions) {
    this.#factor = factor;
    this.#margin = margin;
    this.restarts = new Float64Array(experts);
    this.recoveries = new Float64Array(experts);
    this.#losses = new Float64Array(experts + 1);
    this.#counts = new Float64Array(experts);
    this.#kept = new Float64Array(experts);
  }

  /**
   * Takes the losses of the experts on a row, `losses` [experts + 1], the constant's last. Returns the number of the
   * first expert that is not healthy, -1 where all are.
   */
  observe(losses: Float64Array): number {
    const sums = this.#losses;
    const counts = this.#counts;
    const experts = counts.length;
    for (let k = 0; k <= experts; k++) sums[k] = fading * sums[k] + (1 - fading) * losses[k];
    for (let k = 0; k < experts; k++) {
      counts[k]++;
      if (counts[k] >= fewest && sums[k] > this.#factor * sums[experts] + this.#margin) return k;
    }
    return -1;
  }

  /** To be called after each row: whether it is time to look for overflow, which need not show in losses. */
  looksNow(expert: number): boolean {
    return this.#counts[expert] % keepEvery === 0;
  }

  /** To be called after each row: whether this expert is to keep a copy of itself now. */
  keepsNow(expert: number): boolean {
    const count = this.#counts[expert];
    const isDue = count >= fewest && count % keepEvery === 0;
    return isDue && this.#losses[expert] <= this.#losses[this.#counts.length];
  }

  /** Whether an expert has a copy of itself to go back to. */
  hasCopy(expert: number): boolean {
    return this.#kept[expert] === 1;
  }

  /** Forgets everything: the experts are others. */
  restart(): void {
    for (const array of Object.values(this.#arrays())) array.fill(0);
    this.healed = 0;
  }

  /** Lets the expert keep a copy of itself, where it can. */
  keep(index: number, expert: Expert): void {
    if (expert.keep === undefined || expert.recover === undefined) return;
    expert.keep();
    this.#kept[index] = 1;
  }

  /** Heals an expert, which is judged again after some rows. */
  heal(index: number, expert: Expert): void {
    this.healed++;
    if (this.#kept[index] === 1 && expert.recover !== undefined) {
      expert.recover();
      this.recoveries[index]++;
      this.#kept[index] = 0;
    } else {
      expert.restart();
      this.restarts[index]++;
    }
    this.#counts[index] = 0;
    this.#losses[index] = this.#losses[this.#counts.length];
  }

  #arrays() {
    const { restarts, recoveries } = this;
    return { restarts, recoveries, losses: this.#losses, counts: this.#counts, kept: this.#kept };
  }

  state(): State {
    return this.#arrays();
  }

  restore(state: State): void {
    restoreArrays(this.#arrays(), state, "health of experts", {
      restarts: whole,
      recoveries: whole,
      losses: notNegative,
      counts: whole,
      kept: wholeWithin(0, 1),
    });
    this.healed = 0;
    for (let k = 0; k < this.restarts.length; k++) this.healed += this.restarts[k] + this.recoveries[k];
  }
}
