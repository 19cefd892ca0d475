/** TensorFlow.js: its core with its own optimizers, on the cpu or the wasm backend. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Layer, Optimizer } from "../../../src/engine/model/model.ts";
import type { Tensor } from "../../../src/engine/running/network-state.ts";
import { serve, Unable } from "./serve.ts";
import { dataOf } from "./workloads.ts";

await serve(async ({ model, batchSize }, folder, backend) => {
  const convolves = model.layers.some(({ type }) => type === "conv1d");
  if (convolves && backend === "wasm") throw new Unable("its wasm backend cannot train convolutions");
  const load = createRequire(join(folder, "package.json"));
  const tf = load("@tensorflow/tfjs");
  if (backend === "wasm") {
    const wasm = load("@tensorflow/tfjs-backend-wasm");
    wasm.setWasmPaths(`${dirname(load.resolve("@tensorflow/tfjs-backend-wasm/package.json"))}/dist/`);
    wasm.setThreadsCount(1);
  }
  await tf.setBackend(backend);
  await tf.ready();

  const { input, target, parameters } = dataOf({ id: "", name: "", model, batchSize });
  // Channels come last here.
  const x = convolves
    ? tf.transpose(tf.tensor(input, [batchSize, ...model.inputShape]), [0, 2, 1])
    : tf.tensor(input, [batchSize, ...model.inputShape]);
  const left = [...parameters];
  const layers = model.layers.map((layer) => layerOf(layer, left));
  const forward = () => layers.reduce((value, layer) => layer(value), x);
  const outputs = forward().shape[1];
  const squared = model.loss.type === "mse";
  const wanted = squared
    ? tf.tensor(target, [batchSize, outputs])
    : tf.oneHot(tf.tensor1d(target, "int32"), outputs);
  const lossOf = squared ? tf.losses.meanSquaredError : tf.losses.softmaxCrossEntropy;
  const loss = () => lossOf(wanted, forward());
  const optimizer = optimizerOf(model.optimizer);
  let last = tf.scalar(0);
  return {
    train(times) {
      for (let i = 0; i < times; i++) {
        last.dispose();
        last = optimizer.minimize(loss, true);
      }
    },
    loss: () => last.dataSync()[0],
  };

  /** PyTorch's [outputs, inputs, kernel] becomes [kernel, inputs, outputs]. */
  function variable({ data, shape }: Tensor) {
    const tensor = tf.tensor(data, shape);
    return tf.variable(shape.length > 1 ? tf.transpose(tensor) : tensor);
  }

  // biome-ignore lint/suspicious/noExplicitAny: the package and its types are not installed where this is checked
  function layerOf(layer: Layer, parameters: Tensor[]): (value: any) => any {
    switch (layer.type) {
      case "dense": {
        const weight = variable(parameters.shift()!);
        if (!layer.bias) return (value) => tf.matMul(value, weight);
        const bias = variable(parameters.shift()!);
        return (value) => tf.add(tf.matMul(value, weight), bias);
      }
      case "conv1d": {
        const weight = variable(parameters.shift()!);
        const bias = variable(parameters.shift()!);
        return (value) => tf.add(tf.conv1d(value, weight, 1, "valid"), bias);
      }
      case "maxPool1d":
        return (value) => tf.squeeze(tf.maxPool(tf.expandDims(value, 1), [1, 2], [1, 2], "valid"), [1]);
      case "globalAveragePool":
        return (value) => tf.mean(value, 1);
      case "relu":
      case "tanh":
      case "sigmoid":
        return (value) => tf[layer.type](value);
      default:
        throw new Unable(`no ${layer.type} here`);
    }
  }

  function optimizerOf(described: Optimizer) {
    const rate = described.learningRate;
    if (described.type === "adam") return tf.train.adam(rate, 0.9, 0.999, described.epsilon);
    if (described.type === "sgd" && described.momentum > 0) {
      return tf.train.momentum(rate, described.momentum);
    }
    return tf.train.sgd(rate);
  }
});
