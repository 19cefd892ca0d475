/** Detects experts that are much worse than a constant answer. */

import type { State, Stateful } from "../state.ts";
import { restoreArrays } from "./restore-arrays.ts";

/** Factor by which losses fade with each row: about the last 200 count. */
const fading = 0.995;
/** Losses before an expert is judged, and again after a restart. */
const fewest = 400;

export interface ExpertHealthOptions {
  experts: number;
  /** An expert is healthy while its fading loss is at most this many times the constant's ... */
  factor: number;
  /** ... plus this. */
  margin: number;
}

/** Fading losses of experts beside that of a constant answer. */
export class ExpertHealth implements Stateful {
  /** [experts]: times that each was found not healthy. */
  readonly restarts: Float64Array;
  readonly #factor: number;
  readonly #margin: number;
  /** [experts + 1]: fading sums of losses, the constant's last. */
  readonly #losses: Float64Array;
  /** [experts]: losses since the last restart. */
  readonly #counts: Float64Array;

  constructor({ experts, factor, margin }: ExpertHealthOptions) {
    this.#factor = factor;
    this.#margin = margin;
    this.restarts = new Float64Array(experts);
    this.#losses = new Float64Array(experts + 1);
    this.#counts = new Float64Array(experts);
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

  /** Counts a restart of an expert; its health is judged again after some rows. */
  restarted(expert: number): void {
    this.restarts[expert]++;
    this.#counts[expert] = 0;
    this.#losses[expert] = this.#losses[this.#counts.length];
  }

  state(): State {
    return { restarts: this.restarts, losses: this.#losses, counts: this.#counts };
  }

  restore(state: State): void {
    const live = { restarts: this.restarts, losses: this.#losses, counts: this.#counts };
    restoreArrays(live, state, "health of experts");
  }
}
