import type { Plan } from "../engine/planning/plan.ts";
import { plan, requireBudget } from "../engine/planning/planner.ts";
import { shardsFor } from "../engine/planning/shards.ts";
import { type PlannedFeatures, planFeatures } from "../features/extraction.ts";
import { type EnsemblePlan, planEnsemble, requireEnsembleBudget } from "../learner/ensemble-plan.ts";
import { planForecaster } from "../learner/forecast/forecaster.ts";
import { networkHeldSizes } from "../learner/learner.ts";
import { learnerFeatures } from "../learner/learner-features.ts";
import { networkOptions } from "../learner/learner-options.ts";
import { modelFor } from "../learner/model.ts";
import { historyBytes } from "../status/history.ts";
import { type Config, requiredTarget, withTarget } from "./config.ts";
import { ensembleOptions, forecasterOptions, learnerMemory } from "./configured-learner.ts";
import { featuresOf, streamOf } from "./features-config.ts";
import { type PlannedLabels, planLabels } from "./plan-labels.ts";

/**
 * Plans the network that the daemon trains, without training.workers and training.shards. Allocates nothing.
 *
 * @param columns names of the columns of a sample
 * @throws RivuletError where the target is not one of the columns, or the plan exceeds memory.budget; then it names the
 *   three largest buffers
 */
export function planConfig(config: Config, columns: readonly string[]): Plan {
  const planned = planBatches(config, columns, config.training.batchSize);
  const { budgetBytes } = config.memory;
  if (budgetBytes !== null) requireBudget(planned, Math.floor(budgetBytes / networksOf(config)));
  return planned;
}

/** Networks that a config with `model` has room for: two where one from outside may run beside its own. */
const networksOf = ({ sync }: Config): number => ((sync?.models ?? null) === null ? 1 : 2);

/** Bytes of the room for a network from outside beside that of `planConfig`; 0 where none comes. */
export const guestBytesOf = (config: Config, { totalBytes }: Plan): number =>
  (networksOf(config) - 1) * totalBytes;

/**
 * Plans the network that `rivulet fit` trains with training.workers or training.shards, each batch split into shards; null
 * where the config has neither. Ignores memory.budget.
 * @throws RivuletError where a layer needs the whole batch
 */
export function planForFit(config: Config, columns: readonly string[]): Plan | null {
  const { workers, shards } = config.training;
  if (workers === null && shards === null) return null;
  return planBatches(config, columns, fitBatchSize(config), { shards: shardsFor(shards, workers !== null) });
}

/**
 * Plans the features of a config for samples of the named columns. Allocates nothing.
 * @throws RivuletError where the target is not one of the columns, a transform does not fit them, or memory is short
 */
export function planFeaturesOf(given: Config, columns: readonly string[]): PlannedFeatures {
  if (given.target === null) {
    const features = featuresOf(given, columns);
    const budgetBytes = given.memory.budgetBytes ?? undefined;
    return planFeatures({ columns, features, ...streamOf(given), budgetBytes });
  }
  const config = withTarget(given);
  if ("forecast" in config.target) return planForecaster(forecasterOptions(config, columns)).rows;
  return learnerFeatures({
    ...{ fields: columns, target: config.target, features: featuresOf(config, columns) },
    stream: streamOf(config),
    budgetBytes: config.memory.budgetBytes ?? undefined,
  });
}

/** Returns the rows per batch of `rivulet fit` without --batch: training.batchSize, or 32, which suits kernels and boards. */
export function fitBatchSize({ training }: Config): number {
  return training.batchSize > 1 ? training.batchSize : 32;
}

function planBatches(
  config: Config,
  columns: readonly string[],
  batchSize: number,
  cut: { shards?: number } = {},
): Plan {
  const { columns: rows } = planFeaturesOf(config, columns);
  const model = modelFor(requiredTarget(config), config.model, rows.length - 1);
  return plan(model, networkOptions(model, { batchSize, ...cut }, learnerMemory(config)));
}

/**
 * What the ensemble of a config takes for samples of the named columns, part by part. Nothing is allocated.
 * @throws RivuletError as `planConfig`
 */
export function planEnsembleOf(
  config: Config,
  columns: readonly string[],
): Omit<EnsemblePlan, "guestAt" | "scratchBytes"> {
  const { budgetBytes } = config.memory;
  if (config.target !== null && "forecast" in config.target) {
    const { parts, totalBytes } = planForecaster(forecasterOptions(config, columns));
    return { parts, totalBytes, held: { singles: 0, doubles: 0 } };
  }
  const planned = planEnsemble(ensembleOptions(config, columns));
  if (budgetBytes !== null) requireEnsembleBudget(planned, budgetBytes);
  return planned;
}

/**
 * Plans the samples that wait for labels beside the single network of `planConfig`; null where the config keeps none.
 * @throws RivuletError where they do not fit memory.budget
 */
export function planNetworkLabels(
  config: Config,
  { inputs, totalBytes }: Plan,
  rate: number | null,
): PlannedLabels | null {
  const { singles, doubles, guest } = networkHeldSizes(inputs, classesOf(config));
  const networks = networksOf(config);
  const further = networks - 1;
  const sizes = { singles: singles + further * guest.singles, doubles: doubles + further * guest.doubles };
  return planLabels(config, sizes, networks * totalBytes, rate);
}

/** Number of classes; 0 where the target is a number, or none. */
const classesOf = ({ target }: Config) => (target !== null && "classes" in target ? target.classes : 0);

/** Bytes of the course of the scores, in memory and in each checkpoint. */
export function historyBytesOf({
  target,
  isEnsemble,
}: {
  target: Config["target"];
  isEnsemble: boolean;
}): number {
  if (target === null) return historyBytes(0);
  const rules = "classes" in target ? rulesOfClasses : rulesOfNumbers;
  return historyBytes(isEnsemble ? rules : 0);
}

/** Simple rules beside an ensemble: label frequencies, last label, linear; mean, median, last value, linear, linear by level. */
const rulesOfClasses = 3;
const rulesOfNumbers = 5;

/** Names of the experts, of their weights and of all else in an ensemble's state. */
const ensembleTextBytes = 8192;

/** Most bytes that a checkpoint of a config's ensemble takes, with the plan of `planEnsembleOf`. */
export function mostEnsembleCheckpointBytes(
  config: Config,
  columns: readonly string[],
  { totalBytes }: Pick<EnsemblePlan, "totalBytes">,
): number {
  const classes = classesOf(config);
  const confusion = classes * (classes + 4) * Float64Array.BYTES_PER_ELEMENT;
  const own = descriptionBytes + ensembleTextBytes + columnBytes * columns.length + confusion;
  return own + totalBytes + historyBytesOf({ target: config.target, isEnsemble: true });
}

/** Name, scores, description of the layers and what else does not grow with them. */
const descriptionBytes = 4096;
/** Bytes per column: its name, and the statistic of its numbers with the first 32 of them. */
const columnBytes = 512;

/** Returns the largest size in bytes of a checkpoint of a config's learner, with the network of `planConfig`. */
export function mostCheckpointBytes(config: Config, columns: readonly string[], network: Plan): number {
  const { target, training } = config;
  const { buffers, inputs, batchSize } = network;
  const kept = ["parameter", "optimizer state", "snapshot", "state"];
  // Unfinished gradient accumulation is saved with the gradients so far.
  if (batchSize < training.batchSize) kept.push("gradient");
  const classes = classesOf(config);
  const confusion = classes * (classes + 1) * Float64Array.BYTES_PER_ELEMENT;
  const waiting = batchSize * (inputs + 1) * Float32Array.BYTES_PER_ELEMENT;
  return buffers
    .filter(({ role }) => kept.includes(role))
    .reduce(
      (sum, { bytes }) => sum + networksOf(config) * bytes,
      descriptionBytes +
        columnBytes * columns.length +
        confusion +
        waiting +
        historyBytesOf({ target, isEnsemble: false }),
    );
}
