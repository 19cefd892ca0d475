/** Every kind of loss, by the name that configs, checkpoints and users of the library know. A new one is a file and a line here. */
export { binaryCrossEntropy } from "./binary-cross-entropy.ts";
export { huber } from "./huber.ts";
export { logCosh } from "./log-cosh.ts";
export { mae } from "./mae.ts";
export { mse } from "./mse.ts";
export { negativeLogLikelihood } from "./negative-log-likelihood.ts";
export { smoothL1 } from "./smooth-l1.ts";
export { softmaxCrossEntropy } from "./softmax-cross-entropy.ts";
