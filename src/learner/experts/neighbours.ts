import { type Arena, arenaFor, bytesOf, float32, float64 } from "../../engine/running/arena.ts";
import type { State } from "../../state.ts";
import type { Expert } from "../expert.ts";
import type { FeatureMetric } from "../feature-metric.ts";
import type { ReplayRing } from "../replay-ring.ts";
import { strideOf } from "../replay-ring.ts";

export interface NeighboursOptions {
  /** Classes, or 0 where a number is predicted. */
  classes: number;
  /** Nearest rows that are asked. Default 12. */
  count?: number;
}

/** What each class has before any vote, in all. */
const prior = 0.2;
/** Added to a distance, times the root of the inputs, so that no row outvotes all others. */
const nearest = 0.01;
/** Farther than any row: of those that no longer count. */
const far = 1e30;

const blocksFor = (rows: number, count: number) => ({
  distances: float32(strideOf(rows)),
  nearest: float64(count),
  places: float64(count),
  votes: float64(count),
});

/**
 * The nearest rows of a ring under a metric, D^2 = sum_j w_j (z_j - z'_j)^2, each with the vote (D + 0.01 sqrt d)^-4.
 * Classes: votes scaled to their count, p = (0.2 / C + votes) / (count + 0.2); numbers: the mean weighted by the votes.
 * Distance-weighted neighbours (Dudani, 1976); the metric is that of Trivedi et al. (2014). Learns nothing itself: the
 * owner of the ring stores the rows.
 */
export class Neighbours implements Expert {
  readonly #ring: ReplayRing;
  readonly #metric: FeatureMetric;
  readonly #classes: number;
  readonly #count: number;
  /** [stride of the ring] */
  readonly #distances: Float32Array;
  /** Squared distances of the nearest rows, ascending, and where they are, [count]. */
  readonly #nearest: Float64Array;
  readonly #places: Float64Array;
  readonly #votes: Float64Array;
  #found = 0;
  #sum = 0;

  static bytes = ({ count = 12 }: NeighboursOptions, rows: number) => bytesOf(blocksFor(rows, count));

  constructor(options: NeighboursOptions, ring: ReplayRing, metric: FeatureMetric, arena?: Arena) {
    const { classes, count = 12 } = options;
    const blocks = blocksFor(ring.rows, count);
    const { distances, nearest, places, votes } = arenaFor(blocks, arena).place(blocks);
    this.#ring = ring;
    this.#metric = metric;
    this.#classes = classes;
    this.#count = count;
    this.#distances = distances;
    this.#nearest = nearest;
    this.#places = places;
    this.#votes = votes;
  }

  predict(inputs: Float32Array, answers: Float64Array, at: number): void {
    this.#measure(inputs);
    this.#find();
    this.#vote();
    if (this.#classes > 0) this.#answerClass(answers, at);
    else this.#answerNumber(answers, at);
  }

  #measure(inputs: Float32Array): void {
    const { columns, stride, filled, live } = this.#ring;
    const weights = this.#metric.weights;
    const distances = this.#distances;
    distances.fill(0, 0, filled);
    for (let i = 0; i < this.#ring.inputs; i++) {
      const weight = weights[i];
      const input = inputs[i];
      const start = i * stride;
      for (let row = 0; row < filled; row++) {
        const difference = Math.fround(columns[start + row] - input);
        distances[row] = distances[row] + Math.fround(Math.fround(weight * difference) * difference);
      }
    }
    for (let age = live; age < filled; age++) distances[this.#ring.placeOf(age)] = far;
  }

  #find(): void {
    const { filled, live } = this.#ring;
    const distances = this.#distances;
    const nearest = this.#nearest;
    const places = this.#places;
    const wanted = Math.min(this.#count, live);
    let found = 0;
    for (let row = 0; row < filled; row++) {
      const distance = distances[row];
      if (found >= wanted && distance >= nearest[found - 1]) continue;
      let place = found < wanted ? found++ : found - 1;
      for (; place > 0 && nearest[place - 1] > distance; place--) {
        nearest[place] = nearest[place - 1];
        places[place] = places[place - 1];
      }
      nearest[place] = distance;
      places[place] = row;
    }
    this.#found = found;
  }

  #vote(): void {
    const added = nearest * Math.sqrt(this.#ring.inputs);
    this.#sum = 0;
    for (let i = 0; i < this.#found; i++) {
      const distance = Math.sqrt(this.#nearest[i]) + added;
      const square = distance * distance;
      const vote = 1 / (square * square);
      this.#votes[i] = vote;
      this.#sum += vote;
    }
  }

  #answerClass(answers: Float64Array, at: number): void {
    const classes = this.#classes;
    const found = this.#found;
    const share = 1 / (prior + found);
    for (let c = 0; c < classes; c++) answers[at + c] = (prior / classes) * share;
    const scale = (found * share) / this.#sum;
    for (let i = 0; i < found; i++) {
      answers[at + this.#ring.targets[this.#places[i]]] += this.#votes[i] * scale;
    }
  }

  #answerNumber(answers: Float64Array, at: number): void {
    let mean = 0;
    for (let i = 0; i < this.#found; i++) mean += this.#votes[i] * this.#ring.targets[this.#places[i]];
    answers[at] = this.#found > 0 ? mean / this.#sum : 0;
  }

  learn(): void {}

  restart(): void {}

  state(): State {
    return null;
  }

  restore(): void {}
}
