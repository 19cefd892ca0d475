/** The layers of a model in their places: shapes through the stack, parameters and what is trained of them. */
import type { ErrorCode } from "../../errors/codes.ts";
import { keyError, RivuletError } from "../../errors/errors.ts";
import { kindOf } from "../layers/index.ts";
import type { ParameterSpecification, StateSpecification } from "../layers/layer.ts";
import type { Layer, Model } from "../model/model.ts";

/** A parameter tensor, with the layer it belongs to. */
export interface PlannedParameter extends ParameterSpecification {
  /** `3.weight`, in a residual block `3.0.weight`: index of the layer, then the parameter's name. */
  fullName: string;
  /** Not frozen. */
  trained: boolean;
  /** The activation that follows, by which weights are scaled at the start; null: none. */
  activation: Layer | null;
}

/** Numbers that a layer keeps without training them. */
export interface PlannedState extends StateSpecification {
  /** `1.running_mean`: index of the layer, then the state's name. */
  fullName: string;
}

/** A layer in its place. */
export interface Unit {
  /** `3`, in a residual block `3.0`. */
  path: string;
  layer: Layer;
  /** Shapes of one sample. */
  inputShape: number[];
  outputShape: number[];
  parameters: PlannedParameter[];
  states: PlannedState[];
  /** The layers within a residual block; null for every other layer. */
  inner: Unit[] | null;
}

/** An error about one layer: `model.layers[3].residual[0] (conv1d)`, by the key that the config has it at, and `predicate`. */
export function layerError(
  code: ErrorCode,
  { path, layer }: Pick<Unit, "path" | "layer">,
  predicate: string,
): RivuletError {
  const key = `model.layers[${path.split(".").join("].residual[")}]`;
  return new RivuletError(code, `${key} (${layer.type}) ${predicate}`, { path: key });
}

/**
 * Puts the layers of a model in their places.
 * @throws RivuletError naming the layer, the shape it got and the shape it needs, where the stack does not fit
 */
export function unitsOf(model: Pick<Model, "inputShape" | "layers">): Unit[] {
  if (model.layers.length === 0) {
    throw keyError("model.shape", "model.layers", "is empty; give it at least one, such as { dense: 1 }");
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
    `is to freeze "${unknown}" but ${names.length === 0 ? "has no parameters" : `its parameters are ${names.join(" and ")}`}`,
  );
}

/** The first layer behind `index` that is neither norm, pool nor dropout. */
function activationBehind(layers: Layer[], index: number): Layer | null {
  return layers.slice(index + 1).find((layer) => !isTransparent(layer)) ?? null;
}

const isTransparent = (layer: Layer): boolean =>
  layer.type !== "residual" && kindOf(layer).isTransparent === true;

/** All units, those within residual blocks too, in the order of the data. */
export function flattened(units: readonly Unit[]): Unit[] {
  return units.flatMap((unit) => (unit.inner ? flattened(unit.inner) : [unit]));
}

/** Whether anything in these units is trained. */
export function isTrained(units: readonly Unit[]): boolean {
  return flattened(units).some(({ parameters }) => parameters.some(({ trained }) => trained));
}
