/** Everything a user of the library imports; nothing else is public. */

export type { Checkpoint } from "./checkpoint/format.ts";
export type { Threads, ThreadWork } from "./engine/crew.ts";
export {
  BatchEpoch,
  descendEpoch,
  type Regime,
  type Rows,
  rowOrder,
  updatesPerEpoch,
} from "./engine/descent.ts";
export { describeModel, type ModelDescription, modelFromDescription } from "./engine/description.ts";
export { availableVariants, type KernelVariant } from "./engine/kernels/kernels.ts";
export {
  adagrad,
  adam,
  adamW,
  averagePool1d,
  averagePool2d,
  batchNorm,
  binaryCrossEntropy,
  type Clip,
  conv1d,
  conv2d,
  dense,
  dropout,
  type Frozen,
  flatten,
  globalAveragePool,
  gru,
  huber,
  identity,
  type Layer,
  type Loss,
  layerNorm,
  leakyRelu,
  logSoftmax,
  type Model,
  mae,
  maxPool1d,
  maxPool2d,
  momentum,
  mse,
  negativeLogLikelihood,
  nesterov,
  type Optimizer,
  type Pair,
  relu,
  residual,
  rmsprop,
  sgd,
  sigmoid,
  smoothL1,
  softmax,
  softmaxCrossEntropy,
  tanh,
} from "./engine/model.ts";
export { createNetwork, type Network, type NetworkOptions, type Tensor } from "./engine/network.ts";
export { type Plan, type PlannedBuffer, type PlanOptions, plan } from "./engine/plan.ts";
export { createRandom, type Random, shuffle } from "./engine/random.ts";
export {
  constant,
  cosineDecay,
  exponentialDecay,
  reduceOnPlateau,
  type Schedule,
  stepDecay,
} from "./engine/schedule.ts";
export { CheckpointError, RivuletError } from "./errors.ts";
export type { ClassificationReport } from "./learner/classification-metrics.ts";
export {
  createLearner,
  type Learner,
  type LearnerDescription,
  type LearnerMemory,
  type LearnerOptions,
  type LearnerThreads,
  type Refusals,
} from "./learner/learner.ts";
export type { ModelParts } from "./learner/model.ts";
export type { RegressionReport } from "./learner/regression-metrics.ts";
export type { TargetDescription } from "./learner/target.ts";
export { loadNetwork, saveNetwork } from "./network-file.ts";
export { threads } from "./threads.ts";
