/** ConvNetJS. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { activationOf, denseWidths, samplesOf } from "./samples.ts";
import { serve, Unable } from "./serve.ts";

await serve((workload, folder) => {
  const { model, batchSize } = workload;
  if (model.layers.some(({ type }) => type === "globalAveragePool")) throw new Unable("no average pooling");
  const convnet = createRequire(join(folder, "package.json"))("convnetjs");
  const widths = denseWidths(workload);
  const outputs = widths.pop();
  const activation = activationOf(workload);
  const squared = model.loss.type === "mse";
  const network = new convnet.Net();
  network.makeLayers([
    { type: "input", out_sx: 1, out_sy: 1, out_depth: model.inputShape[0] },
    ...widths.map((numNeurons) => ({ type: "fc", num_neurons: numNeurons, activation })),
    squared ? { type: "regression", num_neurons: outputs } : { type: "softmax", num_classes: outputs },
  ]);
  const { optimizer } = model;
  const trainer = new convnet.Trainer(network, {
    // Of those it has, the one that like Adam keeps two numbers for every weight.
    method: optimizer.type === "adam" ? "adadelta" : "sgd",
    learning_rate: optimizer.learningRate,
    momentum: optimizer.type === "sgd" ? optimizer.momentum : 0,
    batch_size: batchSize,
  });
  const samples = samplesOf(workload).map(({ input, output, classIndex }) => ({
    input: new convnet.Vol(input),
    target: squared ? output : classIndex,
  }));
  const notes = [
    ...(optimizer.type === "adam" ? ["Adadelta instead of Adam"] : []),
    ...(model.layers.at(-1)?.type === "sigmoid" ? ["with biases, linear output"] : []),
  ];
  return {
    train(times) {
      for (let i = 0; i < times; i++) for (const { input, target } of samples) trainer.train(input, target);
    },
    note: notes.join(", "),
  };
});
