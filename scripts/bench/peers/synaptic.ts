/** Synaptic, which writes and compiles a program for the network. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { activationOf, denseWidths, differences, samplesOf } from "./samples.ts";
import { serve, Unable } from "./serve.ts";

const squashings = { relu: "RELU", tanh: "TANH", sigmoid: "LOGISTIC" };

/** Above so many weights the program that it writes is too long to compile: it walks its objects instead. */
const longestProgram = 10_000;

/** Weights by samples from which one step would hold up all others for most of a minute. */
const mostVisits = 10_000_000;

await serve((workload, folder) => {
  const { model, batchSize } = workload;
  if (model.layers.some(({ type }) => type === "conv1d")) throw new Unable("no convolutions");
  const { Layer, Network, Neuron } = createRequire(join(folder, "package.json"))("synaptic");
  const sizes = [model.inputShape[0], ...denseWidths(workload)];
  const weights = sizes.slice(1).reduce((sum, size, index) => sum + size * sizes[index], 0);
  if (weights * batchSize > mostVisits) throw new Unable("a step takes most of a minute");
  const layers = sizes.map((size) => new Layer(size));
  const squash = Neuron.squash[squashings[activationOf(workload)]];
  const last = layers.length - 1;
  for (let i = 1; i <= last; i++) {
    layers[i - 1].project(layers[i]);
    const linear = i === last && model.layers.at(-1)?.type === "dense";
    layers[i].set({ squash: linear ? Neuron.squash.IDENTITY : squash });
  }
  const network = new Network({ input: layers[0], hidden: layers.slice(1, last), output: layers[last] });
  if (weights > longestProgram) network.setOptimize(false);
  const samples = samplesOf(workload).map(({ input, output }) => ({
    input: Array.from(input),
    output: Array.from(output),
  }));
  const further = model.loss.type === "mse" ? [] : ["squared error"];
  const plain = model.optimizer.type === "sgd" && model.optimizer.momentum === 0;
  if (!plain) further.push("plain gradient descent");
  if (weights > longestProgram) further.push("not compiled");
  return {
    train(times) {
      for (let i = 0; i < times; i++) {
        for (const { input, output } of samples) {
          network.activate(input);
          network.propagate(model.optimizer.learningRate, output);
        }
      }
    },
    note: differences(workload, ...further),
  };
});
