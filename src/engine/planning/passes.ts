/**
 * Plans the forward and the backward pass through a stack of layers: the buffers that each layer reads and writes, and
 * the instructions. A buffer is reused in place if no later instruction reads it.
 */
import { Operation } from "../kernels/operation.ts";
import { kindOf, type SingleLayer } from "../layers/index.ts";
import { type BufferReference, type LayerContext, type LayerKind, sizeOf } from "../layers/layer.ts";
import type { PassHost } from "./plan.ts";
import { isTrained, type Unit } from "./units.ts";

/** A layer whose forward pass has been emitted. */
export interface Run {
  unit: Unit;
  /** Null for a residual block, whose layers are `inner`. */
  context: LayerContext | null;
  inner: Run[];
  output: BufferReference;
}

export interface ForwardOptions {
  training: boolean;
  /** Whether a backward pass follows: the buffers that it reads must be kept. */
  kept: boolean;
  /** Suffix of buffer names, so that two passes over the same layers in one program use different buffers. */
  label: string;
  /** Buffers that must not be overwritten; the pass adds those that it needs to keep. */
  fixed: Set<string>;
}

/** Emits a forward pass through `units`, from `input`. */
export function forwardPass(
  host: PassHost,
  units: readonly Unit[],
  input: BufferReference,
  options: ForwardOptions,
): Run[] {
  const runs: Run[] = [];
  let flow = input;
  for (const unit of units) {
    const run = unit.inner
      ? forwardResidual(host, unit, unit.inner, flow, options)
      : forwardLayer(host, unit, flow, options);
    runs.push(run);
    flow = run.output;
  }
  return runs;
}

function forwardLayer(host: PassHost, unit: Unit, input: BufferReference, options: ForwardOptions): Run {
  const { kept, label, fixed, training } = options;
  const { path, inputShape, outputShape } = unit;
  const layer = unit.layer as SingleLayer;
  const kind = kindOf(layer);
  const trained = unit.parameters.filter((parameter) => parameter.trained).map(({ name }) => name);
  const reads = kept ? kind.backwardReads(layer, trained) : [];
  if (reads.includes("input")) fixed.add(input.buffer);
  const overwrites = kind.isAlias || (kind.inPlace && !fixed.has(input.buffer));
  const output = overwrites
    ? input
    : host.share(`${path}.output${label}`, "activation", [host.batchSize, ...outputShape]);
  if (reads.includes("output")) fixed.add(output.buffer);
  const context: LayerContext = {
    emit: host.emit,
    training,
    inputShape,
    outputShape,
    input,
    output,
    parameters: named(unit.parameters),
    states: named(unit.states),
    scalars: host.scalars,
    givenMasks: host.givenMasks,
    key: keyOf(path),
    keep(name, shape, { perSample = true, role = "activation", dtype = "f32" } = {}) {
      const whole = perSample ? [host.batchSize, ...shape] : shape;
      if (role === "mask" && host.givenMasks) return host.hold(`${path}.${name}`, role, whole);
      return host.share(`${path}.${name}${label}`, role, whole, dtype);
    },
    outputGradient: output,
    inputGradient: null,
    gradients: {},
  };
  kind.forward(layer, context);
  return { unit, context, inner: [], output };
}

function forwardResidual(
  host: PassHost,
  unit: Unit,
  units: readonly Unit[],
  input: BufferReference,
  options: ForwardOptions,
): Run {
  // The sum reads it again, so no inner layer may overwrite it.
  options.fixed.add(input.buffer);
  const inner = forwardPass(host, units, input, options);
  const changed = inner.length === 0 ? input : inner[inner.length - 1].output;
  const output = options.fixed.has(changed.buffer)
    ? host.share(`${unit.path}.output${options.label}`, "activation", [host.batchSize, ...unit.outputShape])
    : changed;
  host.emit(Operation.Add, output, changed, input, sizeOf(unit.outputShape));
  return { unit, context: null, inner, output };
}

const named = (tensors: readonly { name: string; fullName: string }[]): Record<string, BufferReference> =>
  Object.fromEntries(tensors.map(({ name, fullName }) => [name, { buffer: fullName }]));

/** Returns a number for the random draws of a layer, different for each path: `3`, `30` and `3.0` differ. */
function keyOf(path: string): number {
  return path.split(".").reduce((key, index) => (Math.imul(key, 1000) + Number(index) + 1) | 0, 0);
}

export interface BackwardOptions {
  /** Whether the gradient of the first layer's input is needed. */
  needed: boolean;
  /** Whether the incoming gradient is read again, so that it must not be overwritten. */
  borrowed: boolean;
  /** Called for every layer with trained parameters, once its output gradient and its kept buffers exist. */
  onGradients(run: Run, kind: LayerKind<SingleLayer>, context: LayerContext): void;
}

/** Emits a backward pass from the gradient of the last output. Returns the gradient of the first input, if needed. */
export function backwardPass(
  host: PassHost,
  runs: readonly Run[],
  outputGradient: BufferReference,
  options: BackwardOptions,
): BufferReference | null {
  let gradient = outputGradient;
  let { borrowed } = options;
  for (let index = runs.length - 1; index >= 0; index--) {
    const run = runs[index];
    const asked = options.needed || isTrained(runs.slice(0, index).map(({ unit }) => unit));
    if (!asked && !isTrained([run.unit])) return null;
    const below = run.context
      ? backwardLayer(host, run, run.context, gradient, { ...options, needed: asked, borrowed })
      : backwardResidual(host, run, gradient, { ...options, needed: asked, borrowed });
    if (!below) return null;
    if (below.buffer !== gradient.buffer) borrowed = false;
    gradient = below;
  }
  return gradient;
}

function backwardLayer(
  host: PassHost,
  run: Run,
  forward: LayerContext,
  outputGradient: BufferReference,
  { needed, borrowed, onGradients }: BackwardOptions,
): BufferReference | null {
  const { unit } = run;
  const layer = unit.layer as SingleLayer;
  const kind = kindOf(layer);
  const overwrites = kind.isAlias || (kind.inPlace && !borrowed);
  const fresh = () =>
    host.share(`${unit.path}.inputGradient`, "activation gradient", [host.batchSize, ...unit.inputShape]);
  const inputGradient = !needed ? null : overwrites ? outputGradient : fresh();
  const trained = unit.parameters.filter((parameter) => parameter.trained);
  const gradients = Object.fromEntries(
    trained.map(({ name, fullName }) => [name, { buffer: `${fullName}.gradient` }]),
  );
  const context = { ...forward, outputGradient, inputGradient, gradients };
  kind.backward(layer, context);
  if (trained.length > 0) onGradients(run, kind, context);
  return inputGradient;
}

/** Emits both paths of the gradient: through the inner layers, and around them. */
function backwardResidual(
  host: PassHost,
  run: Run,
  outputGradient: BufferReference,
  options: BackwardOptions,
): BufferReference | null {
  const borrowed = options.borrowed || options.needed;
  const through = backwardPass(host, run.inner, outputGradient, { ...options, borrowed });
  if (!options.needed || !through) return null;
  const { path, inputShape } = run.unit;
  const sum =
    through.buffer === outputGradient.buffer
      ? host.share(`${path}.inputGradient`, "activation gradient", [host.batchSize, ...inputShape])
      : through;
  host.emit(Operation.Add, sum, through, outputGradient, sizeOf(inputShape));
  return sum;
}
