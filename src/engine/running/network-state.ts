/** Checks a stored state of a network against its plan, before any of it is taken over. */
import { RivuletError } from "../../errors/errors.ts";
import { described, finite, notNegative, requireCheck, requireCounts, squared } from "../../state-check.ts";
import { sizeOf } from "../layers/layer.ts";
import type { Model } from "../model/model.ts";
import { optimizerKindOf } from "../optimizers/index.ts";
import { largestRate } from "../optimizers/optimizer.ts";
import { keepsGradients, type Plan } from "../planning/plan.ts";

/** A tensor for export or import: row-major, unpadded, in PyTorch's layout. */
export type Tensor = {
  /** `0.weight`: index of the layer, then PyTorch's name. */
  name: string;
  shape: number[];
  data: Float32Array;
};

/** Everything that a network has come to. */
export type NetworkState = {
  updates: number;
  skipped: number;
  learningRate: number;
  accumulated: number;
  accumulating: number;
  poisoned: boolean;
  parameters: Tensor[];
  optimizerState: Tensor[];
  gradients: Tensor[];
  /** Only if the plan has one. */
  snapshot?: Tensor[];
  /** Only if the model has any. */
  states?: Tensor[];
  /** Number of training steps with dropout masks, and their seed; only if the model has dropout. */
  draws?: { seed: number; count: number };
  plateau?: Float64Array;
};

/** Whether squares of gradients have overflowed: the optimizer must start over, or their weights never move again. */
export const hasOverflowed = ({ optimizerState }: NetworkState): boolean =>
  optimizerState.some(({ data }) => data.includes(Number.POSITIVE_INFINITY));

/** Name and shape of a tensor. */
type Shaped = Pick<Tensor, "name" | "shape">;

/**
 * Returns a stored state of a network with this plan, with the keys of today.
 * @throws RivuletError where it is of another model, or holds numbers that no network has
 */
export function checkedState(plan: Plan, model: Model, given: unknown): NetworkState {
  // Version 0.1.0 called the accumulated gradients "gathered".
  const { gathered, gathering, ...rest } = (given ?? {}) as NetworkState & {
    gathered?: number;
    gathering?: number;
  };
  const { accumulated = gathered, accumulating = gathering } = rest;
  const state = { ...rest, accumulated, accumulating } as NetworkState;
  const { updates, skipped, learningRate } = state;
  requireCounts({ updates, skipped }, "network");
  if (!(learningRate >= 0 && learningRate <= largestRate)) {
    throw new RivuletError(
      "state.invalid",
      `the stored network is not valid: its learning rate is ${described(learningRate)}, expected a number from 0 to a million; restore another state`,
    );
  }
  requireTensors(plan, state.parameters, [""], { areFinite: true });
  requireLayerStates(plan, state.states ?? []);
  if (plan.training) requireTraining(plan, model, state);
  const kept = state.snapshot ?? [];
  if (plan.buffers.some(({ role }) => role === "snapshot") && isFilled(kept))
    requireTensors(plan, kept, [".snapshot"], { areFinite: true });
  if (plan.buffers.some(({ role }) => role === "mask")) {
    const { seed, count } = (state.draws ?? {}) as Partial<NonNullable<NetworkState["draws"]>>;
    requireCounts({ "draws.count": count }, "network");
    requireCheck(Float64Array.of(seed ?? Number.NaN), finite, "seed of a network");
  }
  return state;
}

function requireTraining(plan: Plan, model: Model, state: NetworkState): void {
  const { accumulated, accumulating, poisoned } = state;
  requireCounts({ accumulated, accumulating }, "network");
  if (typeof poisoned !== "boolean") {
    throw new RivuletError(
      "state.invalid",
      `the stored network is not valid: poisoned is ${described(poisoned)}, expected true or false; restore another state`,
    );
  }
  const kind = optimizerKindOf(model.optimizer);
  const suffixes = kind.states(model.optimizer).map((name) => `.${name}`);
  requireTensors(plan, state.optimizerState, suffixes);
  const squares = (kind.squares ?? []).map((name) => `.${name}`);
  for (const { name, data } of state.optimizerState) {
    const isSquare = squares.some((suffix) => name.endsWith(suffix));
    requireCheck(data, isSquare ? squared : finite, `"${name}"`);
  }
  if (accumulated === 0) return;
  if (!keepsGradients(plan)) {
    throw new RivuletError(
      "state.mismatch",
      "found accumulated gradients in the state, expected none; restore into a network that keeps them between calls, with accumulate: true and sharesScratch: false",
    );
  }
  if (!(accumulated < accumulating)) {
    throw new RivuletError(
      "state.invalid",
      `the stored network has gradients of ${accumulated} of ${described(accumulating)} samples, expected fewer; restore another state`,
    );
  }
  // Gradients of a step that failed need not be finite: they are discarded with it.
  requireTensors(plan, state.gradients, [".gradient"], { areFinite: !poisoned });
}

const isFilled = (tensors: unknown) => !Array.isArray(tensors) || tensors.length > 0;

/** States of layers that a checkpoint stores. */
export const savedStates = ({ states }: Plan) => states.filter(({ saved = true }) => saved);

function requireLayerStates(plan: Plan, tensors: readonly Tensor[]): void {
  const expected = savedStates(plan);
  // Those of single samples have a row for each of a batch.
  const planned = plan.buffers.filter(({ role }) => role === "state");
  requireShapes(
    planned.filter(({ name }) => expected.some(({ fullName }) => fullName === name)),
    tensors,
  );
  for (const { fullName, isVariance } of expected) {
    const { data } = tensors.find(({ name }) => name === fullName) as Tensor;
    requireCheck(data, isVariance ? notNegative : finite, `"${fullName}"`);
  }
}

/**
 * Checks that there is one tensor of the planned shape for each parameter and suffix, and no other.
 * @throws RivuletError naming the first that is missing, superfluous or of another shape, or that must be finite and is not
 */
export function requireTensors(
  plan: Plan,
  tensors: readonly Tensor[],
  suffixes: readonly string[],
  { areFinite = false } = {},
): void {
  const expected = suffixes.flatMap((suffix) =>
    plan.parameters
      .filter(({ trained }) => suffix === "" || trained)
      .map(({ fullName, shape }) => ({ name: fullName + suffix, shape })),
  );
  requireShapes(expected, tensors);
  if (areFinite) for (const { name, data } of tensors) requireCheck(data, finite, `"${name}"`);
}

/** As `requireTensors`, for tensors that are named. */
export function requireShapes(expected: readonly Shaped[], tensors: readonly Tensor[]): void {
  if (!Array.isArray(tensors)) {
    throw new RivuletError(
      "state.mismatch",
      `found ${described(tensors)} in the place of ${expected.length} tensors; restore a state of the same model`,
    );
  }
  const found = new Map<unknown, Tensor>(tensors.map((tensor) => [tensor?.name, tensor]));
  for (const { name, shape } of expected) {
    const tensor = found.get(name);
    if (!tensor)
      throw new RivuletError("state.mismatch", `the state has no "${name}"; restore one of this model`);
    const isShape = Array.isArray(tensor.shape) && `${tensor.shape}` === `${shape}`;
    const isWhole = tensor.data instanceof Float32Array && tensor.data.length === sizeOf(shape);
    if (!(isShape && isWhole)) {
      const isShort = Array.isArray(tensor.shape) && tensor.shape.length <= 8;
      const found = isShort && !isShape ? `shape [${tensor.shape}]` : described(tensor.data);
      throw new RivuletError(
        "state.mismatch",
        `"${name}" has ${found}, expected [${shape}]; restore a state of the same model`,
      );
    }
  }
  if (tensors.length === expected.length) return;
  const extra = tensors.find((tensor) => !expected.some(({ name }) => name === tensor?.name));
  throw new RivuletError(
    "state.mismatch",
    `found ${described(extra?.name)} in the state, expected only tensors of this model; restore a state of the same model`,
  );
}
