import { planFeatures } from "../features/extraction.ts";
import { createEnsemble } from "../learner/ensemble.ts";
import type { EnsembleOptions } from "../learner/ensemble-plan.ts";
import { createForecaster, type ForecasterOptions } from "../learner/forecast/forecaster.ts";
import { createNetworkLearner, type Learner } from "../learner/learner.ts";
import type { LearnerMemory, LearnerOptions, LearnerTraining } from "../learner/learner-options.ts";
import { NoLearner } from "../learner/no-learner.ts";
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import { createReplaceableNetwork } from "../learner/replaceable-network.ts";
import { type Config, withTarget } from "./config.ts";
import { featuresOf, streamOf } from "./features-config.ts";
import { type ForecastConfig, horizonRows, requireNoForecast } from "./forecast-config.ts";

/**
 * The learner that a config describes, for samples of the named columns: the ensemble, unless the config names a model.
 * @param options `chosen` replaces the ensemble's replayed network
 * @throws RivuletError naming the key, also where the plan exceeds memory.budget: then nothing is allocated
 */
export function configuredLearner(
  config: Config,
  fields: readonly string[],
  {
    seed = config.training.seed,
    without,
    chosen,
  }: Pick<LearnerTraining, "seed"> &
    Pick<EnsembleOptions, "without"> & { chosen?: Pick<EnsembleOptions, "layers" | "inputShape"> } = {},
): PrequentialLearner {
  if (config.target === null) {
    const stream = streamOf(config);
    const budgetBytes = config.memory.budgetBytes ?? undefined;
    const features = featuresOf(config, fields);
    return new NoLearner(fields, planFeatures({ columns: fields, features, ...stream, budgetBytes }), stream);
  }
  if ("forecast" in config.target) {
    return createForecaster({ ...forecasterOptions(config, fields), seed, without });
  }
  if (config.ensemble === null) {
    const options = networkLearnerOptions(config, fields, { seed });
    const models = config.sync?.models ?? null;
    if (models === null) return createNetworkLearner(options);
    return createReplaceableNetwork({ ...options, sideBySide: models.sideBySide });
  }
  return createEnsemble({ ...ensembleOptions(config, fields), seed, without, ...chosen });
}

/** What makes the forecaster of a config, for samples of the named columns. */
export function forecasterOptions(given: Config, fields: readonly string[]): ForecasterOptions {
  const config = withTarget(given);
  const { target, ensemble, training, memory } = config;
  const { column, forecast } = target as { column: string; forecast: ForecastConfig };
  const features = featuresOf(config, fields);
  const stream = streamOf(config);
  // Behind a window a row takes longer.
  const { rate } = planFeatures({ columns: fields, features, ...stream });
  return {
    ...{ fields, features, stream, seed: training.seed, effort: ensemble?.effort },
    target: { column, horizon: horizonRows(forecast, rate), coverage: forecast.coverage },
    arena: { deterministic: ensemble?.deterministic },
    budgetBytes: memory.budgetBytes ?? undefined,
  };
}

/** What makes the ensemble of a config, for samples of the named columns. */
export function ensembleOptions(given: Config, fields: readonly string[]): EnsembleOptions {
  const config = withTarget(given);
  const { target, ensemble, training, memory, sync } = config;
  requireNoForecast(target);
  return {
    fields,
    target,
    features: featuresOf(config, fields),
    stream: streamOf(config),
    effort: ensemble?.effort,
    layers: ensemble?.layers,
    inputShape: ensemble?.inputShape,
    eviction: ensemble?.eviction,
    balance: training.balance,
    seed: training.seed,
    guest: (sync?.models ?? null) !== null,
    arena: { deterministic: ensemble?.deterministic },
    budgetBytes: memory.budgetBytes ?? undefined,
  };
}

/**
 * The single network that a config describes, or the default one where it names no model, for samples of the named
 * columns.
 * @throws RivuletError as `configuredLearner`
 */
export function configuredNetworkLearner(
  config: Config,
  fields: readonly string[],
  options: NetworkLearnerChoice = {},
): Learner {
  return createNetworkLearner(networkLearnerOptions(config, fields, options));
}

type NetworkLearnerChoice = { accumulate?: boolean } & Pick<LearnerTraining, "seed" | "workers" | "shards">;

function networkLearnerOptions(
  given: Config,
  fields: readonly string[],
  { seed = given.training.seed, accumulate = false, workers, shards }: NetworkLearnerChoice,
): LearnerOptions {
  const config = withTarget(given);
  const { batchSize, deterministic, balance } = config.training;
  requireNoForecast(config.target);
  return {
    fields,
    target: config.target,
    features: featuresOf(config, fields),
    stream: streamOf(config),
    model: config.model,
    training: { batchSize, seed, deterministic, balance, workers, shards },
    memory: { ...learnerMemory(config), accumulate },
  };
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
