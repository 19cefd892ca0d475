import { describeModel, modelFromDescription } from "../../src/engine/model/description.ts";
import type { Layer, Loss, Model, Optimizer } from "../../src/engine/model/model.ts";
import * as rivulet from "../../src/engine/model/model.ts";
import type { Trace } from "./outcome.ts";

const layers: Record<string, (layer: Trace) => Layer> = {
  dense: (layer) => rivulet.dense(layer.out, { bias: layer.bias }),
  conv1d: (layer) => rivulet.conv1d(layer.out, layer.kernel, sliding(layer)),
  conv2d: (layer) => rivulet.conv2d(layer.out, layer.kernel, sliding(layer)),
  maxpool1d: ({ kernel, stride }) => rivulet.maxPool1d(kernel, { stride }),
  maxpool2d: ({ kernel, stride }) => rivulet.maxPool2d(kernel, { stride }),
  avgpool1d: ({ kernel, stride }) => rivulet.averagePool1d(kernel, { stride }),
  avgpool2d: ({ kernel, stride }) => rivulet.averagePool2d(kernel, { stride }),
  globalavgpool: rivulet.globalAveragePool,
  flatten: rivulet.flatten,
  dropout: ({ p }) => rivulet.dropout(p),
  batchnorm: ({ eps, momentum }) => rivulet.batchNorm({ epsilon: eps, momentum }),
  layernorm: ({ eps }) => rivulet.layerNorm({ epsilon: eps }),
  gru: (layer) => rivulet.gru(layer.hidden, { returns: layer.return }),
  identity: rivulet.identity,
  sigmoid: rivulet.sigmoid,
  tanh: rivulet.tanh,
  relu: rivulet.relu,
  leaky_relu: (layer) => rivulet.leakyRelu(layer.slope),
  softmax: rivulet.softmax,
  log_softmax: rivulet.logSoftmax,
};

function sliding({ stride, padding, dilation, groups, bias }: Trace): Trace {
  return { stride, padding, dilation, groups, bias };
}

const losses: Record<string, (loss: Trace) => Loss> = {
  mse: rivulet.mse,
  mae: rivulet.mae,
  huber: rivulet.huber,
  smooth_l1: rivulet.smoothL1,
  bce: (loss) => rivulet.binaryCrossEntropy({ ...loss, on: "probabilities" }),
  bce_with_logits: rivulet.binaryCrossEntropy,
  softmax_cross_entropy: rivulet.softmaxCrossEntropy,
  nll: rivulet.negativeLogLikelihood,
};

const optimizers: Record<string, (options: Trace) => Optimizer> = {
  sgd: rivulet.sgd,
  adagrad: (options) =>
    rivulet.adagrad({
      ...options,
      learningRateDecay: options.lr_decay ?? 0,
      initialAccumulator: options.initial_accumulator_value ?? 0,
    }),
  rmsprop: (options) => rivulet.rmsprop({ ...options, smoothing: options.alpha ?? 0.99 }),
  adam: (options) => rivulet.adam(withBetas(options)),
  adamw: (options) => rivulet.adamW({ weightDecay: 0.01, ...withBetas(options) }),
};

function withBetas({ betas = [0.9, 0.999], ...options }: Trace): Trace {
  return { ...options, beta1: betas[0], beta2: betas[1] };
}

/** What a kind of the traces needs that Rivulet does not have yet, or null. */
export function unsupported(trace: Trace): string | null {
  const layer = trace.model.layers.find(({ type }: Layer) => !layers[type]);
  if (layer) return `no layer ${layer.type} yet`;
  if (!losses[trace.loss.type]) return `no loss ${trace.loss.type} yet`;
  return null;
}

/** Only the keys of `known`, so that what a description does not know is not carried along. */
function only<Value extends { type: string }>(value: Value, known: Value): Value {
  const keys = Object.keys(known);
  return Object.fromEntries(Object.entries(value).filter(([key]) => keys.includes(key))) as Value;
}

/** The trace's model, loss and optimizer in Rivulet's terms, passed once through its written form. */
export function modelOf(trace: Trace, optimizer: Trace = trace.optimizer): Model {
  const { type: lossType, ...loss } = trace.loss;
  const { lr, eps, weight_decay, type, ...rest } = optimizer;
  const make = optimizers[type];
  const options = { ...rest, learningRate: lr };
  if (eps !== undefined) options.epsilon = eps;
  if (weight_decay !== undefined) options.weightDecay = weight_decay;
  const model: Model = {
    inputShape: trace.model.inputShape,
    layers: trace.model.layers.map((layer: Trace) => layers[layer.type](layer)),
    loss: only(losses[lossType](loss), losses[lossType]({})),
    optimizer: only(make(options), make({})),
    clip: trace.clip ? { type: trace.clip.type, maximum: trace.clip.max } : null,
  };
  return modelFromDescription(JSON.parse(JSON.stringify(describeModel(model))));
}
