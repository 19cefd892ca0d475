import { createLearner, type Learner } from "../learner/learner.ts";
import type { LearnerMemory, LearnerTraining } from "../learner/learner-options.ts";
import type { Config } from "./config.ts";

/**
 * Creates the learner that a config describes.
 *
 * @param fields names of the columns of a sample
 * @throws RivuletError with the key that is wrong; also if the plan exceeds memory.budget, before anything is allocated
 */
export function configuredLearner(
  config: Config,
  fields: readonly string[],
  {
    seed = config.training.seed,
    accumulate = false,
    workers,
    shards,
  }: { accumulate?: boolean } & Pick<LearnerTraining, "seed" | "workers" | "shards"> = {},
): Learner {
  const { batchSize, deterministic } = config.training;
  return createLearner({
    fields,
    target: config.target,
    features: config.features,
    model: config.model,
    training: { batchSize, seed, deterministic, workers, shards },
    memory: { ...learnerMemory(config), accumulate },
  });
}

/** Converts the key `memory` of a config to the options of a learner. */
export function learnerMemory({ memory }: Config): LearnerMemory {
  const { budgetBytes, recompute, batch } = memory;
  return {
    recompute,
    ...(budgetBytes === null ? {} : { budgetBytes }),
    ...(batch === null ? {} : { batch }),
  };
}
