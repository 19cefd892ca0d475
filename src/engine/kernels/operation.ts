/**
 * The operations of the kernels and their operands. A training step is a list of instructions in the
 * arena: the code of an operation, then its operands, 32 bits each. Both interpreters of that list, WebAssembly
 * (`assembly/run.ts`) and TypeScript (`scalar/run.ts`), share this file: it is valid in both languages.
 *
 * A pair (height and width) is one operand: the first in its upper 16 bits, the second in its lower.
 * Pointers are byte offsets in the arena. Numbers named `perSample` are multiplied by the rows of the call, so
 * that one program serves every batch up to the planned one.
 */
export enum Operation {
  /** output, input, weight [inputs, outputs], bias or 0, inputs, outputs, rowsPerSample */
  DenseForward,
  /** inputGradient, outputGradient, weight, inputs, outputs, rowsPerSample */
  DenseInputGradient,
  /** weightGradient, input, outputGradient, inputs, outputs, rowsPerSample */
  DenseWeightGradient,
  /** biasGradient, outputGradient, outputs, rowsPerSample */
  DenseBiasGradient,

  /**
   * output, input, weight [outputs, channels / groups * kernel], bias or 0, scratch [channels / groups * kernel,
   * strip], channels, outputs, size, kernel, stride, padding, dilation (pairs), groups, strip.
   * Samples are [channels, height, width]; `strip` positions of the output are worked on at a time.
   */
  ConvolutionForward,
  /**
   * inputGradient, outputGradient, weight, scratch, channels, outputs, size, kernel, stride, padding, dilation, groups,
   * strip
   */
  ConvolutionInputGradient,
  /**
   * weightGradient, input, outputGradient, scratch, channels, outputs, size, kernel, stride, padding, dilation, groups,
   * strip
   */
  ConvolutionWeightGradient,
  /** biasGradient [channels], outputGradient [channels, positions], channels, positions */
  ChannelSums,

  /**
   * output, index (i32: which element of its channel was the largest) or 0, input, channels, size, kernel, stride
   * (pairs)
   */
  MaxPoolForward,
  /** inputGradient, outputGradient, index, channels, size, kernel, stride */
  MaxPoolBackward,
  /** output, input, channels, size, kernel, stride */
  AveragePoolForward,
  /** inputGradient, outputGradient, channels, size, kernel, stride */
  AveragePoolBackward,

  /**
   * output, input, statistics [3, channels], gamma, beta, running mean, running variance, channels, positions, epsilon
   * (f32)
   */
  BatchNormForward,
  /** output, input, gamma, beta, running mean, running variance, channels, positions, epsilon (f32) */
  BatchNormEvaluate,
  /** inputGradient or 0, outputGradient, input, statistics, gamma, sums [2, channels], channels, positions */
  BatchNormBackward,
  /** inputGradient, outputGradient, gamma, running variance, channels, positions, epsilon (f32) */
  BatchNormEvaluateBackward,
  /** running mean, running variance, statistics, channels, positions, momentum (f32) */
  BatchNormCommit,
  /** output, input, statistics [rows, 2], gamma, beta, width, rowsPerSample, epsilon (f32) */
  LayerNormForward,
  /** inputGradient, outputGradient, input, statistics, gamma, width, rowsPerSample */
  LayerNormBackward,
  /** gammaGradient, betaGradient, outputGradient, input, statistics, width, rowsPerSample */
  LayerNormGradients,

  /**
   * states [steps, hidden], gates [steps, 4 hidden] (reset, update, Whn h + bhn, candidate), initial [hidden],
   * input [steps, inputs], weightIh [inputs, 3 hidden], weightHh [hidden, 3 hidden], biasIh, biasHh [3 hidden],
   * scratch [3 hidden], inputs, hidden, steps. All but weights and biases are of one sample, for each of the batch.
   */
  GruForward,
  /**
   * gateGradients [steps, 4 hidden] (in the order of gates), outputGradient, states, gates, initial, weightHh,
   * scratch [hidden], hidden, steps, sequence (1: outputGradient is [steps, hidden]; 0: [hidden], of the last step)
   */
  GruBackward,
  /** inputGradient, gateGradients, weightIh, inputs, hidden, steps */
  GruInputGradient,
  /** weightIhGradient, input, gateGradients, inputs, hidden, steps */
  GruInputWeightGradient,
  /** weightHhGradient, states, initial, gateGradients, hidden, steps */
  GruHiddenWeightGradient,
  /** biasIhGradient, biasHhGradient (either may be 0), gateGradients, hidden, steps */
  GruBiasGradients,
  /** output [width], input [steps, width], width, steps: the last step of each sample */
  LastStep,

  /**
   * mask, countPerSample, threshold (of 2^32, unsigned), key, scalars, first: 0 with probability threshold / 2^32,
   * else 1; the mask begins with element number `first` of the batch's
   */
  DrawMask,
  /** output, input, mask, countPerSample, factor (f32): output = input mask factor */
  Mask,
  /** output, input, countPerSample */
  Copy,
  /** output, a, b, countPerSample: output = a + b */
  Add,

  // Activations: every operation between the first and the last must be one.
  /** output, input, countPerSample */
  SigmoidForward,
  /** inputGradient, outputGradient, output, countPerSample */
  SigmoidBackward,
  /** output, input, countPerSample */
  TanhForward,
  /** inputGradient, outputGradient, output, countPerSample */
  TanhBackward,
  /** output, input, countPerSample, alpha (f32) */
  EluForward,
  /** inputGradient, outputGradient, output, countPerSample, alpha (f32) */
  EluBackward,
  /** output, input, countPerSample, slope (f32; 0 is ReLU) */
  LeakyReluForward,
  /** inputGradient, outputGradient, output, countPerSample, slope (f32) */
  LeakyReluBackward,
  /** output, input, width, rowsPerSample */
  SoftmaxForward,
  /** inputGradient, outputGradient, output, width, rowsPerSample */
  SoftmaxBackward,
  /** output, input, width, rowsPerSample */
  LogSoftmaxForward,
  /** inputGradient, outputGradient, output, width, rowsPerSample */
  LogSoftmaxBackward,

  /**
   * weights, target, classWeights [classes], classes, sampleWeights or 0, perSample, blend: the weight of each target,
   * times its sample's. With `blend` 1 there are two classes, and the weight for a target between 0 and 1 is
   * interpolated.
   */
  ClassWeights,

  // Losses of elements: gradient, output, target, scalars, countPerSample, edge (f32), weights or 0, weightEvery.
  // Element i has weight number i / weightEvery. Every operation between the first and the last must be one.
  SquaredError,
  AbsoluteError,
  /** Its edge is delta. */
  Huber,
  /** Its edge is beta. */
  SmoothL1,
  LogCosh,
  /** On probabilities. */
  BinaryCrossEntropy,
  BinaryCrossEntropyOnLogits,

  // Losses of rows: gradient, output, target (class indices), scalars, width, rowsPerSample, weights or 0, weightEvery.
  /** On logits. */
  SoftmaxCrossEntropy,
  /** On log-probabilities. */
  NegativeLogLikelihood,

  /** gradients, count, scalars. Stops the program where a gradient or the loss is not finite. */
  RequireFinite,
  /**
   * a, aCountPerSample, b or 0, bCountPerSample, termsPerSample. Stops the program where a sum of `termsPerSample`
   * products of an element of a and one of b for each sample might not be finite in float32.
   */
  RequireBounded,
  /** gradient, source, count: gradient = start + source, with start 0 or the accumulated gradient. */
  Accumulate,
  /**
   * scratch [stripRows, outputs], input, outputGradient, inputs, outputs, rowsPerSample, stripRows, following: the
   * weight gradient of a dense layer, `stripRows` rows (a multiple of 4) of [inputs, outputs] at a time. After each
   * strip the `following` next instructions (ClipByValue, and an optimizer whose gradients are the scratch) run on that
   * strip of the weights.
   */
  UpdateInStrips,
  /** gradients, count, scalars, maximum (f32) */
  ClipByNorm,
  /** gradients, count, maximum (f32) */
  ClipByValue,
  /** numbers, count: those smaller than any normal float32 become 0 */
  ClearSubnormals,
  /**
   * gradients, others, stride (bytes), count: adds the rows - 1 arrays that begin `stride` apart from others on, in
   * order
   */
  AddShards,
  /** sum (f64), gradients, count */
  SumOfSquares,
  /** gradients, count, scalars, maximum (f32): ClipByNorm of a part, once the scalars hold the norm of all */
  ScaleToNorm,

  /** parameters, gradients, count, scalars, weightDecay (f32) */
  GradientDescent,
  /** parameters, gradients, velocity, count, scalars, weightDecay, momentum (f32), nesterov (0 or 1) */
  Momentum,
  /** parameters, gradients, squares, count, scalars, weightDecay, epsilon (f32) */
  Adagrad,
  /**
   * parameters, gradients, squares, mean or 0, velocity or 0, count, scalars, weightDecay, smoothing, 1 - smoothing,
   * epsilon, momentum (f32)
   */
  RmsProp,
  /**
   * parameters, gradients, firstMoment, secondMoment, count, scalars, weightDecay, beta1, 1 - beta1, beta2, 1 - beta2,
   * epsilon (f32)
   */
  Adam,
  /**
   * As Adam. The scalars' correction is 1 where the step is divided by the root of the second moment, 0 where it is
   * not.
   */
  RAdam,

  FirstActivation = SigmoidForward,
  LastActivation = LeakyReluBackward,
  FirstElementLoss = SquaredError,
  LastElementLoss = BinaryCrossEntropyOnLogits,
}

/** 32-bit slots of one instruction: the operation and up to 15 operands, one cache line. */
export const instructionSlots = 16;

/** Numbers that change from step to step, as float64 cells in the arena. */
export enum Scalar {
  /** Sum of the losses of all elements of the call. */
  Loss,
  /** Factor of the gradient of each element's loss: 1 / elements for a mean. */
  GradientScale,
  /** 2-norm of all gradients before clipping. */
  GradientNorm,
  /** What an update is multiplied by: the learning rate with its corrections. */
  StepSize,
  /** Momentum: weight of the new gradient. Adam: 1 / sqrt(1 - beta2^t). */
  Correction,
  /** What a parameter is multiplied by before the update: 1 - learningRate * weightDecay where decoupled. */
  Decay,
  /** Seed of the masks that are drawn. */
  Seed,
  /** Training steps whose masks have been drawn. */
  Draws,
  Count,
}
