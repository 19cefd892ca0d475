import type { Plan } from "../engine/planning/plan.ts";
import { plan, requireBudget } from "../engine/planning/planner.ts";
import { shardsFor } from "../engine/planning/shards.ts";
import { createPipeline } from "../features/pipeline.ts";
import { networkOptions } from "../learner/learner-options.ts";
import { modelFor } from "../learner/model.ts";
import { requireTarget } from "../learner/target.ts";
import type { Config } from "./config.ts";
import { learnerMemory } from "./configured-learner.ts";

/**
 * The plan of the network that the daemon trains for samples of the named columns: training.workers and shards play no
 * part in it. Nothing is allocated.
 * @throws RivuletError where the target is none of the columns, or where the plan exceeds memory.budget, naming its
 *   three largest buffers
 */
export function planConfig(config: Config, columns: readonly string[]): Plan {
  const planned = planBatches(config, columns, config.training.batchSize);
  if (config.memory.budgetBytes !== null) requireBudget(planned, config.memory.budgetBytes);
  return planned;
}

/**
 * The plan of the network that `rivulet fit` trains where the config names workers or shards, each batch cut for them;
 * null where it names neither. memory.budget is not looked at.
 * @throws RivuletError where a layer needs the batch whole
 */
export function planForFit(config: Config, columns: readonly string[]): Plan | null {
  const { workers, shards } = config.training;
  if (workers === null && shards === null) return null;
  return planBatches(config, columns, fitBatchSize(config), { shards: shardsFor(shards, workers !== null) });
}

/** Rows of a batch of `rivulet fit` where only the config says it: enough for the kernels, little enough for a board. */
export function fitBatchSize({ training }: Config): number {
  return training.batchSize > 1 ? training.batchSize : 32;
}

function planBatches(
  config: Config,
  columns: readonly string[],
  batchSize: number,
  cut: { shards?: number } = {},
): Plan {
  requireTarget(config.target, columns);
  const { outputs } = createPipeline(config.features, columns.length - 1);
  const model = modelFor(config.target, config.model, outputs);
  return plan(model, networkOptions(model, { batchSize, ...cut }, learnerMemory(config)));
}

/** Name, scores, description of the layers and what else does not grow with them. */
const descriptionBytes = 4096;
/** Name of a column, and what transforms keep of it. */
const columnBytes = 128;

/** Most bytes that a checkpoint of a config's learner takes, with the network of `planConfig`. */
export function mostCheckpointBytes(config: Config, columns: readonly string[], network: Plan): number {
  const { target, training } = config;
  const { buffers, inputs, batchSize } = network;
  const kept = ["parameter", "optimizer state", "state"];
  // An update that is half accumulated is kept with what it has accumulated.
  if (batchSize < training.batchSize) kept.push("gradient");
  const classes = "classes" in target ? target.classes : 0;
  const confusion = classes * (classes + 1) * Float64Array.BYTES_PER_ELEMENT;
  const waiting = batchSize * (inputs + 1) * Float32Array.BYTES_PER_ELEMENT;
  return buffers
    .filter(({ role }) => kept.includes(role))
    .reduce(
      (sum, { bytes }) => sum + bytes,
      descriptionBytes + columnBytes * columns.length + confusion + waiting,
    );
}
