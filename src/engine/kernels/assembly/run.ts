/**
 * The interpreter: runs a list of instructions from the arena in one call, so that a whole training step costs
 * JavaScript one crossing. Operands are described in ../operation.ts.
 */
import { instructionSlots, Operation, Scalar } from "../operation";
import {
  leakyReluBackward,
  leakyReluForward,
  sigmoidBackward,
  sigmoidForward,
  tanhBackward,
  tanhForward,
} from "./activations";
import {
  channelSums,
  ConvolutionShape,
  convolutionForward,
  convolutionInputGradient,
  convolutionWeightGradient,
} from "./convolution";
import { allFinite, clamp, norm, scale } from "./gradients";
import {
  gruBackward,
  gruBiasGradients,
  gruForward,
  gruHiddenWeightGradient,
  gruInputGradient,
  gruInputWeightGradient,
  lastStep,
} from "./gru";
import { Elementwise, elementwiseLoss, negativeLogLikelihood, softmaxCrossEntropy } from "./losses";
import { columnSums, outerProduct, product, productTransposed, Start } from "./matrix";
import { adagrad, adam, gradientDescent, momentumDescent, rmsProp } from "./optimizers";
import { logSoftmaxBackward, logSoftmaxForward, softmaxBackward, softmaxForward } from "./softmax";

/** Operand `index` of the instruction at `at` as an integer or pointer. */
// @ts-ignore: decorator
@inline
function int(at: usize, index: usize): i32 {
  return load<i32>(at + 4 + (index << 2));
}

// @ts-ignore: decorator
@inline
function pointer(at: usize, index: usize): usize {
  return load<u32>(at + 4 + (index << 2));
}

/** Operand `index` as a float32. */
// @ts-ignore: decorator
@inline
function float(at: usize, index: usize): f32 {
  return load<f32>(at + 4 + (index << 2));
}

/** Bytes of `count` float32. */
// @ts-ignore: decorator
@inline
function bytes(count: i32): usize {
  return usize(count) << 2;
}

/** The operands from `index` on, as the shape of a convolution. */
// @ts-ignore: decorator
@inline
function convolutionShape(at: usize, index: usize): ConvolutionShape {
  return changetype<ConvolutionShape>(at + 4 + (index << 2));
}

// @ts-ignore: decorator
@inline
function scalar(scalars: usize, which: Scalar): f64 {
  return load<f64>(scalars + (usize(which) << 3));
}

// @ts-ignore: decorator
@inline
function setScalar(scalars: usize, which: Scalar, value: f64): void {
  store<f64>(scalars + (usize(which) << 3), value);
}

function elementwise(kind: Elementwise, at: usize, rows: i32, edge: f32): void {
  const scalars = pointer(at, 3);
  const gradientScale = f32(scalar(scalars, Scalar.GradientScale));
  const loss = elementwiseLoss(kind, pointer(at, 0), pointer(at, 1), pointer(at, 2), int(at, 4) * rows, gradientScale, edge);
  setScalar(scalars, Scalar.Loss, loss);
}

/**
 * Runs `count` instructions from `program` on the first `rows` rows of every buffer. With `gathering`, gradients
 * are added to what is there. Gives 0, or 1 when an instruction stopped the program at numbers that are not finite.
 */
export function run(program: usize, count: i32, rows: i32, gathering: bool): i32 {
  const start = gathering ? Start.Result : Start.Zero;
  for (let at = program; count > 0; count--, at += instructionSlots << 2) {
    switch (load<i32>(at)) {
      case Operation.DenseForward: {
        const n = int(at, 5);
        const k = int(at, 4);
        const bias = pointer(at, 3);
        product(pointer(at, 0), bytes(n), pointer(at, 1), bytes(k), 4, pointer(at, 2), bytes(n), int(at, 6) * rows, n, k, bias ? Start.Row : Start.Zero, bias);
        break;
      }
      case Operation.DenseInputGradient: {
        const n = int(at, 3);
        const k = int(at, 4);
        productTransposed(pointer(at, 0), bytes(n), pointer(at, 1), bytes(k), pointer(at, 2), bytes(k), int(at, 5) * rows, n, k, Start.Zero);
        break;
      }
      case Operation.DenseWeightGradient: {
        const m = int(at, 3);
        const n = int(at, 4);
        const k = int(at, 5) * rows;
        if (k == 1) outerProduct(pointer(at, 0), pointer(at, 1), pointer(at, 2), m, n, start);
        else product(pointer(at, 0), bytes(n), pointer(at, 1), 4, bytes(m), pointer(at, 2), bytes(n), m, n, k, start, 0);
        break;
      }
      case Operation.DenseBiasGradient:
        columnSums(pointer(at, 0), pointer(at, 1), bytes(int(at, 2)), int(at, 3) * rows, int(at, 2), start);
        break;

      case Operation.ConvolutionForward:
        convolutionForward(pointer(at, 0), pointer(at, 1), pointer(at, 2), pointer(at, 3), pointer(at, 4), convolutionShape(at, 5), rows);
        break;
      case Operation.ConvolutionInputGradient:
        convolutionInputGradient(pointer(at, 0), pointer(at, 1), pointer(at, 2), pointer(at, 3), convolutionShape(at, 4), rows);
        break;
      case Operation.ConvolutionWeightGradient:
        convolutionWeightGradient(pointer(at, 0), pointer(at, 1), pointer(at, 2), pointer(at, 3), convolutionShape(at, 4), rows, start);
        break;
      case Operation.ChannelSums:
        channelSums(pointer(at, 0), pointer(at, 1), int(at, 2), int(at, 3), rows, start);
        break;

      case Operation.GruForward:
        gruForward(pointer(at, 0), pointer(at, 1), pointer(at, 2), pointer(at, 3), pointer(at, 4), pointer(at, 5), pointer(at, 6), pointer(at, 7), pointer(at, 8), int(at, 9), int(at, 10), int(at, 11), rows);
        break;
      case Operation.GruBackward:
        gruBackward(pointer(at, 0), pointer(at, 1), pointer(at, 2), pointer(at, 3), pointer(at, 4), pointer(at, 5), pointer(at, 6), int(at, 7), int(at, 8), int(at, 9) != 0, rows);
        break;
      case Operation.GruInputGradient:
        gruInputGradient(pointer(at, 0), pointer(at, 1), pointer(at, 2), int(at, 3), int(at, 4), int(at, 5) * rows);
        break;
      case Operation.GruInputWeightGradient:
        gruInputWeightGradient(pointer(at, 0), pointer(at, 1), pointer(at, 2), int(at, 3), int(at, 4), int(at, 5) * rows, start);
        break;
      case Operation.GruHiddenWeightGradient:
        gruHiddenWeightGradient(pointer(at, 0), pointer(at, 1), pointer(at, 2), pointer(at, 3), int(at, 4), int(at, 5), rows, start);
        break;
      case Operation.GruBiasGradients:
        gruBiasGradients(pointer(at, 0), pointer(at, 1), pointer(at, 2), int(at, 3), int(at, 4) * rows, start);
        break;
      case Operation.LastStep:
        lastStep(pointer(at, 0), pointer(at, 1), int(at, 2), int(at, 3), rows);
        break;

      case Operation.SigmoidForward:
        sigmoidForward(pointer(at, 0), pointer(at, 1), int(at, 2) * rows);
        break;
      case Operation.SigmoidBackward:
        sigmoidBackward(pointer(at, 0), pointer(at, 1), pointer(at, 2), int(at, 3) * rows);
        break;
      case Operation.TanhForward:
        tanhForward(pointer(at, 0), pointer(at, 1), int(at, 2) * rows);
        break;
      case Operation.TanhBackward:
        tanhBackward(pointer(at, 0), pointer(at, 1), pointer(at, 2), int(at, 3) * rows);
        break;
      case Operation.LeakyReluForward:
        leakyReluForward(pointer(at, 0), pointer(at, 1), int(at, 2) * rows, float(at, 3));
        break;
      case Operation.LeakyReluBackward:
        leakyReluBackward(pointer(at, 0), pointer(at, 1), pointer(at, 2), int(at, 3) * rows, float(at, 4));
        break;
      case Operation.SoftmaxForward:
        softmaxForward(pointer(at, 0), pointer(at, 1), int(at, 2), int(at, 3) * rows);
        break;
      case Operation.SoftmaxBackward:
        softmaxBackward(pointer(at, 0), pointer(at, 1), pointer(at, 2), int(at, 3), int(at, 4) * rows);
        break;
      case Operation.LogSoftmaxForward:
        logSoftmaxForward(pointer(at, 0), pointer(at, 1), int(at, 2), int(at, 3) * rows);
        break;
      case Operation.LogSoftmaxBackward:
        logSoftmaxBackward(pointer(at, 0), pointer(at, 1), pointer(at, 2), int(at, 3), int(at, 4) * rows);
        break;

      case Operation.SquaredError:
        elementwise(Elementwise.Squared, at, rows, 0);
        break;
      case Operation.AbsoluteError:
        elementwise(Elementwise.Absolute, at, rows, 0);
        break;
      case Operation.Huber:
        elementwise(Elementwise.Huber, at, rows, float(at, 5));
        break;
      case Operation.SmoothL1:
        elementwise(Elementwise.SmoothL1, at, rows, float(at, 5));
        break;
      case Operation.BinaryCrossEntropy:
        elementwise(Elementwise.BinaryCrossEntropy, at, rows, 0);
        break;
      case Operation.BinaryCrossEntropyOnLogits:
        elementwise(Elementwise.BinaryCrossEntropyOnLogits, at, rows, 0);
        break;
      case Operation.SoftmaxCrossEntropy: {
        const scalars = pointer(at, 3);
        const gradientScale = f32(scalar(scalars, Scalar.GradientScale));
        setScalar(scalars, Scalar.Loss, softmaxCrossEntropy(pointer(at, 0), pointer(at, 1), pointer(at, 2), int(at, 4), int(at, 5) * rows, gradientScale));
        break;
      }
      case Operation.NegativeLogLikelihood: {
        const scalars = pointer(at, 3);
        const gradientScale = f32(scalar(scalars, Scalar.GradientScale));
        setScalar(scalars, Scalar.Loss, negativeLogLikelihood(pointer(at, 0), pointer(at, 1), pointer(at, 2), int(at, 4), int(at, 5) * rows, gradientScale));
        break;
      }

      case Operation.RequireFinite: {
        const loss = scalar(pointer(at, 2), Scalar.Loss);
        if (loss - loss != 0 || !allFinite(pointer(at, 0), int(at, 1))) return 1;
        break;
      }
      case Operation.ClipByNorm: {
        const length = norm(pointer(at, 0), int(at, 1));
        setScalar(pointer(at, 2), Scalar.GradientNorm, length);
        const factor = f64(float(at, 3)) / (length + 1e-6);
        if (factor < 1) scale(pointer(at, 0), int(at, 1), f32(factor));
        break;
      }
      case Operation.ClipByValue:
        clamp(pointer(at, 0), int(at, 1), float(at, 2));
        break;

      case Operation.GradientDescent:
        gradientDescent(pointer(at, 0), pointer(at, 1), int(at, 2), f32(scalar(pointer(at, 3), Scalar.StepSize)), float(at, 4));
        break;
      case Operation.Momentum: {
        const scalars = pointer(at, 4);
        momentumDescent(pointer(at, 0), pointer(at, 1), pointer(at, 2), int(at, 3), f32(scalar(scalars, Scalar.StepSize)), f32(scalar(scalars, Scalar.Correction)), float(at, 5), float(at, 6), int(at, 7) != 0);
        break;
      }
      case Operation.Adagrad:
        adagrad(pointer(at, 0), pointer(at, 1), pointer(at, 2), int(at, 3), f32(scalar(pointer(at, 4), Scalar.StepSize)), float(at, 5), float(at, 6));
        break;
      case Operation.RmsProp:
        rmsProp(pointer(at, 0), pointer(at, 1), pointer(at, 2), pointer(at, 3), pointer(at, 4), int(at, 5), f32(scalar(pointer(at, 6), Scalar.StepSize)), float(at, 7), float(at, 8), float(at, 9), float(at, 10), float(at, 11));
        break;
      case Operation.Adam: {
        const scalars = pointer(at, 5);
        adam(pointer(at, 0), pointer(at, 1), pointer(at, 2), pointer(at, 3), int(at, 4), f32(scalar(scalars, Scalar.StepSize)), f32(scalar(scalars, Scalar.Correction)), f32(scalar(scalars, Scalar.Decay)), float(at, 6), float(at, 7), float(at, 8), float(at, 9), float(at, 10), float(at, 11));
        break;
      }
    }
  }
  return 0;
}
