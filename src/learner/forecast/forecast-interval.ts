import { takeExponential } from "../../engine/model/exponential.ts";
import { restoreBlock } from "../../features/restore.ts";
import type { State, Stateful } from "../../state.ts";
import { finite, notNegative, parts, whole, wholeWithin } from "../../state-check.ts";

/** Errors whose quantile is the width. */
const kept = 256;
/** How fast the width follows misses. */
const learningRate = 0.05;
/** Targets before the coverage is counted, and the latest of which it is told besides. */
const uncounted = 100;
const recent = 500;

const at = { level: 0, next: 1, count: 2, covered: 3, counted: 4, recentNext: 5 } as const;
const ownNumbers = 6;

const check = parts(notNegative, [
  [at.level, finite],
  [at.next, wholeWithin(0, kept - 1)],
  [at.count, whole],
  [at.recentNext, wholeWithin(0, recent - 1)],
]);

/**
 * An interval around a forecast: the quantile of the latest 256 errors times e^l, and l += 0.05 (miss - (1 - coverage)) when
 * a truth arrives (quantile tracking: Angelopoulos, Candes and Tibshirani, Conformal PID control, 2023). Tracking the level of
 * the quantile in place of a factor fails at long horizons, whose errors come late and in runs.
 */
export class ForecastInterval implements Stateful {
  /** Share of the targets that the interval is to hold. */
  readonly coverage: number;
  /** See `at`; then the errors in the order in which they came, the same sorted, and whether the latest ones were covered. */
  readonly #block = new Float64Array(ownNumbers + 2 * kept + recent);
  readonly #factor = new Float64Array(1);

  static readonly bytes = 8 * (ownNumbers + 2 * kept + recent + 1);

  constructor(coverage: number) {
    this.coverage = coverage;
  }

  /** Writes half the width around a forecast to `out[outAt]`, in the unit of the errors. Allocates nothing. */
  write(out: Float64Array, outAt: number): void {
    const block = this.#block;
    const count = Math.min(block[at.count], kept);
    if (count === 0) {
      out[outAt] = 0;
      return;
    }
    const place = Math.min(count - 1, Math.ceil(this.coverage * (count + 1)) - 1);
    this.#factor[0] = block[at.level];
    takeExponential(this.#factor, 0);
    out[outAt] = block[ownNumbers + kept + place] * this.#factor[0];
  }

  /** Learns that a forecast missed by `errors[errorAt]`, with half the width `widths[widthAt]`. Allocates nothing. */
  learn(errors: Float64Array, errorAt: number, widths: Float64Array, widthAt: number): void {
    const block = this.#block;
    const miss = errors[errorAt] > widths[widthAt] ? 1 : 0;
    if (block[at.count] > 0) block[at.level] += learningRate * (miss - (1 - this.coverage));
    this.#insert(errors, errorAt);
    block[at.count]++;
    if (block[at.count] <= uncounted) return;
    block[at.counted]++;
    block[at.covered] += 1 - miss;
    const next = block[at.recentNext];
    block[ownNumbers + 2 * kept + next] = 1 - miss;
    block[at.recentNext] = next + 1 === recent ? 0 : next + 1;
  }

  /** Puts an error into the ring, and into its place among the sorted ones. */
  #insert(errors: Float64Array, errorAt: number): void {
    const block = this.#block;
    const error = errors[errorAt];
    const next = block[at.next];
    const sorted = ownNumbers + kept;
    let count = Math.min(block[at.count], kept);
    if (count === kept) {
      const oldest = block[ownNumbers + next];
      let from = 0;
      while (from < kept - 1 && block[sorted + from] !== oldest) from++;
      block.copyWithin(sorted + from, sorted + from + 1, sorted + kept);
      count--;
    }
    let to = count;
    while (to > 0 && block[sorted + to - 1] > error) {
      block[sorted + to] = block[sorted + to - 1];
      to--;
    }
    block[sorted + to] = error;
    block[ownNumbers + next] = error;
    block[at.next] = next + 1 === kept ? 0 : next + 1;
  }

  /** Share of the targets inside, from the hundredth on; 0 before. */
  get realizedCoverage(): number {
    const block = this.#block;
    return block[at.counted] > 0 ? block[at.covered] / block[at.counted] : 0;
  }

  /** The same over the latest 500. */
  get recentCoverage(): number {
    const block = this.#block;
    const count = Math.min(block[at.counted], recent);
    let covered = 0;
    for (let i = 0; i < count; i++) covered += block[ownNumbers + 2 * kept + i];
    return count > 0 ? covered / count : 0;
  }

  state(): State {
    return this.#block;
  }

  restore(state: State): void {
    restoreBlock(this.#block, state, "interval of forecasts", check);
  }
}
