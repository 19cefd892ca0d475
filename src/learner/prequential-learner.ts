/** What daemon, replay, checkpoints and reports need of a learner: the ensemble and a single network both have it. */
import type { Extraction, StreamDescription } from "../features/extraction.ts";
import type { TransformDescription } from "../features/feature-list.ts";
import type { State, Stateful } from "../state.ts";
import type { ClassificationMetrics, ClassificationReport } from "./classification-metrics.ts";
import type { Glitches } from "./glitches.ts";
import type { HeldSamples, HeldSizes } from "./held-samples.ts";
import type { RegressionMetrics, RegressionReport } from "./regression-metrics.ts";
import type { TargetDescription } from "./target.ts";

/** Samples that were refused, by reason. Nothing else of them is kept. */
export type Refusals = {
  /** A feature or target that is not a finite number in float32, in which the network counts. */
  notFinite: number;
  /** A class that is no whole number from 0 to classes - 1. */
  badLabel: number;
};

/** What every learner says of itself: a learner of the same description continues from its state bit for bit. */
export interface CommonDescription {
  fields: string[];
  target: TargetDescription;
  features: TransformDescription[];
  /** Only there where features need the past. */
  stream?: StreamDescription;
  /** Layers, loss and optimizer of a network, or `{ ensemble }` with its options. */
  model: object;
  training: { seed: number; deterministic: boolean; balance?: boolean };
}

/** How the weights of a learner were updated. */
export interface TrainingCounts {
  /** Updates of the weights of a network; of an ensemble the samples from which its experts have learned. */
  updates: number;
  /** Updates left out because their loss or gradient was not finite. */
  skipped: number;
  /** Mean loss of the latest update of a network, or of the latest answer of an ensemble. */
  loss: number;
}

/** Memory that a learner has taken, all of it before the first sample. */
export interface LearnerArena {
  bytes: number;
  /** Variant of the kernels that work in it. */
  kernels: string;
}

/**
 * Predicts, scores and learns one sample after another. A sample is as many numbers as there are fields, at `offset` of
 * `values`; a target that is not known is NaN. `observe` and `predict` check it. Whoever has checked it calls
 * `predictValidated`, then `learnValidated` where its target is known and `acceptsTarget`, or `passUnlabelled` where it is
 * not known. `hold` then keeps what `learnHeld` needs once the label comes, after any number of other samples.
 */
export interface PrequentialLearner extends Stateful {
  /**
   * Makes rows of features where they need the past; null where rows are learned from as they come. `observe` and `predict`
   * push to it. All other methods are about rows that came out of it.
   */
  readonly extraction: Extraction | null;
  /** Names of the numbers of a row that is learned from. */
  readonly columns: readonly string[];
  readonly metrics: ClassificationMetrics | RegressionMetrics;
  /** Classes, or 0 where a number is predicted. */
  readonly classes: number;
  /** The last answer: probabilities of the classes [classes], or the number in the target's units [1]. */
  readonly prediction: Float64Array;
  /** Where answers are about later rows: the one that was about the latest row, in the target's units [1]; NaN where none was. */
  readonly scoredPrediction?: Float64Array;
  /** The most probable class of the last answer; 0 where a number is predicted. */
  readonly predictedClass: number;
  /** Whether a target was known when the last answer was given. */
  readonly isInformed: boolean;
  /** Samples learned from. */
  readonly samplesSeen: number;
  readonly refusals: Readonly<Refusals>;
  /** Samples for which no finite answer was found. */
  readonly unanswered: number;
  /** Samples that came without their target: predicted, and not learned from. */
  unlabelled: number;
  /** Numbers that cannot be true, of each field: they count as missing. */
  readonly glitches: Glitches;
  /** Times that a network or an expert that was not healthy went back to what it was, or was restarted. */
  readonly recoveries: number;
  /**
   * Whether the state is worth keeping: that of a network which is far worse than a constant answer is not, nor one in which
   * a number has overflowed, which cannot be restored. Not for every sample: it looks at all weights.
   */
  readonly isHealthy: boolean;
  readonly counts: TrainingCounts;
  readonly memory: LearnerArena;

  /**
   * Predicts the sample, scores the prediction, then learns; without its target the sample is but predicted. Where features
   * need the past, `times[timeAt]` is its time, and a sample may make no row yet. False where the sample was refused.
   * Allocates nothing.
   */
  observe(values: Float64Array, offset: number, times?: Float64Array, timeAt?: number): boolean;
  /** Predicts the sample; false, with nothing predicted, where a feature is not finite, or no row is made. Allocates nothing. */
  predict(values: Float64Array, offset: number, times?: Float64Array, timeAt?: number): boolean;
  /** Predicts a sample whose features are known to be finite in float32. Allocates nothing. */
  predictValidated(values: Float64Array, offset: number): void;
  /**
   * Scores the prediction of this sample, the last one predicted, then learns from it; false, with nothing scored and
   * nothing learned, where its target cannot be true. Allocates nothing.
   */
  learnValidated(values: Float64Array, offset: number): boolean;
  /**
   * Lets the statistics of the features follow the last predicted sample, which has no target, and counts it in
   * `unlabelled`; no weight changes. Allocates nothing.
   */
  passUnlabelled(): void;
  /** Heals now what has overflowed, as is otherwise done within 256 samples: for a save after the last one. Counted in `recoveries`. */
  healOverflow?(): void;
  /** A row has passed in a pause, of which nothing is learned: for answers that wait for their truth. */
  skip?(): void;
  /** What `hold` keeps of a sample. */
  readonly heldSizes: HeldSizes;
  /** Keeps the last predicted sample, once it was learned or passed, in a slot of `held`. Allocates nothing. */
  hold(held: HeldSamples, slot: number): void;
  /**
   * Scores the prediction that was made for a held sample, and learns that its target is `targets[targetAt]`, one that
   * `acceptsTarget` would accept. The last answer is then that of the held sample. Where it was learned with another
   * target before, the new one counts: see `HeldSamples.targets`. Allocates nothing.
   */
  learnHeld(held: HeldSamples, slot: number, targets: Float64Array, targetAt: number): void;
  /** Whether the sample may be learned from; where not, it is counted in `refusals`. Allocates nothing. */
  accepts(values: Float64Array, offset: number): boolean;
  /** Whether the sample came with its target, be that one to learn from or not. */
  isLabelled(values: Float64Array, offset: number): boolean;
  /** Whether a sample of finite numbers has a target to learn from; where not, it is counted in `refusals`. */
  acceptsTarget(values: Float64Array, offset: number): boolean;
  /** Scores of all predictions so far. */
  report(): ClassificationReport | RegressionReport;
  describe(): CommonDescription;
  /** Takes over the names of classes that an earlier run has met, where a stream brings them. */
  adoptClassNames(names: readonly string[]): void;
  /** All running state; with `reuse`, the copies in it are in memory that the next such call overwrites. */
  state(options?: { reuse?: boolean }): State;
}
