/** The learner for a task: the ensemble, or the network that is named. */
import { createEnsemble, type Ensemble } from "./ensemble.ts";
import { createNetworkLearner, type Learner } from "./learner.ts";
import type { LearnerOptions } from "./learner-options.ts";
import type { ModelParts } from "./model.ts";
import type { PrequentialLearner } from "./prequential-learner.ts";

/**
 * Builds a learner for a target among the columns of a sample: where `model` is named, be it as `{}`, that network alone;
 * where not, the ensemble, which has nothing to tune.
 * @throws RivuletError where a part of the description is wrong or does not fit another, or memory is short
 */
export function createLearner(options: LearnerOptions & { model: ModelParts }): Learner;
export function createLearner(options: LearnerOptions & { model?: undefined }): Ensemble;
export function createLearner(options: LearnerOptions): PrequentialLearner;
export function createLearner(options: LearnerOptions): PrequentialLearner {
  if (options.model !== undefined) return createNetworkLearner(options);
  const { fields, target, features, stream, training, memory, without } = options;
  return createEnsemble({
    fields,
    target,
    features,
    stream,
    effort: training?.effort,
    seed: training?.seed,
    without,
    arena: { deterministic: training?.deterministic },
    budgetBytes: memory?.budgetBytes,
  });
}
