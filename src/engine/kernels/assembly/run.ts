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
import { addShards, allFinite, bounded, clamp, largestMagnitude, scaleToNorm, sumOfSquares } from "./gradients";
import {
  gruBackward,
  gruBiasGradients,
  gruForward,
  gruHiddenWeightGradient,
  gruInputGradient,
  gruInputWeightGradient,
  lastStep,
} from "./gru";
import { classWeightsOfTargets, Elementwise, elementwiseLoss, negativeLogLikelihood, softmaxCrossEntropy } from "./losses";
import { accumulate, add, applyMask, copy, drawMask } from "./masks";
import { columnSums, outerProduct, product, productTransposed, Start } from "./matrix";
import {
  batchNormBackward,
  batchNormCommit,
  batchNormEvaluate,
  batchNormEvaluateBackward,
  batchNormForward,
  layerNormBackward,
  layerNormForward,
  layerNormGammaGradient,
} from "./norms";
import { adagrad, adam, clearSubnormals, gradientDescent, momentumDescent, rmsProp } from "./optimizers";
import { averagePoolBackward, averagePoolForward, maxPoolBackward, maxPoolForward } from "./pooling";
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
  const loss = elementwiseLoss(kind, pointer(at, 0), pointer(at, 1), pointer(at, 2), int(at, 4) * rows, gradientScale, edge, pointer(at, 6), int(at, 7));
  setScalar(scalars, Scalar.Loss, loss);
}

/** Operand `index`, a pointer that is moved unless it is absent. */
// @ts-ignore: decorator
@inline
function moved(at: usize, index: usize, displacement: usize): usize {
  const place = pointer(at, index);
  return place ? place + displacement : 0;
}

/**
 * Runs the instruction at `at`, ClipByValue or an optimizer, with its parameters and their state (not the gradients)
 * moved by `displacement` bytes, and on `count` numbers where that is not 0.
 */
function update(at: usize, displacement: usize, count: i32): void {
  const weights = pointer(at, 0) + displacement;
  const gradients = pointer(at, 1);
  const third = moved(at, 2, displacement);
  switch (load<i32>(at)) {
    case Operation.ClipByValue:
      clamp(pointer(at, 0), count ? count : int(at, 1), float(at, 2));
      break;
    case Operation.GradientDescent:
      gradientDescent(weights, gradients, count ? count : int(at, 2), f32(scalar(pointer(at, 3), Scalar.StepSize)), float(at, 4));
      break;
    case Operation.Momentum: {
      const scalars = pointer(at, 4);
      momentumDescent(weights, gradients, third, count ? count : int(at, 3), f32(scalar(scalars, Scalar.StepSize)), f32(scalar(scalars, Scalar.Correction)), float(at, 5), float(at, 6), int(at, 7) != 0);
      break;
    }
    case Operation.Adagrad:
      adagrad(weights, gradients, third, count ? count : int(at, 3), f32(scalar(pointer(at, 4), Scalar.StepSize)), float(at, 5), float(at, 6));
      break;
    case Operation.RmsProp:
      rmsProp(weights, gradients, third, moved(at, 3, displacement), moved(at, 4, displacement), count ? count : int(at, 5), f32(scalar(pointer(at, 6), Scalar.StepSize)), float(at, 7), float(at, 8), float(at, 9), float(at, 10), float(at, 11));
      break;
    case Operation.Adam: {
      const scalars = pointer(at, 5);
      adam(weights, gradients, third, moved(at, 3, displacement), count ? count : int(at, 4), f32(scalar(scalars, Scalar.StepSize)), f32(scalar(scalars, Scalar.Correction)), f32(scalar(scalars, Scalar.Decay)), float(at, 6), float(at, 7), float(at, 8), float(at, 9), float(at, 10), float(at, 11));
      break;
    }
  }
}

/** c [m, n] = start + a^T b for the first `m` of the `inputs` columns of a [k, inputs]; b is [k, n]. */
function weightGradient(c: usize, a: usize, b: usize, inputs: i32, m: i32, n: i32, k: i32, start: Start): void {
  if (k == 1) outerProduct(c, a, b, m, n, start);
  else product(c, bytes(n), a, 4, bytes(inputs), b, bytes(n), m, n, k, start, 0);
}

/** Gradient and update of a dense layer's weights, strip by strip, by the instructions that follow the one at `at`. */
function updateInStrips(at: usize, rows: i32): void {
  const scratch = pointer(at, 0);
  const inputs = int(at, 3);
  const outputs = int(at, 4);
  const stripRows = int(at, 6);
  for (let i = 0; i < inputs; i += stripRows) {
    const m = min(stripRows, inputs - i);
    weightGradient(scratch, pointer(at, 1) + (usize(i) << 2), pointer(at, 2), inputs, m, outputs, int(at, 5) * rows, Start.Zero);
    let count = m * outputs;
    // Optimizers work on whole vectors, and weights are padded with zeros that must stay so.
    for (; (count & 3) != 0; count++) store<f32>(scratch + (usize(count) << 2), 0);
    const displacement = usize(i * outputs) << 2;
    let instruction = at;
    for (let following = int(at, 7); following > 0; following--) {
      instruction += instructionSlots << 2;
      update(instruction, displacement, count);
    }
  }
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
        weightGradient(pointer(at, 0), pointer(at, 1), pointer(at, 2), m, m, int(at, 4), int(at, 5) * rows, start);
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

      case Operation.MaxPoolForward:
        maxPoolForward(pointer(at, 0), pointer(at, 1), pointer(at, 2), int(at, 3) * rows, int(at, 4), int(at, 5), int(at, 6));
        break;
      case Operation.MaxPoolBackward:
        maxPoolBackward(pointer(at, 0), pointer(at, 1), pointer(at, 2), int(at, 3) * rows, int(at, 4), int(at, 5), int(at, 6));
        break;
      case Operation.AveragePoolForward:
        averagePoolForward(pointer(at, 0), pointer(at, 1), int(at, 2) * rows, int(at, 3), int(at, 4), int(at, 5));
        break;
      case Operation.AveragePoolBackward:
        averagePoolBackward(pointer(at, 0), pointer(at, 1), int(at, 2) * rows, int(at, 3), int(at, 4), int(at, 5));
        break;

      case Operation.BatchNormForward:
        batchNormForward(pointer(at, 0), pointer(at, 1), pointer(at, 2), pointer(at, 3), pointer(at, 4), pointer(at, 5), pointer(at, 6), int(at, 7), int(at, 8), rows, float(at, 9));
        break;
      case Operation.BatchNormEvaluate:
        batchNormEvaluate(pointer(at, 0), pointer(at, 1), pointer(at, 2), pointer(at, 3), pointer(at, 4), pointer(at, 5), int(at, 6), int(at, 7), rows, float(at, 8));
        break;
      case Operation.BatchNormBackward:
        batchNormBackward(pointer(at, 0), pointer(at, 1), pointer(at, 2), pointer(at, 3), pointer(at, 4), pointer(at, 5), int(at, 6), int(at, 7), rows);
        break;
      case Operation.BatchNormEvaluateBackward:
        batchNormEvaluateBackward(pointer(at, 0), pointer(at, 1), pointer(at, 2), pointer(at, 3), int(at, 4), int(at, 5), rows, float(at, 6));
        break;
      case Operation.BatchNormCommit:
        batchNormCommit(pointer(at, 0), pointer(at, 1), pointer(at, 2), int(at, 3), int(at, 4) * rows, float(at, 5));
        break;
      case Operation.LayerNormForward:
        layerNormForward(pointer(at, 0), pointer(at, 1), pointer(at, 2), pointer(at, 3), pointer(at, 4), int(at, 5), int(at, 6) * rows, float(at, 7));
        break;
      case Operation.LayerNormBackward:
        layerNormBackward(pointer(at, 0), pointer(at, 1), pointer(at, 2), pointer(at, 3), pointer(at, 4), int(at, 5), int(at, 6) * rows);
        break;
      case Operation.LayerNormGradients: {
        const width = int(at, 5);
        const normalized = int(at, 6) * rows;
        if (pointer(at, 0)) layerNormGammaGradient(pointer(at, 0), pointer(at, 2), pointer(at, 3), pointer(at, 4), width, normalized, start);
        if (pointer(at, 1)) columnSums(pointer(at, 1), pointer(at, 2), bytes(width), normalized, width, start);
        break;
      }

      case Operation.DrawMask: {
        const scalars = pointer(at, 4);
        drawMask(pointer(at, 0), int(at, 1) * rows, int(at, 2), int(at, 3), int(at, 5), scalar(scalars, Scalar.Seed), scalar(scalars, Scalar.Draws));
        break;
      }
      case Operation.Mask:
        applyMask(pointer(at, 0), pointer(at, 1), pointer(at, 2), int(at, 3) * rows, float(at, 4));
        break;
      case Operation.Copy:
        copy(pointer(at, 0), pointer(at, 1), int(at, 2) * rows);
        break;
      case Operation.Add:
        add(pointer(at, 0), pointer(at, 1), pointer(at, 2), int(at, 3) * rows);
        break;

      case Operation.ClassWeights:
        classWeightsOfTargets(pointer(at, 0), pointer(at, 1), pointer(at, 2), int(at, 3), pointer(at, 4), int(at, 5), rows, int(at, 6) != 0);
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
        setScalar(scalars, Scalar.Loss, softmaxCrossEntropy(pointer(at, 0), pointer(at, 1), pointer(at, 2), int(at, 4), int(at, 5) * rows, gradientScale, pointer(at, 6), int(at, 7)));
        break;
      }
      case Operation.NegativeLogLikelihood: {
        const scalars = pointer(at, 3);
        const gradientScale = f32(scalar(scalars, Scalar.GradientScale));
        setScalar(scalars, Scalar.Loss, negativeLogLikelihood(pointer(at, 0), pointer(at, 1), pointer(at, 2), int(at, 4), int(at, 5) * rows, gradientScale, pointer(at, 6), int(at, 7)));
        break;
      }

      case Operation.RequireFinite: {
        const loss = scalar(pointer(at, 2), Scalar.Loss);
        if (loss - loss != 0 || !allFinite(pointer(at, 0), int(at, 1))) return 1;
        break;
      }
      case Operation.RequireBounded: {
        const a = largestMagnitude(pointer(at, 0), int(at, 1) * rows);
        const b: f32 = pointer(at, 2) ? largestMagnitude(pointer(at, 2), int(at, 3) * rows) : 1;
        if (!bounded(a, b, f64(int(at, 4)) * f64(rows))) return 1;
        break;
      }
      case Operation.ClipByNorm: {
        const length = sqrt(sumOfSquares(pointer(at, 0), int(at, 1)));
        setScalar(pointer(at, 2), Scalar.GradientNorm, length);
        scaleToNorm(pointer(at, 0), int(at, 1), length, float(at, 3));
        break;
      }
      case Operation.AddShards:
        addShards(pointer(at, 0), pointer(at, 1), pointer(at, 2), int(at, 3), rows - 1);
        break;
      case Operation.SumOfSquares:
        store<f64>(pointer(at, 0), sumOfSquares(pointer(at, 1), int(at, 2)));
        break;
      case Operation.ScaleToNorm:
        scaleToNorm(pointer(at, 0), int(at, 1), scalar(pointer(at, 2), Scalar.GradientNorm), float(at, 3));
        break;
      case Operation.Accumulate:
        accumulate(pointer(at, 0), pointer(at, 1), int(at, 2), start);
        break;
      case Operation.ClearSubnormals:
        clearSubnormals(pointer(at, 0), int(at, 1));
        break;
      case Operation.UpdateInStrips: {
        updateInStrips(at, rows);
        const following = int(at, 7);
        count -= following;
        at += usize(following) * (instructionSlots << 2);
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
}
