import { type Plan, plan, requireBudget } from "../engine/plan.ts";
import { shardsFor } from "../engine/shards.ts";
import { createPipeline } from "../features/pipeline.ts";
import { networkOptions } from "../learner/learner.ts";
import { modelFor } from "../learner/model.ts";
import { requireTarget } from "../learner/target.ts";
import type { Config } from "./config.ts";
import { learnerMemory } from "./configured-learner.ts";

/**
 * The plan of a config's network for samples of the named columns. Nothing is allocated.
 * @throws RivuletError where the target is none of the columns, or where the plan exceeds memory.budget, naming its
 *   three largest buffers
 */
export function planConfig(config: Config, columns: readonly string[]): Plan {
  requireTarget(config.target, columns);
  const { outputs } = createPipeline(config.features, columns.length - 1);
  const model = modelFor(config.target, config.model, outputs);
  const { batchSize, workers, shards } = config.training;
  const cut = { shards: shardsFor(shards, workers !== null) };
  const planned = plan(model, networkOptions(model, batchSize, learnerMemory(config), cut));
  if (config.memory.budgetBytes !== null) requireBudget(planned, config.memory.budgetBytes);
  return planned;
}
