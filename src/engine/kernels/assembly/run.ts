/**
 * The interpreter: runs a list of instructions from the arena in one call, so that a whole training step costs
 * JavaScript one call. Operands are described in ../operation.ts. The files of element losses, activations and updates
 * select among their operations themselves. The scalar twin is generated from this file.
 */
import { instructionSlots, Operation, Scalar } from "../operation";
import { activate } from "./activations";
import {
  channelSums,
  convolutionForward,
  convolutionShape,
  convolutionInputGradient,
  convolutionWeightGradient,
} from "./convolution";
import { addShards, allFinite, bounded, largestMagnitude, scaleToNorm, sumOfSquares } from "./gradients";
import {
  gruBackward,
  gruBiasGradients,
  gruForward,
  gruHiddenWeightGradient,
  gruInputGradient,
  gruInputWeightGradient,
  lastStep,
} from "./gru";
import { classWeightsOfTargets, elementLoss, negativeLogLikelihood, softmaxCrossEntropy } from "./losses";
import { accumulate, add, applyMask, copy, drawMask } from "./masks";
import { columnSums, product, productTransposed, Start, weightGradient } from "./matrix";
import { float, int, operation, past, pointer, scalar, setScalar, stride, write } from "./memory";
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
import { clearSubnormals, update } from "./optimizers";
import { averagePoolBackward, averagePoolForward, maxPoolBackward, maxPoolForward } from "./pooling";
import { logSoftmaxBackward, logSoftmaxForward, softmaxBackward, softmaxForward } from "./softmax";

/** Gradient and update of a dense layer's weights, strip by strip, by the instructions that follow the one at `at`. */
function updateInStrips(at: usize, rows: i32): void {
  const scratch = pointer(at, 0);
  const inputs = int(at, 3);
  const outputs = int(at, 4);
  const stripRows = int(at, 6);
  for (let i = 0; i < inputs; i += stripRows) {
    const m = min(stripRows, inputs - i);
    weightGradient(scratch, past(pointer(at, 1), i), pointer(at, 2), inputs, m, outputs, int(at, 5) * rows, Start.Zero);
    let count = m * outputs;
    // Optimizers process whole vectors, and the padding of weights must stay zero.
    for (; (count & 3) != 0; count++) write(scratch, count, 0);
    let instruction = at;
    for (let following = int(at, 7); following > 0; following--) {
      instruction = past(instruction, instructionSlots);
      update(instruction, i * outputs, count);
    }
  }
}

/**
 * Runs `count` instructions from `program` on the first `rows` rows of every buffer. With `accumulating`, gradients
 * are added to the present ones. Returns 0, or 1 when an instruction stopped the program at numbers that are not
 * finite.
 */
export function run(program: usize, count: i32, rows: i32, accumulating: bool): i32 {
  const start = accumulating ? Start.Result : Start.Zero;
  for (let at = program; count > 0; count--, at = past(at, instructionSlots)) {
    const code = operation(at);
    switch (code) {
      case Operation.DenseForward: {
        const n = int(at, 5);
        const k = int(at, 4);
        const bias = pointer(at, 3);
        product(pointer(at, 0), stride(n), pointer(at, 1), stride(k), stride(1), pointer(at, 2), stride(n), int(at, 6) * rows, n, k, bias ? Start.Row : Start.Zero, bias);
        break;
      }
      case Operation.DenseInputGradient: {
        const n = int(at, 3);
        const k = int(at, 4);
        productTransposed(pointer(at, 0), stride(n), pointer(at, 1), stride(k), pointer(at, 2), stride(k), int(at, 5) * rows, n, k, Start.Zero);
        break;
      }
      case Operation.DenseWeightGradient: {
        const m = int(at, 3);
        weightGradient(pointer(at, 0), pointer(at, 1), pointer(at, 2), m, m, int(at, 4), int(at, 5) * rows, start);
        break;
      }
      case Operation.DenseBiasGradient:
        columnSums(pointer(at, 0), pointer(at, 1), stride(int(at, 2)), int(at, 3) * rows, int(at, 2), start);
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
        if (pointer(at, 1)) columnSums(pointer(at, 1), pointer(at, 2), stride(width), normalized, width, start);
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
        setScalar(pointer(at, 0), 0, sumOfSquares(pointer(at, 1), int(at, 2)));
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
        at = past(at, following * instructionSlots);
        break;
      }

      default:
        if (code >= Operation.FirstElementLoss && code <= Operation.LastElementLoss) {
          const scalars = pointer(at, 3);
          const gradientScale = f32(scalar(scalars, Scalar.GradientScale));
          setScalar(scalars, Scalar.Loss, elementLoss(code, pointer(at, 0), pointer(at, 1), pointer(at, 2), int(at, 4) * rows, gradientScale, float(at, 5), pointer(at, 6), int(at, 7)));
        } else if (code >= Operation.FirstActivation && code <= Operation.LastActivation) {
          activate(at, rows);
        } else {
          update(at, 0, 0);
        }
    }
  }
  return 0;
}
