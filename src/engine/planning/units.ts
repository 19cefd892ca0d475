/** Resolves the layers of a model: shapes through the stack, parameters, and which of them are trained. */
import type { ErrorCode } from "../../errors/codes.ts";
import { keyError, RivuletError } from "../../errors/errors.ts";
import { kindOf } from "../layers/index.ts";
import type { ParameterSpecification, StateSpecification } from "../layers/layer.ts";
import type { Layer, Model } from "../model/model.ts";

/** A parameter tensor, with the layer it belongs to. */
export interface PlannedParameter extends ParameterSpecification {
  /** `3.weight`, in a residual block `3.0.weight`: index of the layer, then the parameter's name. */
  fullName: string;
  /** Whether it is trained, not frozen. */
  trained: boolean;
  /** The next activation, which determines the scale of initial weights; null: none. */
  activation: Layer | null;
}

/** Numbers that a layer keeps without training them. */
export interface PlannedState extends StateSpecification {
  /** `1.running_mean`: index of the layer, then the state's name. */
  fullName: string;
}

/** A layer with its position and shapes. */
export interface Unit {
  /** `3`, in a residual block `3.0`. */
  path: string;
  layer: Layer;
  /** Shapes of one sample. */
  inputShape: number[];
  outputShape: number[];
  parameters: PlannedParameter[];
  states: PlannedState[];
  /** The layers of a residual block; null for every other layer. */
  inner: Unit[] | null;
}

/**
 * Creates an error about one layer: its config key, such as `model.layers[3].residual[0] (conv1d)`, and `predicate`.
 */
export function layerError(
  code: ErrorCode,
  { path, layer }: Pick<Unit, "path" | "layer">,
  predicate: string,
): RivuletError {
  const key = `model.layers[${path.split(".").join("].residual[")}]`;
  return new RivuletError(code, `${key} (${layer.type}) ${predicate}`, { path: key });
}

/**
 * Resolves positions, shapes and parameters of a model's layers.
 * @throws RivuletError naming the layer, the shape found and the shape expected, when the layers do not match
 */
export function unitsOf(model: Pick<Model, "inputShape" | "layers">): Unit[] {
  if (model.layers.length === 0) {
    throw keyError(
      "model.shape",
      "model.layers",
      "is empty, expected at least one layer; add one, such as { dense: 1 }",
    );
  }
  return stack(model.layers, model.inputShape, "");
}

function stack(layers: Layer[], inputShape: number[], prefix: string): Unit[] {
  const units: Unit[] = [];
  let shape = inputShape;
  for (const [index, layer] of layers.entries()) {
    const unit = unitOf(layer, shape, `${prefix}${index}`, activationBehind(layers, index));
    units.push(unit);
    shape = unit.outputShape;
  }
  return units;
}

function unitOf(layer: Layer, inputShape: number[], path: string, activation: Layer | null): Unit {
  if (layer.type === "residual") {
    const inner = stack(layer.layers, inputShape, `${path}.`);
    const outputShape = inner.length === 0 ? inputShape : inner[inner.length - 1].outputShape;
    if (`${outputShape}` !== `${inputShape}`) {
      throw layerError(
        "model.shape",
        { path, layer },
        `must keep the shape of its samples: [${inputShape}] became [${outputShape}]; change the layers within`,
      );
    }
    return { path, layer, inputShape, outputShape, parameters: [], states: [], inner };
  }
  const kind = kindOf(layer);
  let outputShape: number[];
  try {
    outputShape = kind.outputShape(layer, inputShape);
  } catch (error) {
    const reason = (error as Error).message;
    throw layerError("model.shape", { path, layer }, `got samples of shape [${inputShape}] but ${reason}`);
  }
  const specifications = kind.parameters?.(layer, inputShape) ?? [];
  const frozen = "frozen" in layer ? (layer.frozen ?? []) : [];
  if (frozen !== true) requireNames(frozen, specifications, path, layer);
  const parameters = specifications.map((parameter) => ({
    ...parameter,
    fullName: `${path}.${parameter.name}`,
    trained: frozen !== true && !frozen.includes(parameter.name),
    activation,
  }));
  const states = (kind.states?.(layer, inputShape) ?? []).map((state) => ({
    ...state,
    fullName: `${path}.${state.name}`,
  }));
  return { path, layer, inputShape, outputShape, parameters, states, inner: null };
}

function requireNames(
  frozen: readonly string[],
  specifications: readonly ParameterSpecification[],
  path: string,
  layer: Layer,
): void {
  const names = specifications.map(({ name }) => name);
  const unknown = frozen.find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw layerError(
    "model.frozen",
    { path, layer },
    `has "${unknown}" in frozen, expected ${names.length === 0 ? "no names, as it has no parameters" : names.join(" or ")}; correct it`,
  );
}

/** Returns the first layer after `index` that is not a normalization, a pool or dropout. */
function activationBehind(layers: Layer[], index: number): Layer | null {
  return layers.slice(index + 1).find((layer) => !isTransparent(layer)) ?? null;
}

const isTransparent = (layer: Layer): boolean =>
  layer.type !== "residual" && kindOf(layer).isTransparent === true;

/** Returns all units, including those inside residual blocks, in the order of computation. */
export function flattened(units: readonly Unit[]): Unit[] {
  return units.flatMap((unit) => (unit.inner ? flattened(unit.inner) : [unit]));
}

/** Whether any parameter of these units is trained. */
export function isTrained(units: readonly Unit[]): boolean {
  return flattened(units).some(({ parameters }) => parameters.some(({ trained }) => trained));
}
