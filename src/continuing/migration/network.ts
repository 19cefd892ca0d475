/** Carries what a network has learned over to one with other inputs, units or classes. */
import type { Tensor } from "../../engine/running/network-state.ts";
import type { State } from "../../state.ts";
import { type Axis, carryCells, fits, type Layout, numbered } from "./labelled-cells.ts";

/** Inputs and outputs of a network, before and in the new one. */
export interface NetworkAxes {
  inputs: Layout["from"];
  newInputs: Layout["to"];
  /** Classes, or one number. */
  outputs: Axis;
  newOutputs: Axis;
}

/** State of a network, as `Network.state` returns it. */
interface NetworkState {
  parameters: Tensor[];
  optimizerState: Tensor[];
  learningRate: number;
  states?: Tensor[];
  draws?: { seed: number; count: number };
  plateau?: Float64Array;
}

/** The logit of a new class is below the least bias by this: e^-8 of the probability of another. */
const belowLeastBias = 8;

/**
 * The state of the new network. A new input, and a new unit, has weights of 0 to all that was there before, so that the
 * function is the same at first; the weights that lead into a new unit are the initial ones, so that it learns something
 * of its own. A new class begins as one that is hardly ever named. Null where the layers with weights are others.
 */
export function carryNetwork(given: State, freshGiven: State, axes: NetworkAxes): State | null {
  const [before, fresh] = [given, freshGiven] as unknown as [NetworkState, NetworkState];
  const layouts = layoutsOf(before.parameters, fresh.parameters, axes);
  if (layouts === null) return null;
  const lastWeight = fresh.parameters.filter(({ name }) => name.endsWith(".weight")).at(-1)?.name;
  const lastBias = lastWeight?.replace(/weight$/, "bias");
  const parameters = fresh.parameters.map((tensor, index) => {
    const old = before.parameters[index];
    const least = old.name === lastBias ? Math.min(...old.data) - belowLeastBias : 0;
    const data = carryCells(old.data, tensor.data, layouts[index], (isNew, _, initial) => {
      const [isNewOutput, isNewInput = false] = isNew;
      if (tensor.name === lastBias) return least;
      if (tensor.name === lastWeight) return 0;
      return isNewInput && !isNewOutput ? 0 : initial;
    });
    return { ...tensor, data };
  });
  const optimizerState = fresh.optimizerState.map((tensor) => {
    const old = before.optimizerState.find(({ name }) => name === tensor.name);
    const of = fresh.parameters.findIndex(({ name }) => tensor.name.startsWith(`${name}.`));
    if (old === undefined || of < 0 || !fits(layouts[of], old.data, tensor.data)) return tensor;
    return { ...tensor, data: carryCells(old.data, tensor.data, layouts[of]) };
  });
  const { snapshot, ...rest } = { ...fresh, ...carriedCounts(before, fresh) } as NetworkState & {
    snapshot?: unknown;
  };
  return { ...rest, parameters, optimizerState } as unknown as State;
}

/** How many units of which layers with weights are new, or no longer there; the last layer has classes instead. */
export function changedUnits(given: State, freshGiven: State): { added: string[]; dropped: string[] } {
  const [before, fresh] = [given, freshGiven] as unknown as [NetworkState, NetworkState];
  const [added, dropped]: string[][] = [[], []];
  const weights = fresh.parameters.filter(({ name }) => name.endsWith(".weight")).slice(0, -1);
  for (const { name, shape } of weights) {
    const known = before.parameters.find((tensor) => tensor.name === name)?.shape[0] ?? shape[0];
    const count = Math.abs(shape[0] - known);
    if (count === 0) continue;
    const layer = name.replace(/\.weight$/, "");
    (shape[0] > known ? added : dropped).push(`${count} ${count === 1 ? "unit" : "units"} of layer ${layer}`);
  }
  return { added, dropped };
}

/** What is neither weight nor gradient: counts of updates and draws, the rate, states of layers. */
function carriedCounts(before: NetworkState, fresh: NetworkState): Partial<NetworkState> & object {
  const { updates, skipped, learningRate } = before as unknown as Record<string, number>;
  const shapes = (tensors?: Tensor[]) => (tensors ?? []).map(({ name, shape }) => `${name} ${shape}`).join();
  const hasSameStates = shapes(before.states) === shapes(fresh.states);
  const hasSamePlateau = before.plateau?.length === fresh.plateau?.length;
  return {
    ...{ updates, skipped, learningRate, accumulated: 0, accumulating: 0, poisoned: false, gradients: [] },
    ...(fresh.states && hasSameStates ? { states: before.states } : {}),
    ...(fresh.draws && before.draws ? { draws: before.draws } : {}),
    ...(fresh.plateau && hasSamePlateau ? { plateau: before.plateau } : {}),
  };
}

/** The axes of each tensor; null where layers differ in more than their width. */
function layoutsOf(before: Tensor[], fresh: Tensor[], axes: NetworkAxes): Layout[] | null {
  if (before.length !== fresh.length || before.some(({ name }, index) => name !== fresh[index].name))
    return null;
  const weights = fresh.flatMap(({ name }, index) => (name.endsWith(".weight") ? [index] : []));
  const last = weights.at(-1);
  let [inputs, newInputs]: Axis[] = [axes.inputs.flat(), axes.newInputs.flat()];
  let [units, newUnits]: Axis[] = [inputs, newInputs];
  const layouts: Layout[] = [];
  for (const [index, { shape }] of fresh.entries()) {
    const old = before[index].shape;
    if (weights.includes(index)) {
      [inputs, newInputs] = [units, newUnits];
      [units, newUnits] =
        index === last ? [axes.outputs, axes.newOutputs] : [numbered(old[0]), numbered(shape[0])];
    }
    const layout = {
      from: old.length === 2 ? [units, inputs] : [units],
      to: shape.length === 2 ? [newUnits, newInputs] : [newUnits],
    };
    const isDense = old.length <= 2 && fits(layout, before[index].data as Float32Array, fresh[index].data);
    if (isDense) layouts.push(layout);
    else if (`${old}` === `${shape}`) {
      const axis = numbered(before[index].data.length);
      layouts.push({ from: [axis], to: [axis] });
      // What follows a layer of another kind is no longer told apart by name.
      [units, newUnits] = [[], []];
    } else return null;
  }
  return layouts;
}
