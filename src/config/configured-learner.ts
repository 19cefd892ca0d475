import { createLearner, type Learner } from "../learner/learner.ts";
import type { LearnerMemory, LearnerTraining } from "../learner/learner-options.ts";
import type { Config } from "./config.ts";

/**
 * The learner that a config describes, for samples of the named columns.
 * @throws RivuletError naming the key, also where the plan exceeds memory.budget: then nothing is allocated
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

/** What a config says of memory, as the learner takes it. */
export function learnerMemory({ memory }: Config): LearnerMemory {
  const { budgetBytes, recompute, batch } = memory;
  return {
    recompute,
    ...(budgetBytes === null ? {} : { budgetBytes }),
    ...(batch === null ? {} : { batch }),
  };
}
