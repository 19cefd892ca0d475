/** Every kind of layer, by the name that configs, checkpoints and users of the library know. A new one is a file and a line here. */
export { identity, leakyRelu, logSoftmax, relu, sigmoid, softmax, tanh } from "./activation.ts";
export { batchNorm } from "./batch-norm.ts";
export { conv1d, conv2d } from "./convolution.ts";
export { dense } from "./dense.ts";
export { dropout } from "./dropout.ts";
export { elu } from "./elu.ts";
export { flatten } from "./flatten.ts";
export { globalMaxPool } from "./global-max-pool.ts";
export { gru } from "./gru.ts";
export { layerNorm } from "./layer-norm.ts";
export { averagePool1d, averagePool2d, globalAveragePool, maxPool1d, maxPool2d } from "./pooling.ts";
