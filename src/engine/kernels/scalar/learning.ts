/** The kernels that the learner calls one by one, over the given memory: byte offsets become places. */
import type { LearningKernels } from "../learning.ts";
import { heapOf } from "./heap.ts";
import { leastSquaresUpdate } from "./least-squares.ts";
import { logarithms } from "./logarithms.ts";
import { gaussianLearn, gaussianPosterior } from "./naive-bayes.ts";
import { nearestRows } from "./neighbours.ts";
import { followSquares } from "./squares.ts";
import { stackLearn, stackLogits } from "./stacking.ts";

/** Creates the scalar kernels of experts that are no networks, on an arena. */
export function createScalarLearning(buffer: ArrayBuffer): LearningKernels {
  const { floats, doubles } = heapOf(buffer);
  return {
    nearestRows: (
      inputs,
      weights,
      columns,
      stride,
      columnCount,
      start,
      end,
      found,
      wanted,
      nearest,
      places,
    ) =>
      nearestRows(
        floats,
        inputs >>> 2,
        weights >>> 2,
        columns >>> 2,
        stride,
        columnCount,
        start,
        end,
        found,
        wanted,
        nearest >>> 2,
        places >>> 2,
      ),
    followSquares: (squares, count, gradients, rows, inputs, floor, largest) =>
      followSquares(
        floats,
        doubles,
        squares >>> 2,
        count >>> 3,
        gradients >>> 2,
        rows,
        inputs,
        floor,
        largest,
      ),
    logarithms: (results, numbers, count) => logarithms(doubles, results >>> 3, numbers >>> 3, count),
    gaussianPosterior: (
      answers,
      row,
      counts,
      means,
      squares,
      inputs,
      stride,
      classes,
      extra,
      prior,
      tempering,
    ) =>
      gaussianPosterior(
        floats,
        doubles,
        answers >>> 3,
        row >>> 2,
        counts >>> 2,
        means >>> 2,
        squares >>> 2,
        inputs,
        stride,
        classes,
        extra,
        prior,
        tempering,
      ),
    gaussianLearn: (row, counts, means, squares, stride, classes, label, forgetting) =>
      gaussianLearn(
        floats,
        row >>> 2,
        counts >>> 2,
        means >>> 2,
        squares >>> 2,
        stride,
        classes,
        label,
        Math.fround(forgetting),
      ),
    leastSquaresUpdate: (weights, p, gain, row, size, target, forgetting, largestError, smallest) =>
      leastSquaresUpdate(
        doubles,
        weights >>> 3,
        p >>> 3,
        gain >>> 3,
        row >>> 3,
        size,
        target,
        forgetting,
        largestError,
        smallest,
      ),
    stackLogits: (mixed, logits, answers, weights, experts, classes) =>
      stackLogits(doubles, mixed >>> 3, logits >>> 3, answers >>> 3, weights >>> 3, experts, classes),
    stackLearn: (
      weights,
      m,
      gradient,
      direction,
      mixed,
      logits,
      experts,
      classes,
      label,
      forgetting,
      largestTrace,
    ) =>
      stackLearn(
        doubles,
        weights >>> 3,
        m >>> 3,
        gradient >>> 3,
        direction >>> 3,
        mixed >>> 3,
        logits >>> 3,
        experts,
        classes,
        label,
        forgetting,
        largestTrace,
      ),
  };
}
