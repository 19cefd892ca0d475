/** Brings a single network back to what it was where it has become worse than a constant answer. */

import type { Network } from "../engine/running/network.ts";
import { restoreBlock } from "../features/restore.ts";
import type { State, Stateful } from "../state.ts";
import { notNegative, parts, whole, wholeWithin } from "../state-check.ts";

/** What is left of losses with each sample: they are those of the last 200 or so. */
const fading = 0.995;
/** Samples from one snapshot of healthy weights to the next, and from one look for overflow to the next. */
const snapshotEvery = 256;
/** Weights this many times larger than in the snapshot have run away: no change of what is measured does that. */
const largestGrowth = 8;
/** A network this long worse than the constant, by this part of its loss and as much more, learns too fast to learn. */
const longestBad = 400;
const slack = 0.05;
/** Samples one after the other without an answer or an update that is a finite number. */
const longestStuck = 16;
/** After this many failures from one snapshot that snapshot is not used again: the network starts over. */
const mostFromSame = 3;

const at = {
  loss: 0,
  constant: 1,
  bad: 2,
  stuck: 3,
  sinceSnapshot: 4,
  /** Whether it is so far off that its weights are not worth keeping. */
  far: 5,
  recoveries: 6,
  skipped: 7,
  /** Of the last recovery: losses, and how old the snapshot was. */
  lossThen: 8,
  constantThen: 9,
  age: 10,
  /** Recoveries from the present snapshot. */
  fromSame: 11,
} as const;
const blockLength = 12;

const sane = parts(whole, [
  [at.loss, notNegative],
  [at.constant, notNegative],
  [at.lossThen, notNegative],
  [at.constantThen, notNegative],
  [at.far, wholeWithin(0, 1)],
]);

export interface NetworkHealthOptions {
  /** The network is healthy while its fading loss is at most this many times that of a constant answer ... */
  factor: number;
  /** ... plus this. */
  margin: number;
  /** Seed of the initial weights. */
  seed: number;
  /** Samples of one update. */
  batchSize: number;
}

/** What happened at the last recovery. */
export interface NetworkRecovery {
  /** Recoveries so far. */
  recoveries: number;
  /** Fading loss of the network and of the constant answer. */
  loss: number;
  constantLoss: number;
  /** Age of the weights that it went back to, in samples. */
  samplesBack: number;
  learningRate: number;
}

/**
 * Keeps a snapshot of the weights every 256 samples while the network is no worse than a constant answer. It goes back to
 * it, and halves the learning rate, where its fading loss is worse than the constant's by more than the margin and its weights
 * have run away; where it is worse for 400 samples on end; where it has no finite answer or update for 16; and where a
 * number has overflowed, which need not show in losses and is looked for every 256 samples. A change of what is measured is
 * none of these: weights that have to be learned again stay.
 */
export class NetworkHealth implements Stateful {
  readonly #network: Network;
  readonly #seed: number;
  readonly #factor: number;
  readonly #margin: number;
  /** Updates from one look for overflow to the next. */
  readonly #lookEvery: number;
  readonly #block = new Float64Array(blockLength);

  constructor(network: Network, { factor, margin, seed, batchSize }: NetworkHealthOptions) {
    this.#network = network;
    this.#seed = seed;
    this.#factor = factor;
    this.#margin = margin;
    this.#lookEvery = Math.max(1, Math.floor(snapshotEvery / batchSize));
  }

  /** Times that the network went back to its snapshot. */
  get recoveries(): number {
    return this.#block[at.recoveries];
  }

  /** Whether the weights are worth keeping. Not for every sample: it looks at all of them. */
  get isHealthy(): boolean {
    return this.#block[at.far] === 0 && this.#block[at.stuck] === 0 && !this.hasOverflowed;
  }

  /** Whether a number of the network has overflowed, so that its state cannot be restored. Not for every sample. */
  get hasOverflowed(): boolean {
    return this.#network.snapshot?.hasOverflowed() ?? false;
  }

  /** The last recovery; null where there was none. */
  get lastRecovery(): NetworkRecovery | null {
    const block = this.#block;
    if (this.recoveries === 0) return null;
    return {
      recoveries: this.recoveries,
      loss: block[at.lossThen],
      constantLoss: block[at.constantThen],
      samplesBack: block[at.age],
      learningRate: this.#network.learningRate,
    };
  }

  /**
   * Takes how far off the network and the constant were on a sample, which is not learned from yet: `losses` [2], those of
   * the network and of the constant. Without an answer, `isAnswered` is false. Allocates nothing.
   */
  observe(losses: Float64Array, isAnswered: boolean): void {
    const block = this.#block;
    block[at.sinceSnapshot]++;
    const { skipped } = this.#network;
    const isStuck = !isAnswered || skipped > block[at.skipped];
    block[at.skipped] = skipped;
    block[at.stuck] = isStuck ? block[at.stuck] + 1 : 0;
    if (isAnswered) this.#fade(losses);
    const isBad = block[at.loss] > (1 + slack) * block[at.constant] + slack;
    const isFar = block[at.loss] > this.#factor * block[at.constant] + this.#margin;
    block[at.bad] = isBad ? block[at.bad] + 1 : 0;
    block[at.far] = isFar ? 1 : 0;
    const hasRunAway = block[at.stuck] === longestStuck || (isFar && this.#hasOutgrown());
    if (hasRunAway || block[at.bad] === longestBad) this.#recover();
    else if (!isStuck && block[at.sinceSnapshot] >= snapshotEvery) this.#keepHealthy();
  }

  /** To be called after each update: only updates make numbers overflow. Allocates nothing. */
  followUpdate(): void {
    const { updates, skipped } = this.#network;
    if ((updates + skipped) % this.#lookEvery === 0) this.healOverflow();
  }

  /** Goes back at once where a number has overflowed. Allocates nothing. */
  healOverflow(): void {
    if (this.hasOverflowed) this.#recover();
  }

  /** Weights are kept that are no worse than the constant. */
  #keepHealthy(): void {
    const block = this.#block;
    if (block[at.loss] > block[at.constant] || this.#hasOutgrown()) return;
    this.#network.snapshot?.keep();
    block[at.sinceSnapshot] = 0;
    block[at.fromSame] = 0;
  }

  #hasOutgrown(): boolean {
    return this.#network.snapshot?.isOutgrown(largestGrowth) ?? false;
  }

  #fade(losses: Float64Array): void {
    const block = this.#block;
    block[at.loss] = fading * block[at.loss] + (1 - fading) * losses[0];
    block[at.constant] = fading * block[at.constant] + (1 - fading) * losses[1];
  }

  #recover(): void {
    const block = this.#block;
    const network = this.#network;
    block[at.lossThen] = block[at.loss];
    block[at.constantThen] = block[at.constant];
    block[at.age] = block[at.sinceSnapshot];
    block[at.fromSame]++;
    const { updates, skipped, learningRate } = network;
    if (block[at.fromSame] > mostFromSame) {
      network.initialize(this.#seed);
      network.updates = updates;
      network.skipped = skipped;
      network.learningRate = learningRate;
      block[at.fromSame] = 0;
    } else network.recover();
    network.learningRate /= 2;
    block[at.recoveries]++;
    block[at.loss] = block[at.constant];
    block[at.bad] = 0;
    block[at.far] = 0;
    block[at.stuck] = 0;
    block[at.sinceSnapshot] = 0;
  }

  state(): State {
    return this.#block;
  }

  restore(state: State): void {
    restoreBlock(this.#block, state, "health of the network", sane);
  }
}
