/** brain.js on the processor: its GPU part is never loaded. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { activationOf, denseWidths, differences, samplesOf } from "./samples.ts";
import { serve, Unable } from "./serve.ts";

await serve((workload, folder) => {
  const { model } = workload;
  if (model.layers.some(({ type }) => type === "conv1d")) throw new Unable("no convolutions");
  const { NeuralNetwork } = createRequire(join(folder, "package.json"))("brain.js");
  const { optimizer } = model;
  const network = new NeuralNetwork({
    activation: activationOf(workload),
    learningRate: optimizer.learningRate,
    ...(optimizer.type === "adam" ? { praxis: "adam" } : {}),
  });
  // Set here because its constructor refuses a momentum of 0.
  if (optimizer.type === "sgd") network.trainOpts.momentum = optimizer.momentum;
  network.sizes = [model.inputShape[0], ...denseWidths(workload)];
  network.initialize();
  const samples = samplesOf(workload);
  const further = model.loss.type === "mse" ? [] : ["ReLU outputs and squared error"];
  if (model.layers.at(-1)?.type === "dense" && activationOf(workload) === "tanh") further.push("tanh output");
  return {
    train(times) {
      for (let i = 0; i < times; i++) for (const sample of samples) network.trainPattern(sample);
    },
    note: differences(workload, ...further),
  };
});
