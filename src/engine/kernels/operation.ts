/**
 * What the kernels can do, and where each operand stands. A training step is a list of instructions in the
 * arena: the code of an operation, then its operands, 32 bits each. Both interpreters of that list, WebAssembly
 * (`assembly/run.ts`) and TypeScript (`scalar/run.ts`), share this file: it is valid in both languages.
 *
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

  /** output, input, countPerSample */
  SigmoidForward,
  /** inputGradient, outputGradient, output, countPerSample */
  SigmoidBackward,
  /** output, input, countPerSample */
  TanhForward,
  /** inputGradient, outputGradient, output, countPerSample */
  TanhBackward,
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

  /** gradient, output, target, scalars, countPerSample */
  SquaredError,
  /** gradient, output, target, scalars, countPerSample */
  AbsoluteError,
  /** gradient, output, target, scalars, countPerSample, delta (f32) */
  Huber,
  /** gradient, output, target, scalars, countPerSample, beta (f32) */
  SmoothL1,
  /** gradient, output (probabilities), target, scalars, countPerSample */
  BinaryCrossEntropy,
  /** gradient, output (logits), target, scalars, countPerSample */
  BinaryCrossEntropyOnLogits,
  /** gradient, output (logits), target (class indices), scalars, width, rowsPerSample */
  SoftmaxCrossEntropy,
  /** gradient, output (log-probabilities), target (class indices), scalars, width, rowsPerSample */
  NegativeLogLikelihood,

  /** gradients, count, scalars. Stops the program where a gradient or the loss is not finite. */
  RequireFinite,
  /** gradients, count, scalars, maximum (f32) */
  ClipByNorm,
  /** gradients, count, maximum (f32) */
  ClipByValue,

  /** parameters, gradients, count, scalars, weightDecay (f32) */
  GradientDescent,
  /** parameters, gradients, velocity, count, scalars, weightDecay, momentum (f32), nesterov (0 or 1) */
  Momentum,
  /** parameters, gradients, squares, count, scalars, weightDecay, epsilon (f32) */
  Adagrad,
  /** parameters, gradients, squares, mean or 0, velocity or 0, count, scalars, weightDecay, smoothing, 1 - smoothing, epsilon, momentum (f32) */
  RmsProp,
  /** parameters, gradients, firstMoment, secondMoment, count, scalars, weightDecay, beta1, 1 - beta1, beta2, 1 - beta2, epsilon (f32) */
  Adam,
}

/** 32-bit slots of one instruction: the operation and up to 15 operands, one cache line. */
export const instructionSlots = 16;

/** Numbers that change from step to step, as float64 cells in the arena. */
export enum Scalar {
  /** Sum of the losses of all elements of the call. */
  Loss,
  /** What the gradient of each element's loss is multiplied by: 1 / elements for a mean. */
  GradientScale,
  /** 2-norm of all gradients before clipping. */
  GradientNorm,
  /** What an update is multiplied by: the learning rate with its corrections. */
  StepSize,
  /** Momentum: weight of the new gradient. Adam: 1 / sqrt(1 - beta2^t). */
  Correction,
  /** What a parameter is multiplied by before the update: 1 - learningRate * weightDecay where decoupled. */
  Decay,
}
