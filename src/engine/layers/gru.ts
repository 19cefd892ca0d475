import { Operation } from "../kernels/operation.ts";
import { flag, frozen, oneOf, option, wholePositive } from "../model/options.ts";
import {
  absent,
  type BufferReference,
  type Frozen,
  frozenIn,
  type LayerContext,
  layer,
  sizeOf,
} from "./layer.ts";
import { needsAxes } from "./window.ts";

export type Gru = {
  type: "gru";
  hidden: number;
  returns: "last" | "sequence";
  carry: boolean;
  frozen?: Frozen;
};

function create(
  hidden: number,
  options: { returns?: "last" | "sequence"; carry?: boolean; frozen?: Frozen } = {},
): Gru {
  const { returns = "last", carry = false } = options;
  return { type: "gru", hidden, returns, carry, ...frozenIn(options) };
}

/** [steps, hidden]: the state after each step; it is the output if the whole sequence is returned. */
function statesOf(layer: Gru, { keep, inputShape, output }: LayerContext): BufferReference {
  return layer.returns === "sequence" ? output : keep("states", [inputShape[0], layer.hidden]);
}

/** [steps, 4 hidden]: reset and update gate, hidden part of the candidate, candidate. */
const gatesOf = (layer: Gru, { keep, inputShape }: LayerContext) =>
  keep("gates", [inputShape[0], 4 * layer.hidden]);

/** [steps, 4 hidden]: gradients of the inputs of the gates, in their order. */
const gateGradientsOf = (layer: Gru, { keep, inputShape }: LayerContext) =>
  keep("gateGradients", [inputShape[0], 4 * layer.hidden], { role: "activation gradient" });

/**
 * Gated recurrent unit over [steps, features] (Cho et al., 2014; the reset gate applies after the matrix product, as
 * in cuDNN and PyTorch). `returns` the last state, [hidden], or all, [steps, hidden]. With `carry` a step of training
 * starts from the state in which the one before ended: truncated back-propagation through an endless stream. Gates in
 * PyTorch's order (reset, update, candidate):
 *
 *     r = sigmoid(Wir x + bir + Whr h + bhr)
 *     z = sigmoid(Wiz x + biz + Whz h + bhz)
 *     n = tanh(Win x + bin + r (Whn h + bhn))
 *     h' = (1 - z) n + z h
 */
export const gru = layer(create, {
  title: "Gated recurrent unit over [time, features]",
  options: {
    hidden: option("Size of the hidden state", wholePositive),
    returns: option(
      "Whether to return the hidden state after the last time step, or after every step",
      oneOf("last", "sequence"),
    ),
    carry: option("Start each sample from the final hidden state of the previous sample", flag),
    frozen,
  },
  alone: "hidden",
  needs: ["hidden"],
  read: ({ hidden, ...options }) => create(hidden, options),

  outputShape(layer, inputShape) {
    if (inputShape.length !== 2) {
      const [steps, ...rest] = inputShape;
      throw new Error(needsAxes("[steps, features]", [steps, sizeOf(rest)]));
    }
    return layer.returns === "sequence" ? [inputShape[0], layer.hidden] : [layer.hidden];
  },

  parameters({ hidden }, [, inputs]) {
    const initial = { bound: 1 / Math.sqrt(hidden) };
    const rows = 3 * hidden;
    return [
      { name: "weight_ih", shape: [rows, inputs], stored: "transposed", initial },
      { name: "weight_hh", shape: [rows, hidden], stored: "transposed", initial },
      { name: "bias_ih", shape: [rows], stored: "as shaped", initial },
      { name: "bias_hh", shape: [rows], stored: "as shaped", initial },
    ];
  },

  states: ({ hidden, carry }) => [
    { name: "hidden", shape: [hidden], perSample: true, initial: 0, saved: carry },
  ],

  inPlace: false,
  mixesRows: ({ carry }) =>
    carry
      ? "carries its state from step to step, row by row, which shards do not; leave shards and workers out, or carry"
      : null,
  backwardReads: ({ returns }, trained) => [
    ...(trained.includes("weight_ih") ? (["input"] as const) : []),
    ...(returns === "sequence" ? (["output"] as const) : []),
  ],

  forward(layer, context) {
    const { emit, inputShape, input, output, parameters, states, keep } = context;
    const { hidden } = layer;
    const [steps, inputs] = inputShape;
    const scratch = keep("forward.scratch", [3 * hidden], { role: "scratch" });
    const computed = statesOf(layer, context);
    emit(
      Operation.GruForward,
      computed,
      gatesOf(layer, context),
      states["hidden"],
      input,
      parameters["weight_ih"],
      parameters["weight_hh"],
      parameters["bias_ih"],
      parameters["bias_hh"],
      scratch,
      inputs,
      hidden,
      steps,
    );
    if (layer.returns === "last") emit(Operation.LastStep, output, computed, hidden, steps);
  },

  backward(layer, context) {
    const { emit, inputShape, outputGradient, inputGradient, parameters, states, keep } = context;
    const { hidden, returns } = layer;
    const [steps, inputs] = inputShape;
    const gateGradients = gateGradientsOf(layer, context);
    emit(
      Operation.GruBackward,
      gateGradients,
      outputGradient,
      statesOf(layer, context),
      gatesOf(layer, context),
      states["hidden"],
      parameters["weight_hh"],
      keep("backward.scratch", [hidden], { role: "scratch" }),
      hidden,
      steps,
      returns === "sequence" ? 1 : 0,
    );
    if (inputGradient) {
      const weight = parameters["weight_ih"];
      emit(Operation.GruInputGradient, inputGradient, gateGradients, weight, inputs, hidden, steps);
    }
  },

  gradients(layer, context) {
    const { emit, inputShape, input, states, gradients } = context;
    const { hidden } = layer;
    const [steps, inputs] = inputShape;
    const incoming = gateGradientsOf(layer, context);
    const { weight_ih, weight_hh, bias_ih, bias_hh } = gradients;
    if (weight_ih) emit(Operation.GruInputWeightGradient, weight_ih, input, incoming, inputs, hidden, steps);
    if (weight_hh) {
      const computed = statesOf(layer, context);
      const initial = states["hidden"];
      emit(Operation.GruHiddenWeightGradient, weight_hh, computed, initial, incoming, hidden, steps);
    }
    if (bias_ih || bias_hh) {
      emit(Operation.GruBiasGradients, bias_ih ?? absent, bias_hh ?? absent, incoming, hidden, steps);
    }
  },

  requireBounded(layer, context) {
    const { emit, inputShape, input, states, gradients } = context;
    const steps = inputShape[0];
    const incoming = gateGradientsOf(layer, context);
    const count = steps * 4 * layer.hidden;
    const bounded = (factor: BufferReference | 0, size: number) =>
      emit(Operation.RequireBounded, incoming, count, factor, size, steps);
    bounded(absent, 0);
    if (gradients["weight_ih"]) bounded(input, sizeOf(inputShape));
    if (gradients["weight_hh"]) {
      bounded(statesOf(layer, context), steps * layer.hidden);
      bounded(states["hidden"], layer.hidden);
    }
  },

  commit(layer, context) {
    if (!layer.carry) return;
    const { emit, inputShape, states } = context;
    emit(Operation.LastStep, states["hidden"], statesOf(layer, context), layer.hidden, inputShape[0]);
  },
});
