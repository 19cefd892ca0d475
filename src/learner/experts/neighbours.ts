import { type Arena, aloneBytes, float32, float64, type Space, spaceOf } from "../../engine/running/arena.ts";
import { RivuletError } from "../../errors/errors.ts";
import type { State } from "../../state.ts";
import type { Expert } from "../expert.ts";
import type { FeatureMetric } from "../feature-metric.ts";
import { type ReplayRing, type ReplayRingOptions, strideOf } from "../replay-ring.ts";

export interface NeighboursOptions {
  /** Classes, or 0 where a number is predicted. */
  classes: number;
  /** Number of nearest rows that vote. Default 12. */
  count?: number;
}

/** Prior votes, divided among all classes. */
const prior = 0.2;
/** Added to a distance, times the root of the inputs, so that no row outvotes all others. */
const nearest = 0.01;
/** Distances that the kernel computes at once. */
const distancesAtOnce = 16;

/** All of it counts only within a call. */
const blocksFor = (inputs: number, count: number) => ({
  probe: float32(inputs),
  nearest: float32(strideOf(count)),
  places: float32(strideOf(count)),
  scratch: float32(distancesAtOnce),
  votes: float64(count + 1),
});

/**
 * The nearest rows of a ring under a metric, D^2 = sum_j w_j (z_j - z'_j)^2, each with the vote (D + 0.01 sqrt d)^-4.
 * Classes: votes scaled to their count, p = (0.2 / C + votes) / (count + 0.2); numbers: the mean weighted by the votes.
 * Distance-weighted neighbours (Dudani, 1976); the metric is that of Trivedi et al. (2014). Learns nothing itself: the
 * owner of the ring stores the rows.
 */
export class Neighbours implements Expert {
  readonly #arena: Arena;
  readonly ring: ReplayRing;
  readonly #metric: FeatureMetric;
  readonly #classes: number;
  readonly #count: number;
  /** [inputs]: the row to predict, in the arena. */
  readonly #probe: Float32Array;
  readonly #scratch: Float32Array;
  /** Squared distances of the nearest rows, ascending, and where they are, [count]. */
  readonly #nearest: Float32Array;
  readonly #places: Float32Array;
  /** [count + 1]: their votes, and last the sum of these. */
  readonly #votes: Float64Array;
  #found = 0;

  static space = ({ count = 12 }: NeighboursOptions, { inputs }: Pick<ReplayRingOptions, "inputs">): Space =>
    spaceOf({}, blocksFor(inputs, count));

  static bytes = (options: NeighboursOptions, ring: Pick<ReplayRingOptions, "inputs">): number =>
    aloneBytes(Neighbours.space(options, ring));

  /** @throws RivuletError where ring and metric are not in the arena */
  constructor(options: NeighboursOptions, ring: ReplayRing, metric: FeatureMetric, arena: Arena) {
    const { classes, count = 12 } = options;
    const { buffer } = arena.kernels;
    if (ring.columns.buffer !== buffer || metric.weights.buffer !== buffer) {
      throw new RivuletError(
        "argument.bad-value",
        "found a ring or a metric in another arena than that of the neighbours, expected the same arena; create them in it",
      );
    }
    const { probe, nearest, places, scratch, votes } = arena.placePassing(blocksFor(ring.inputs, count));
    this.#arena = arena;
    this.#probe = probe;
    this.ring = ring;
    this.#metric = metric;
    this.#classes = classes;
    this.#count = count;
    this.#scratch = scratch;
    this.#nearest = nearest;
    this.#places = places;
    this.#votes = votes;
  }

  predict(inputs: Float32Array, answers: Float64Array, at: number): void {
    this.#find(inputs);
    this.#vote();
    if (this.#classes > 0) this.#answerClass(answers, at);
    else this.#answerNumber(answers, at);
  }

  /** Finds the nearest of the rows that count. */
  #find(inputs: Float32Array): void {
    const count = this.ring.inputs;
    for (let i = 0; i < count; i++) this.#probe[i] = inputs[i];
    const { stretches } = this.ring;
    this.ring.writeStretches();
    this.#found = 0;
    this.#findAmong(stretches[0], stretches[1]);
    if (stretches[3] > stretches[2]) this.#findAmong(stretches[2], stretches[3]);
  }

  #findAmong(start: number, end: number): void {
    const { columns, stride, inputs, live } = this.ring;
    this.#found = this.#arena.kernels.learning.nearestRows(
      this.#probe.byteOffset,
      this.#metric.weights.byteOffset,
      columns.byteOffset,
      stride,
      inputs,
      start,
      end,
      this.#found,
      Math.min(this.#count, live),
      this.#nearest.byteOffset,
      this.#places.byteOffset,
      this.#scratch.byteOffset,
    );
  }

  #vote(): void {
    const added = nearest * Math.sqrt(this.ring.inputs);
    let sum = 0;
    for (let i = 0; i < this.#found; i++) {
      const distance = Math.sqrt(this.#nearest[i]) + added;
      const square = distance * distance;
      const vote = 1 / (square * square);
      this.#votes[i] = vote;
      sum += vote;
    }
    this.#votes[this.#count] = sum;
  }

  #answerClass(answers: Float64Array, at: number): void {
    const classes = this.#classes;
    const found = this.#found;
    const share = 1 / (prior + found);
    for (let c = 0; c < classes; c++) answers[at + c] = (prior / classes) * share;
    const scale = (found * share) / this.#votes[this.#count];
    for (let i = 0; i < found; i++) {
      answers[at + this.ring.targets[this.#places[i]]] += this.#votes[i] * scale;
    }
  }

  #answerNumber(answers: Float64Array, at: number): void {
    let mean = 0;
    for (let i = 0; i < this.#found; i++) mean += this.#votes[i] * this.ring.targets[this.#places[i]];
    answers[at] = this.#found > 0 ? mean / this.#votes[this.#count] : 0;
  }

  learn(): void {}

  restart(): void {}

  state(): State {
    return null;
  }

  restore(): void {}
}
