/**
 * Twin of ../assembly/run.ts: the interpreter in TypeScript, for processors without SIMD and as the oracle of the
 * vector kernels. Without relaxed SIMD both give the same bits.
 */
import { instructionSlots, Operation, Scalar } from "../operation.ts";
import {
  leakyReluBackward,
  leakyReluForward,
  sigmoidBackward,
  sigmoidForward,
  tanhBackward,
  tanhForward,
} from "./activations.ts";
import {
  channelSums,
  convolutionForward,
  convolutionInputGradient,
  convolutionWeightGradient,
  createShape,
  readShape,
} from "./convolution.ts";
import {
  addShards,
  allFinite,
  bounded,
  clamp,
  largestMagnitude,
  scaleToNorm,
  sumOfSquares,
} from "./gradients.ts";
import {
  gruBackward,
  gruBiasGradients,
  gruForward,
  gruHiddenWeightGradient,
  gruInputGradient,
  gruInputWeightGradient,
  lastStep,
} from "./gru.ts";
import {
  classWeightsOfTargets,
  Elementwise,
  elementwiseLoss,
  negativeLogLikelihood,
  softmaxCrossEntropy,
} from "./losses.ts";
import { accumulate, add, applyMask, drawMask } from "./masks.ts";
import { columnSums, product, productTransposed, Start } from "./matrix.ts";
import {
  batchNormBackward,
  batchNormCommit,
  batchNormEvaluate,
  batchNormEvaluateBackward,
  batchNormForward,
  layerNormBackward,
  layerNormForward,
  layerNormGammaGradient,
} from "./norms.ts";
import { adagrad, adam, clearSubnormals, gradientDescent, momentumDescent, rmsProp } from "./optimizers.ts";
import { averagePoolBackward, averagePoolForward, maxPoolBackward, maxPoolForward } from "./pooling.ts";
import { logSoftmaxBackward, logSoftmaxForward, softmaxBackward, softmaxForward } from "./softmax.ts";

const f = Math.fround;

/** Makes `run(program, count, rows, gathering)` over the given memory. */
export function createScalarRun(
  buffer: ArrayBuffer,
): (program: number, count: number, rows: number, gathering: number) => number {
  const ints = new Int32Array(buffer);
  const floats = new Float32Array(buffer);
  const doubles = new Float64Array(buffer);
  const shape = createShape();

  function elementwise(kind: number, operand: number, rows: number, edge: number): void {
    const scalars = ints[operand + 3] >>> 3;
    doubles[scalars + Scalar.Loss] = elementwiseLoss(
      floats,
      kind,
      ints[operand] >>> 2,
      ints[operand + 1] >>> 2,
      ints[operand + 2] >>> 2,
      ints[operand + 4] * rows,
      f(doubles[scalars + Scalar.GradientScale]),
      edge,
      ints[operand + 6] >>> 2,
      ints[operand + 7],
    );
  }

  /** Operand at `slot`, a pointer that is moved; -1 where it is absent. */
  function moved(slot: number, displacement: number): number {
    const place = ints[slot] >>> 2;
    return place ? place + displacement : -1;
  }

  /**
   * Runs the instruction at `at`, ClipByValue or an optimizer, with its parameters and their state (not the
   * gradients) moved by `displacement` numbers, and on `override` numbers where that is not 0.
   */
  function update(at: number, displacement: number, override: number): void {
    const o = at + 1;
    const weights = (ints[o] >>> 2) + displacement;
    const gradients = ints[o + 1] >>> 2;
    const third = moved(o + 2, displacement);
    switch (ints[at]) {
      case Operation.ClipByValue:
        clamp(floats, ints[o] >>> 2, override || ints[o + 1], floats[o + 2]);
        break;
      case Operation.GradientDescent: {
        const step = f(doubles[(ints[o + 3] >>> 3) + Scalar.StepSize]);
        gradientDescent(floats, weights, gradients, override || ints[o + 2], step, floats[o + 4]);
        break;
      }
      case Operation.Momentum: {
        const scalars = ints[o + 4] >>> 3;
        momentumDescent(
          floats,
          weights,
          gradients,
          third,
          override || ints[o + 3],
          f(doubles[scalars + Scalar.StepSize]),
          f(doubles[scalars + Scalar.Correction]),
          floats[o + 5],
          floats[o + 6],
          ints[o + 7] !== 0,
        );
        break;
      }
      case Operation.Adagrad: {
        const step = f(doubles[(ints[o + 4] >>> 3) + Scalar.StepSize]);
        const count = override || ints[o + 3];
        adagrad(floats, weights, gradients, third, count, step, floats[o + 5], floats[o + 6]);
        break;
      }
      case Operation.RmsProp:
        rmsProp(
          floats,
          weights,
          gradients,
          third,
          moved(o + 3, displacement),
          moved(o + 4, displacement),
          override || ints[o + 5],
          f(doubles[(ints[o + 6] >>> 3) + Scalar.StepSize]),
          floats[o + 7],
          floats[o + 8],
          floats[o + 9],
          floats[o + 10],
          floats[o + 11],
        );
        break;
      case Operation.Adam: {
        const scalars = ints[o + 5] >>> 3;
        adam(
          floats,
          weights,
          gradients,
          third,
          moved(o + 3, displacement),
          override || ints[o + 4],
          f(doubles[scalars + Scalar.StepSize]),
          f(doubles[scalars + Scalar.Correction]),
          f(doubles[scalars + Scalar.Decay]),
          floats[o + 6],
          floats[o + 7],
          floats[o + 8],
          floats[o + 9],
          floats[o + 10],
          floats[o + 11],
        );
        break;
      }
    }
  }

  /** Gradient and update of a dense layer's weights, strip by strip, by the instructions that follow the one at `at`. */
  function updateInStrips(at: number, rows: number): void {
    const o = at + 1;
    const scratch = ints[o] >>> 2;
    const input = ints[o + 1] >>> 2;
    const outputGradient = ints[o + 2] >>> 2;
    const inputs = ints[o + 3];
    const outputs = ints[o + 4];
    const k = ints[o + 5] * rows;
    const stripRows = ints[o + 6];
    for (let i = 0; i < inputs; i += stripRows) {
      const m = Math.min(stripRows, inputs - i);
      product(
        floats,
        scratch,
        outputs,
        input + i,
        1,
        inputs,
        outputGradient,
        outputs,
        m,
        outputs,
        k,
        Start.Zero,
        0,
      );
      let count = m * outputs;
      // Optimizers work on whole vectors, and weights are padded with zeros that must stay so.
      for (; (count & 3) !== 0; count++) floats[scratch + count] = 0;
      for (let following = 1; following <= ints[o + 7]; following++) {
        update(at + following * instructionSlots, i * outputs, count);
      }
    }
  }

  return (program, count, rows, gathering) => {
    const start = gathering ? Start.Result : Start.Zero;
    for (let at = program >>> 2; count > 0; count--, at += instructionSlots) {
      const o = at + 1;
      // As float32 indices; operands that are no pointers are read from `ints` and `floats` where they are used.
      const p0 = ints[o] >>> 2;
      const p1 = ints[o + 1] >>> 2;
      const p2 = ints[o + 2] >>> 2;
      const p3 = ints[o + 3] >>> 2;
      switch (ints[at]) {
        case Operation.DenseForward: {
          const n = ints[o + 5];
          const k = ints[o + 4];
          const from = p3 ? Start.Row : Start.Zero;
          product(floats, p0, n, p1, k, 1, p2, n, ints[o + 6] * rows, n, k, from, p3);
          break;
        }
        case Operation.DenseInputGradient: {
          const n = ints[o + 3];
          const k = ints[o + 4];
          productTransposed(floats, p0, n, p1, k, p2, k, ints[o + 5] * rows, n, k, Start.Zero);
          break;
        }
        case Operation.DenseWeightGradient: {
          const m = ints[o + 3];
          const n = ints[o + 4];
          product(floats, p0, n, p1, 1, m, p2, n, m, n, ints[o + 5] * rows, start, 0);
          break;
        }
        case Operation.DenseBiasGradient:
          columnSums(floats, p0, p1, ints[o + 2], ints[o + 3] * rows, ints[o + 2], start);
          break;

        case Operation.ConvolutionForward:
          readShape(shape, ints, o + 5);
          convolutionForward(floats, p0, p1, p2, p3, ints[o + 4] >>> 2, shape, rows);
          break;
        case Operation.ConvolutionInputGradient:
          readShape(shape, ints, o + 4);
          convolutionInputGradient(floats, p0, p1, p2, p3, shape, rows);
          break;
        case Operation.ConvolutionWeightGradient:
          readShape(shape, ints, o + 4);
          convolutionWeightGradient(floats, p0, p1, p2, p3, shape, rows, start);
          break;
        case Operation.ChannelSums:
          channelSums(floats, p0, p1, ints[o + 2], ints[o + 3], rows, start);
          break;

        case Operation.GruForward:
          gruForward(
            floats,
            p0,
            p1,
            p2,
            p3,
            ints[o + 4] >>> 2,
            ints[o + 5] >>> 2,
            ints[o + 6] >>> 2,
            ints[o + 7] >>> 2,
            ints[o + 8] >>> 2,
            ints[o + 9],
            ints[o + 10],
            ints[o + 11],
            rows,
          );
          break;
        case Operation.GruBackward:
          gruBackward(
            floats,
            p0,
            p1,
            p2,
            p3,
            ints[o + 4] >>> 2,
            ints[o + 5] >>> 2,
            ints[o + 6] >>> 2,
            ints[o + 7],
            ints[o + 8],
            ints[o + 9] !== 0,
            rows,
          );
          break;
        case Operation.GruInputGradient:
          gruInputGradient(floats, p0, p1, p2, ints[o + 3], ints[o + 4], ints[o + 5] * rows);
          break;
        case Operation.GruInputWeightGradient:
          gruInputWeightGradient(floats, p0, p1, p2, ints[o + 3], ints[o + 4], ints[o + 5] * rows, start);
          break;
        case Operation.GruHiddenWeightGradient:
          gruHiddenWeightGradient(floats, p0, p1, p2, p3, ints[o + 4], ints[o + 5], rows, start);
          break;
        case Operation.GruBiasGradients:
          gruBiasGradients(floats, p0, p1, p2, ints[o + 3], ints[o + 4] * rows, start);
          break;
        case Operation.LastStep:
          lastStep(floats, p0, p1, ints[o + 2], ints[o + 3], rows);
          break;

        case Operation.SigmoidForward:
          sigmoidForward(floats, p0, p1, ints[o + 2] * rows);
          break;
        case Operation.SigmoidBackward:
          sigmoidBackward(floats, p0, p1, p2, ints[o + 3] * rows);
          break;
        case Operation.TanhForward:
          tanhForward(floats, p0, p1, ints[o + 2] * rows);
          break;
        case Operation.TanhBackward:
          tanhBackward(floats, p0, p1, p2, ints[o + 3] * rows);
          break;
        case Operation.LeakyReluForward:
          leakyReluForward(floats, p0, p1, ints[o + 2] * rows, floats[o + 3]);
          break;
        case Operation.LeakyReluBackward:
          leakyReluBackward(floats, p0, p1, p2, ints[o + 3] * rows, floats[o + 4]);
          break;
        case Operation.SoftmaxForward:
          softmaxForward(floats, p0, p1, ints[o + 2], ints[o + 3] * rows);
          break;
        case Operation.SoftmaxBackward:
          softmaxBackward(floats, p0, p1, p2, ints[o + 3], ints[o + 4] * rows);
          break;
        case Operation.LogSoftmaxForward:
          logSoftmaxForward(floats, p0, p1, ints[o + 2], ints[o + 3] * rows);
          break;
        case Operation.LogSoftmaxBackward:
          logSoftmaxBackward(floats, p0, p1, p2, ints[o + 3], ints[o + 4] * rows);
          break;

        case Operation.MaxPoolForward: {
          const planes = ints[o + 3] * rows;
          maxPoolForward(floats, ints, p0, p1, p2, planes, ints[o + 4], ints[o + 5], ints[o + 6]);
          break;
        }
        case Operation.MaxPoolBackward: {
          const planes = ints[o + 3] * rows;
          maxPoolBackward(floats, ints, p0, p1, p2, planes, ints[o + 4], ints[o + 5], ints[o + 6]);
          break;
        }
        case Operation.AveragePoolForward:
          averagePoolForward(floats, p0, p1, ints[o + 2] * rows, ints[o + 3], ints[o + 4], ints[o + 5]);
          break;
        case Operation.AveragePoolBackward:
          averagePoolBackward(floats, p0, p1, ints[o + 2] * rows, ints[o + 3], ints[o + 4], ints[o + 5]);
          break;

        case Operation.BatchNormForward: {
          const mean = ints[o + 5] >>> 2;
          const variance = ints[o + 6] >>> 2;
          const channels = ints[o + 7];
          const positions = ints[o + 8];
          const beta = ints[o + 4] >>> 2;
          const epsilon = floats[o + 9];
          batchNormForward(floats, p0, p1, p2, p3, beta, mean, variance, channels, positions, rows, epsilon);
          break;
        }
        case Operation.BatchNormEvaluate: {
          const mean = ints[o + 4] >>> 2;
          const variance = ints[o + 5] >>> 2;
          const channels = ints[o + 6];
          const positions = ints[o + 7];
          batchNormEvaluate(floats, p0, p1, p2, p3, mean, variance, channels, positions, rows, floats[o + 8]);
          break;
        }
        case Operation.BatchNormBackward: {
          const gamma = ints[o + 4] >>> 2;
          const sums = ints[o + 5] >>> 2;
          batchNormBackward(floats, p0, p1, p2, p3, gamma, sums, ints[o + 6], ints[o + 7], rows);
          break;
        }
        case Operation.BatchNormEvaluateBackward: {
          const epsilon = floats[o + 6];
          batchNormEvaluateBackward(floats, p0, p1, p2, p3, ints[o + 4], ints[o + 5], rows, epsilon);
          break;
        }
        case Operation.BatchNormCommit:
          batchNormCommit(floats, p0, p1, p2, ints[o + 3], ints[o + 4] * rows, floats[o + 5]);
          break;
        case Operation.LayerNormForward: {
          const beta = ints[o + 4] >>> 2;
          layerNormForward(floats, p0, p1, p2, p3, beta, ints[o + 5], ints[o + 6] * rows, floats[o + 7]);
          break;
        }
        case Operation.LayerNormBackward: {
          const gamma = ints[o + 4] >>> 2;
          layerNormBackward(floats, p0, p1, p2, p3, gamma, ints[o + 5], ints[o + 6] * rows);
          break;
        }
        case Operation.LayerNormGradients: {
          const statistics = ints[o + 4] >>> 2;
          const width = ints[o + 5];
          const normalized = ints[o + 6] * rows;
          if (p0) layerNormGammaGradient(floats, p0, p2, p3, statistics, width, normalized, start);
          if (p1) columnSums(floats, p1, p2, width, normalized, width, start);
          break;
        }

        case Operation.DrawMask: {
          const scalars = ints[o + 4] >>> 3;
          const threshold = ints[o + 2] >>> 0;
          const seed = doubles[scalars + Scalar.Seed];
          const draws = doubles[scalars + Scalar.Draws];
          drawMask(floats, p0, ints[o + 1] * rows, threshold, ints[o + 3], ints[o + 5], seed, draws);
          break;
        }
        case Operation.Mask:
          applyMask(floats, p0, p1, p2, ints[o + 3] * rows, floats[o + 4]);
          break;
        case Operation.Copy:
          floats.copyWithin(p0, p1, p1 + ints[o + 2] * rows);
          break;
        case Operation.Add:
          add(floats, p0, p1, p2, ints[o + 3] * rows);
          break;

        case Operation.ClassWeights: {
          const sampleWeights = ints[o + 4] >>> 2;
          const blend = ints[o + 6] !== 0;
          classWeightsOfTargets(floats, p0, p1, p2, ints[o + 3], sampleWeights, ints[o + 5], rows, blend);
          break;
        }
        case Operation.SquaredError:
          elementwise(Elementwise.Squared, o, rows, 0);
          break;
        case Operation.AbsoluteError:
          elementwise(Elementwise.Absolute, o, rows, 0);
          break;
        case Operation.Huber:
          elementwise(Elementwise.Huber, o, rows, floats[o + 5]);
          break;
        case Operation.SmoothL1:
          elementwise(Elementwise.SmoothL1, o, rows, floats[o + 5]);
          break;
        case Operation.BinaryCrossEntropy:
          elementwise(Elementwise.BinaryCrossEntropy, o, rows, 0);
          break;
        case Operation.BinaryCrossEntropyOnLogits:
          elementwise(Elementwise.BinaryCrossEntropyOnLogits, o, rows, 0);
          break;
        case Operation.SoftmaxCrossEntropy: {
          const scalars = ints[o + 3] >>> 3;
          const gradientScale = f(doubles[scalars + Scalar.GradientScale]);
          const width = ints[o + 4];
          const loss = softmaxCrossEntropy(
            floats,
            p0,
            p1,
            p2,
            width,
            ints[o + 5] * rows,
            gradientScale,
            ints[o + 6] >>> 2,
            ints[o + 7],
          );
          doubles[scalars + Scalar.Loss] = loss;
          break;
        }
        case Operation.NegativeLogLikelihood: {
          const scalars = ints[o + 3] >>> 3;
          const gradientScale = f(doubles[scalars + Scalar.GradientScale]);
          const width = ints[o + 4];
          const loss = negativeLogLikelihood(
            floats,
            p0,
            p1,
            p2,
            width,
            ints[o + 5] * rows,
            gradientScale,
            ints[o + 6] >>> 2,
            ints[o + 7],
          );
          doubles[scalars + Scalar.Loss] = loss;
          break;
        }

        case Operation.RequireFinite: {
          const loss = doubles[(ints[o + 2] >>> 3) + Scalar.Loss];
          if (loss - loss !== 0 || !allFinite(floats, p0, ints[o + 1])) return 1;
          break;
        }
        case Operation.RequireBounded: {
          const a = largestMagnitude(floats, p0, ints[o + 1] * rows);
          const b = p2 ? largestMagnitude(floats, p2, ints[o + 3] * rows) : 1;
          if (!bounded(a, b, ints[o + 4] * rows)) return 1;
          break;
        }
        case Operation.ClipByNorm: {
          const length = Math.sqrt(sumOfSquares(floats, p0, ints[o + 1]));
          doubles[(ints[o + 2] >>> 3) + Scalar.GradientNorm] = length;
          scaleToNorm(floats, p0, ints[o + 1], length, floats[o + 3]);
          break;
        }
        case Operation.AddShards:
          addShards(floats, p0, p1, ints[o + 2] >>> 2, ints[o + 3], rows - 1);
          break;
        case Operation.SumOfSquares:
          doubles[ints[o] >>> 3] = sumOfSquares(floats, p1, ints[o + 2]);
          break;
        case Operation.ScaleToNorm: {
          const length = doubles[(ints[o + 2] >>> 3) + Scalar.GradientNorm];
          scaleToNorm(floats, p0, ints[o + 1], length, floats[o + 3]);
          break;
        }
        case Operation.Accumulate:
          accumulate(floats, p0, p1, ints[o + 2], start);
          break;
        case Operation.ClearSubnormals:
          clearSubnormals(floats, p0, ints[o + 1]);
          break;
        case Operation.UpdateInStrips: {
          updateInStrips(at, rows);
          const following = ints[o + 7];
          count -= following;
          at += following * instructionSlots;
          break;
        }
        case Operation.ClipByValue:
        case Operation.GradientDescent:
        case Operation.Momentum:
        case Operation.Adagrad:
        case Operation.RmsProp:
        case Operation.Adam:
          update(at, 0, 0);
          break;
      }
    }
    return 0;
  };
}
