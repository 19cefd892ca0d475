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
import { allFinite, clamp, norm, scale } from "./gradients.ts";
import {
  gruBackward,
  gruBiasGradients,
  gruForward,
  gruHiddenWeightGradient,
  gruInputGradient,
  gruInputWeightGradient,
  lastStep,
} from "./gru.ts";
import { Elementwise, elementwiseLoss, negativeLogLikelihood, softmaxCrossEntropy } from "./losses.ts";
import { columnSums, product, productTransposed, Start } from "./matrix.ts";
import { adagrad, adam, gradientDescent, momentumDescent, rmsProp } from "./optimizers.ts";
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
    );
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
          const loss = softmaxCrossEntropy(floats, p0, p1, p2, width, ints[o + 5] * rows, gradientScale);
          doubles[scalars + Scalar.Loss] = loss;
          break;
        }
        case Operation.NegativeLogLikelihood: {
          const scalars = ints[o + 3] >>> 3;
          const gradientScale = f(doubles[scalars + Scalar.GradientScale]);
          const width = ints[o + 4];
          const loss = negativeLogLikelihood(floats, p0, p1, p2, width, ints[o + 5] * rows, gradientScale);
          doubles[scalars + Scalar.Loss] = loss;
          break;
        }

        case Operation.RequireFinite: {
          const loss = doubles[(ints[o + 2] >>> 3) + Scalar.Loss];
          if (loss - loss !== 0 || !allFinite(floats, p0, ints[o + 1])) return 1;
          break;
        }
        case Operation.ClipByNorm: {
          const length = norm(floats, p0, ints[o + 1]);
          doubles[(ints[o + 2] >>> 3) + Scalar.GradientNorm] = length;
          const factor = floats[o + 3] / (length + 1e-6);
          if (factor < 1) scale(floats, p0, ints[o + 1], f(factor));
          break;
        }
        case Operation.ClipByValue:
          clamp(floats, p0, ints[o + 1], floats[o + 2]);
          break;

        case Operation.GradientDescent: {
          const step = f(doubles[(ints[o + 3] >>> 3) + Scalar.StepSize]);
          gradientDescent(floats, p0, p1, ints[o + 2], step, floats[o + 4]);
          break;
        }
        case Operation.Momentum: {
          const scalars = ints[o + 4] >>> 3;
          momentumDescent(
            floats,
            p0,
            p1,
            p2,
            ints[o + 3],
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
          adagrad(floats, p0, p1, p2, ints[o + 3], step, floats[o + 5], floats[o + 6]);
          break;
        }
        case Operation.RmsProp:
          rmsProp(
            floats,
            p0,
            p1,
            p2,
            p3 || -1,
            ints[o + 4] >>> 2 || -1,
            ints[o + 5],
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
            p0,
            p1,
            p2,
            p3,
            ints[o + 4],
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
    return 0;
  };
}
