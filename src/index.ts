/** Everything a user of the library imports; nothing else is public. */

export type { Checkpoint } from "./checkpoint/format.ts";
export { availableVariants, type KernelVariant } from "./engine/kernels/kernels.ts";
export { describeModel, type ModelDescription, modelFromDescription } from "./engine/model/description.ts";
export * from "./engine/model/model.ts";
export { createRandom, type Random, shuffle } from "./engine/model/random.ts";
export {
  constant,
  cosineDecay,
  exponentialDecay,
  reduceOnPlateau,
  type Schedule,
  stepDecay,
} from "./engine/model/schedule.ts";
export type { Plan, PlannedBuffer, PlanOptions } from "./engine/planning/plan.ts";
export { plan } from "./engine/planning/planner.ts";
export { createNetwork, type Network, type NetworkOptions, type Tensor } from "./engine/running/network.ts";
export type { Threads, ThreadWork } from "./engine/running/shard-workers.ts";
export { type ErrorCode, errorCodes } from "./errors/codes.ts";
export { CheckpointError, type ErrorOrigin, RivuletError } from "./errors/errors.ts";
export type { TransformDescription } from "./features/pipeline.ts";
export type { ClassificationReport } from "./learner/classification-metrics.ts";
export {
  createLearner,
  type Learner,
  type LearnerDescription,
  type Refusals,
} from "./learner/learner.ts";
export type { LearnerMemory, LearnerOptions, LearnerTraining } from "./learner/learner-options.ts";
export type { ModelParts } from "./learner/model.ts";
export type { RegressionReport } from "./learner/regression-metrics.ts";
export type { TargetDescription } from "./learner/target.ts";
export { loadNetwork, saveNetwork } from "./library/network-file.ts";
export { threads } from "./library/threads.ts";
export {
  BatchEpoch,
  descendEpoch,
  type Regime,
  type Rows,
  rowOrder,
  updatesPerEpoch,
} from "./training/descent.ts";
