/** What makes a learner: columns, target, features, model, and how it is trained. */
import type { Model } from "../engine/model/model.ts";
import type { NetworkOptions } from "../engine/running/network.ts";
import type { Threads } from "../engine/running/shard-workers.ts";
import type { StreamDescription } from "../features/extraction.ts";
import type { OwnExpert } from "./committee.ts";
import type { Effort } from "./effort.ts";
import type { ModelParts } from "./model.ts";

export interface LearnerOptions {
  /** Names of the columns of a sample, in order; all but the target are features. */
  fields: readonly string[];
  /** A class of 0 to `classes` - 1, or a number; `standardize` (default true) trains on it in standard deviations. */
  target: { column: string; classes: number; names?: string[] } | { column: string; standardize?: boolean };
  /** Transforms, in order. Default `["standardize"]`. */
  features?: unknown;
  /** What is known of the rows in time, for transforms that need the past. */
  stream?: StreamDescription;
  /** The network that learns alone; without it, the ensemble does. */
  model?: ModelParts;
  /** Experts that the ensemble leaves out, by name or by its beginning. */
  without?: readonly string[];
  /** Experts of your own beside those of the ensemble: see docs/experts.md. Their state is part of the learner's. */
  experts?: readonly OwnExpert[];
  training?: LearnerTraining;
  memory?: LearnerMemory;
}

/** How the learner is trained; `batchSize`, `workers` and `shards` are those of a single network, `effort` and `replay` those of the ensemble. */
export interface LearnerTraining {
  /** Samples of one update. Default 1. */
  batchSize?: number;
  /** How much a sample may cost the ensemble. Default `high`. */
  effort?: Effort;
  /** The class that is named is the one most probable beside how often it comes. Default false: the most probable. */
  balance?: boolean;
  /** `balance: "classes"`: a full replay ring forgets the oldest row of the most frequent class, not the oldest row. */
  replay?: { balance?: "classes" };
  /** Seed of the initial weights. Default 1. */
  seed?: number;
  /** Use only kernels that compute the same bits on every processor. Default true for the ensemble, else false. */
  deterministic?: boolean;
  /** Threads that train, for batches that are worth it. Default: the calling thread alone. */
  workers?: Threads;
  /** Parts of a batch that `workers` share; default 4 with workers, else 1. */
  shards?: number;
}

/** How little memory the learner is to take; all but the budget is about a single network. None of it changes what is learned. */
export interface LearnerMemory {
  /** Refuse a network that is planned larger than this. */
  budgetBytes?: number;
  /** Compute activations a second time instead of keeping them. Default false. */
  recompute?: boolean;
  /** Samples that the network works on at a time; gradients of a larger batch are accumulated. Default the batch size. */
  batch?: number;
  /** Keep gradients even where a batch fits, for updates over more rows than a batch. Default false. */
  accumulate?: boolean;
}

/** The options of a learner's network that plan its memory. */
export function networkOptions(
  model: Model,
  { batchSize = 1, workers, shards }: Pick<LearnerTraining, "batchSize" | "workers" | "shards">,
  { budgetBytes, recompute = false, batch = batchSize, accumulate = false }: LearnerMemory = {},
): NetworkOptions {
  const planned = Math.min(batch, batchSize);
  return {
    batchSize: planned,
    // To which a network goes back that has become worse than a constant answer.
    snapshot: true,
    accumulate: accumulate || planned < batchSize || model.clip?.type === "norm",
    recompute,
    budgetBytes,
    workers,
    shards,
  };
}
