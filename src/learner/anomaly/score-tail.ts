import { takeExponential } from "../../engine/model/exponential.ts";
import { takeLogarithm } from "../../logarithm.ts";
import type { State, Stateful } from "../../state.ts";
import { finite, notNegative, parts, whole, within } from "../../state-check.ts";
import { restoreArrays } from "../restore-arrays.ts";
import { binOfLogarithm, binOfScore, bins, binsPerUnit, leastLog } from "./score-bins.ts";
import { Surprises } from "./surprises.ts";

/** Rows between two looks at the whole histogram; each of the first 200 is one. */
const rowsPerLook = 32;
const eagerRows = 200;
/** Rows before the first answer. */
const fewestRows = 20;
/** Weights grow from row to row; from here they are scaled down together. */
const greatestWeight = 1e12;

const at = { weight: 0, total: 1, sinceLook: 2, start: 3, excess: 4, startNats: 5 } as const;

const sane = parts(notNegative, [
  [at.weight, within(1e-30, greatestWeight * 2)],
  [at.sinceLook, whole],
  [at.start, within(leastLog, leastLog + bins / binsPerUnit)],
  [at.startNats, finite],
]);

/** Whether tails leave out the rows that they measure; those of one detector share it. */
export interface TailPause {
  isOn: boolean;
}

export interface ScoreTailOptions {
  /** While it is on, rows are measured and not taken in. */
  pause?: TailPause;
  /** Rows after which a row weighs half. Default 20,000. */
  halfLife?: number;
  /** Part of the rows in the tail, of which only the mean excess is kept. Default 0.02. */
  tail?: number;
  /** Smallest mean excess of the tail: the scores are never taken to end more steeply. Default 0.06. */
  leastExcess?: number;
  /**
   * Whether scores are counts, most of them equal: the tail then begins above the bin that most are in, and what is above all
   * so far is as rare as their number says. Default false.
   */
  areCounts?: boolean;
  /** Whether scores are given as logarithms. Default false. */
  areLogarithms?: boolean;
}

/**
 * How improbable a score is among those before it, in nats: -ln of the part of rows that scored higher. A histogram of
 * logarithms whose rows fade; beyond the quantile at which the tail begins, an exponential with the tail's mean excess,
 * which is a Pareto tail of the scores themselves (Pickands, Statistical inference using extreme order statistics, Annals
 * of Statistics 3, 1975).
 */
export class ScoreTail implements Stateful {
  /** Weight of the rows in each bin, [320], and of those above it at the latest look. */
  readonly #weights = new Float32Array(bins);
  readonly #above = new Float32Array(bins);
  /** The lowest and the highest bin that have a weight, [2]. */
  readonly #used = Int32Array.of(bins, -1);
  readonly #scalars = new Float64Array(6);
  /** Logarithm of the score that is measured, where it is in the tail, [1]. */
  readonly #log = new Float64Array(1);
  readonly #pause: TailPause;
  readonly #growth: number;
  readonly #tail: number;
  readonly #leastExcess: number;
  readonly #areCounts: boolean;
  readonly #areLogarithms: boolean;

  /** Bytes of one, beside the object. */
  static readonly bytes = 2 * 4 * bins + 8 * 8;

  constructor({
    pause = { isOn: false },
    halfLife = 20_000,
    tail = 0.02,
    leastExcess = 0.06,
    areCounts = false,
    areLogarithms = false,
  }: ScoreTailOptions = {}) {
    this.#pause = pause;
    // 2^(1/h) by its series, as powers may differ in the last bit between machines.
    const rate = Math.LN2 / halfLife;
    this.#growth = 1 + rate * (1 + (rate / 2) * (1 + (rate / 3) * (1 + rate / 4)));
    this.#tail = tail;
    this.#leastExcess = leastExcess;
    this.#areCounts = areCounts;
    this.#areLogarithms = areLogarithms;
    this.#scalars[at.weight] = 1;
  }

  /**
   * Writes how improbable the score `scores[index]` is to the place `which` of `surprises`; as usual as can be until there are
   * 20 rows. Allocates nothing.
   */
  measure(scores: Float64Array, index: number, surprises: Surprises, which: number): void {
    this.#measure(this.#binOf(scores, index), scores, index, surprises, which);
  }

  /** Takes the score `scores[index]` in. Allocates nothing. */
  add(scores: Float64Array, index: number): void {
    this.#add(this.#binOf(scores, index));
  }

  /** Measures a score, then takes it in. Allocates nothing. */
  observe(scores: Float64Array, index: number, surprises: Surprises, which: number): void {
    const bin = this.#binOf(scores, index);
    this.#measure(bin, scores, index, surprises, which);
    this.#add(bin);
  }

  #binOf(scores: Float64Array, index: number): number {
    return this.#areLogarithms ? binOfLogarithm(scores, index) : binOfScore(scores, index);
  }

  /** The part of the rows in higher bins, with half of those in its own; in the tail, nats. */
  #measure(bin: number, scores: Float64Array, index: number, surprises: Surprises, which: number): void {
    const scalars = this.#scalars;
    const weight = scalars[at.weight];
    const total = scalars[at.total];
    surprises.clear(which);
    if (total < fewestRows * weight) return;
    if (scalars[at.sinceLook] >= rowsPerLook || total < eagerRows * weight) this.#look();
    // The last bin has no end, so that the tail may begin within.
    const mayBeBeyond = bin === bins - 1 || bin > (scalars[at.start] - leastLog) * binsPerUnit;
    if (mayBeBeyond && this.#measureBeyond(scores, index, surprises, which)) return;
    const above = bin < this.#used[0] ? total : this.#above[bin];
    surprises.parts[which] = (above + 0.5 * this.#weights[bin] + 0.5 * weight) / (total + weight);
  }

  /** Measures a score in the tail; false where it is not. */
  #measureBeyond(scores: Float64Array, index: number, surprises: Surprises, which: number): boolean {
    const scalars = this.#scalars;
    this.#log[0] = scores[index];
    if (!this.#areLogarithms) takeLogarithm(this.#log, 0);
    if (!(this.#log[0] > scalars[at.start] + 1 / binsPerUnit)) return false;
    const beyond = this.#log[0] - scalars[at.start];
    surprises.nats[which] = Math.max(0, scalars[at.startNats] + beyond / scalars[at.excess]);
    if (this.#areCounts) this.#measureCount(surprises, which);
    return true;
  }

  /** The tail that begins where the bin of its start ends, with the weight strictly above that. */
  #measureCount(surprises: Surprises, which: number): void {
    const scalars = this.#scalars;
    const weight = scalars[at.weight];
    const bin = Math.round((scalars[at.start] - leastLog) * binsPerUnit);
    const beyond = this.#log[0] - scalars[at.start];
    this.#log[0] = (this.#above[bin] + 0.5 * weight) / (scalars[at.total] + weight);
    takeLogarithm(this.#log, 0);
    const nats = (beyond - 1 / binsPerUnit) / scalars[at.excess] - this.#log[0];
    surprises.nats[which] = Math.max(surprises.nats[which], nats);
  }

  /** A row weighs more than the one before it by a constant factor, which is as if those before faded. */
  #add(bin: number): void {
    if (this.#pause.isOn) return;
    const scalars = this.#scalars;
    const weight = scalars[at.weight];
    this.#weights[bin] += weight;
    if (bin < this.#used[0] || bin > this.#used[1]) this.#use(bin);
    scalars[at.total] += weight;
    scalars[at.weight] = weight * this.#growth;
    scalars[at.sinceLook]++;
    if (scalars[at.weight] > greatestWeight) this.#scaleDown();
  }

  /** Takes a bin into the range of those that are used; until the next look all rows so far are above a new lowest one. */
  #use(bin: number): void {
    const used = this.#used;
    if (bin > used[1]) used[1] = bin;
    if (bin >= used[0]) return;
    if (used[0] < bins)
      for (let each = bin; each < used[0]; each++) this.#above[each] = this.#scalars[at.total];
    used[0] = bin;
  }

  /** Makes scores whose logarithm is `logs[index]` this part of all rows, where they are rarer: they are then as usual as that. */
  takeAsNormal(logs: Float64Array, index: number, part: number): void {
    const surprise = new Surprises(2);
    const score = Float64Array.of(logs[index]);
    if (!this.#areLogarithms) takeExponential(score, 0);
    surprise.parts[0] = part;
    this.measure(score, 0, surprise, 1);
    surprise.settle();
    if (surprise.nats[1] <= surprise.nats[0]) return;
    const bin = this.#binOf(score, 0);
    const scalars = this.#scalars;
    const weight = (part / (1 - part)) * scalars[at.total];
    this.#weights[bin] += weight;
    this.#use(bin);
    scalars[at.total] += weight;
    // What was summed is of before.
    scalars[at.sinceLook] = rowsPerLook;
  }

  /** Sums the weights from above, and measures the tail. */
  #look(): void {
    const scalars = this.#scalars;
    const weights = this.#weights;
    const weight = scalars[at.weight];
    const total = scalars[at.total];
    scalars[at.sinceLook] = 0;
    let above = 0;
    let moment = 0;
    let isBeyond = true;
    // Nothing is above the highest bin that is used, and all rows are above those below the lowest.
    const lowest = this.#used[0];
    for (let bin = this.#used[1]; bin >= lowest; bin--) {
      this.#above[bin] = above;
      above += weights[bin];
      if (!isBeyond) continue;
      moment += weights[bin] * (bin + 0.5);
      if (above < this.#tail * total) continue;
      isBeyond = false;
      scalars[at.start] = bin / binsPerUnit + leastLog;
      scalars[at.excess] = Math.max((moment / above - bin) / binsPerUnit, this.#leastExcess);
      this.#log[0] = (above + 0.5 * weight) / (total + weight);
      takeLogarithm(this.#log, 0);
      scalars[at.startNats] = -this.#log[0];
    }
  }

  /** Before they grow too large for a number, all weights are divided by what a row weighs by now. */
  #scaleDown(): void {
    const scalars = this.#scalars;
    for (let bin = 0; bin < bins; bin++) this.#weights[bin] *= 1 / greatestWeight;
    scalars[at.total] *= 1 / greatestWeight;
    scalars[at.weight] *= 1 / greatestWeight;
    // What was summed is in the old scale.
    scalars[at.sinceLook] = rowsPerLook;
    this.#findUsed();
  }

  /** What is used follows from the weights alone, as it is not stored: the smallest of them vanish where they are scaled down. */
  #findUsed(): void {
    const used = this.#used;
    const weights = this.#weights;
    used[0] = 0;
    used[1] = bins - 1;
    while (used[0] < bins && weights[used[0]] === 0) used[0]++;
    while (used[1] >= 0 && weights[used[1]] === 0) used[1]--;
    this.#above.fill(0, used[1] + 1);
  }

  state(): State {
    return { weights: this.#weights, above: this.#above, scalars: this.#scalars };
  }

  restore(state: State): void {
    restoreArrays(
      { weights: this.#weights, above: this.#above, scalars: this.#scalars },
      state,
      "tail of a score",
      { weights: notNegative, above: notNegative, scalars: sane },
    );
    this.#findUsed();
  }
}
