/** A small checkpoint as a real learner gives it: a dense network 4-16-3 with Adam, standardised features, metrics. */
import type { Checkpoint, Tensor } from "../../src/checkpoint/format.ts";

const shapes: [string, number[]][] = [
  ["0.weight", [16, 4]],
  ["0.bias", [16]],
  ["2.weight", [3, 16]],
  ["2.bias", [3]],
];

/**
 * Every number in it follows from `step`, so that a mixture of two checkpoints shows; see `isOfOneStep`.
 *
 * @param width of one more parameter, to make the file larger by four bytes each
 */
export function sampleCheckpoint(step: number, width = 0): Checkpoint {
  const tensors = (suffix: string): Tensor[] =>
    [...shapes, ...(width > 0 ? [["4.weight", [width]] as [string, number[]]] : [])].map(([name, shape]) => {
      const data = new Float32Array(shape.reduce((product, extent) => product * extent, 1));
      return {
        name: `${name}${suffix}`,
        shape,
        data: data.map((_, index) => Math.fround(step + index / 1024)),
      };
    });
  return {
    createdAt: "2026-01-31T12:00:00.000Z",
    name: "pump-7",
    model: {
      inputShape: [4],
      layers: [
        { type: "dense", outputs: 16, bias: true },
        { type: "relu" },
        { type: "dense", outputs: 3, bias: true },
      ],
      loss: { type: "softmaxCrossEntropy", reduction: "mean" },
      clip: null,
    },
    features: ["standardize"],
    target: { column: "label", classes: 3 },
    optimizer: { adam: { learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } },
    training: { batchSize: 8, seed: 1 },
    step,
    samplesSeen: step * 8,
    random: { state: [0x9e3779b9, 0x243f6a88, 0xb7e15162, 0xdeadbeef] },
    parameters: tensors(""),
    optimizerState: [...tensors(".mean"), ...tensors(".variance")],
    learnerState: { pending: new Float32Array([step, step]) },
    featureState: {
      count: step * 8,
      mean: new Float64Array(4).fill(step / 3),
      m2: new Float64Array(4).fill(step / 7),
    },
    metrics: { accuracy: 0.93, confusion: new Float64Array(9).fill(step), logLoss: 0.21 },
  };
}

/** Whether all of a checkpoint was taken at the same step. */
export function isOfOneStep(checkpoint: Checkpoint): boolean {
  const { step, samplesSeen, parameters, optimizerState } = checkpoint;
  const { mean } = checkpoint.featureState as { mean: Float64Array };
  return (
    samplesSeen === step * 8 &&
    mean.every((value) => value === step / 3) &&
    [...parameters, ...optimizerState].every(({ data }) =>
      data.every((value, index) => value === Math.fround(step + index / 1024)),
    )
  );
}
