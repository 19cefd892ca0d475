import { createLearner, type Learner, type LearnerMemory, type LearnerThreads } from "../learner/learner.ts";
import type { Config } from "./config.ts";

/**
 * The learner that a config describes, for samples of the named columns.
 * @throws RivuletError naming the key, also where the plan exceeds memory.budget: then nothing is allocated
 */
export function configuredLearner(
  config: Config,
  fields: readonly string[],
  { seed, gather = false, parallel }: { seed?: number; gather?: boolean; parallel?: LearnerThreads } = {},
): Learner {
  return createLearner({
    fields,
    target: config.target,
    features: config.features,
    model: config.model,
    training: { ...config.training, ...(seed === undefined ? {} : { seed }) },
    memory: { ...learnerMemory(config), gather },
    parallel,
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
