import { type Plan, plan, requireBudget } from "../engine/plan.ts";
import { createPipeline } from "../features/pipeline.ts";
import { modelFor } from "../learner/model.ts";
import type { Config } from "./config.ts";

/**
 * The plan of a config's network for samples of `columns` columns, the target among them. Nothing is allocated.
 * @throws RivuletError where the plan exceeds memory.budget, naming its three largest buffers
 */
export function planConfig(config: Config, columns: number): Plan {
  const { outputs } = createPipeline(config.features, columns - 1);
  const planned = plan(modelFor(config.target, config.model, outputs), {
    batchSize: config.training.batchSize,
  });
  if (config.memory.budgetBytes !== null) requireBudget(planned, config.memory.budgetBytes);
  return planned;
}
