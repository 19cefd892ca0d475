import { createLearner, type Learner } from "../learner/learner.ts";
import type { Config } from "./config.ts";

/**
 * The learner that a config describes, for samples of the named columns.
 * @throws RivuletError naming the key, also where the plan exceeds memory.budget: then nothing is allocated
 */
export function configuredLearner(config: Config, fields: readonly string[], seed?: number): Learner {
  return createLearner({
    fields,
    target: config.target,
    features: config.features,
    model: config.model,
    training: { ...config.training, ...(seed === undefined ? {} : { seed }) },
    ...(config.memory.budgetBytes === null ? {} : { budgetBytes: config.memory.budgetBytes }),
  });
}
