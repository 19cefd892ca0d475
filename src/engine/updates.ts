/**
 * From gradients to new weights, in one of two ways. Gathered: all gradients exist, are looked at, clipped and
 * applied in one pass. In place: the way back leaves only gradients of activations; then each parameter's gradient is
 * computed in space that the next one takes over, a strip at a time where it is large, and applied at once.
 */
import { Operation } from "./kernels/operation.ts";
import type { SingleLayer } from "./layers/index.ts";
import { type BufferReference, type LayerContext, type LayerKind, lastAxis, sizeOf } from "./layers/layer.ts";
import type { Model } from "./model.ts";
import { emitUpdate, optimizerStates } from "./optimizers.ts";
import type { PassHost, Run } from "./passes.ts";
import { aligned } from "./placement.ts";
import type { PlannedParameter } from "./units.ts";

/** Largest gradient that is computed whole where updates are made in place. */
const stripBytes = 4096;

/** The two ends of an update: what the backward pass leaves for it, and the update itself. */
export interface Updates {
  /** To be called on the way back for every layer with trained parameters. */
  onGradients(run: Run, kind: LayerKind<SingleLayer>, context: LayerContext): void;
  /** Stops the program where the loss or a gradient is not finite: nothing has changed yet. */
  endOfBackward(): void;
  emitUpdates(): void;
  /** Lets what the optimizer keeps, and what has faded to less than any normal float32, become zero. */
  emitFading(): void;
}

export function createUpdates(
  model: Model,
  trained: readonly PlannedParameter[],
  host: PassHost,
  gather: boolean,
): Updates {
  const updates = gather ? gatheredUpdates(model, trained, host) : updatesInPlace(model, trained, host);
  return { ...updates, emitFading: () => emitFading(model, trained, host) };
}

function emitFading(model: Model, trained: readonly PlannedParameter[], { emit }: PassHost): void {
  if (trained.length === 0) return;
  for (const state of optimizerStates(model.optimizer)) {
    emit(Operation.ClearSubnormals, { buffer: `${trained[0].fullName}.${state}` }, allCells(trained));
  }
}

const cellsOf = ({ shape }: PlannedParameter) => aligned(4 * sizeOf(shape)) / 4;

/** Cells of parameters that stand together. */
const allCells = (parameters: readonly PlannedParameter[]) =>
  parameters.reduce((sum, parameter) => sum + cellsOf(parameter), 0);

/** The update of `count` cells from the parameter of the given name on. */
function emitOptimizer(
  model: Model,
  host: PassHost,
  name: string,
  gradients: BufferReference,
  count: number,
) {
  const states = Object.fromEntries(
    optimizerStates(model.optimizer).map((state) => [state, { buffer: `${name}.${state}` }]),
  );
  emitUpdate(model.optimizer, host.emit, { buffer: name }, gradients, states, count, host.scalars);
}

function gatheredUpdates(
  model: Model,
  trained: readonly PlannedParameter[],
  host: PassHost,
): Omit<Updates, "emitFading"> {
  const { emit, scalars } = host;
  const cells = allCells(trained);
  const first = trained[0]?.fullName;
  const gradients = { buffer: `${first}.gradient` };
  return {
    onGradients: (run, kind, context) => kind.gradients?.(run.unit.layer as SingleLayer, context),
    endOfBackward() {
      if (first) emit(Operation.RequireFinite, gradients, cells, scalars);
    },
    emitUpdates() {
      if (!first) return;
      if (model.clip) {
        const maximum = { float: model.clip.maximum };
        if (model.clip.type === "norm") emit(Operation.ClipByNorm, gradients, cells, scalars, maximum);
        else emit(Operation.ClipByValue, gradients, cells, maximum);
      }
      emitOptimizer(model, host, first, gradients, cells);
    },
  };
}

function updatesInPlace(
  model: Model,
  trained: readonly PlannedParameter[],
  host: PassHost,
): Omit<Updates, "emitFading"> {
  const { emit, scalars } = host;
  const later: {
    parameter: PlannedParameter;
    run: Run;
    kind: LayerKind<SingleLayer>;
    context: LayerContext;
  }[] = [];
  const small: PlannedParameter[] = [];

  function emitParameterUpdate(
    { fullName }: PlannedParameter,
    gradient: BufferReference,
    cells: number,
  ): void {
    if (model.clip) emit(Operation.ClipByValue, gradient, cells, { float: model.clip.maximum });
    emitOptimizer(model, host, fullName, gradient, cells);
  }

  /** A dense layer's weights [inputs, outputs], some rows at a time. */
  function emitStrips(
    parameter: PlannedParameter,
    { inputShape, input, outputGradient }: LayerContext,
  ): void {
    const [outputs, inputs] = parameter.shape;
    const stripRows = Math.max(4, Math.floor(stripBytes / 4 / outputs) & ~3);
    const strip = host.share(`${parameter.fullName}.gradient`, "gradient", [stripRows, outputs]);
    const rows = sizeOf(inputShape) / lastAxis(inputShape);
    const following = model.clip ? 2 : 1;
    emit(Operation.UpdateInStrips, strip, input, outputGradient, inputs, outputs, rows, stripRows, following);
    emitParameterUpdate(parameter, strip, cellsOf(parameter));
  }

  return {
    onGradients(run, kind, context) {
      const own = run.unit.parameters.filter((parameter) => parameter.trained);
      if (kind.requireBounded) {
        kind.requireBounded(run.unit.layer as SingleLayer, context);
        later.push(...own.map((parameter) => ({ parameter, run, kind, context })));
        return;
      }
      for (const { fullName, shape } of own) host.hold(`${fullName}.gradient`, "gradient", shape);
      kind.gradients?.(run.unit.layer as SingleLayer, context);
      small.push(...own);
    },
    endOfBackward() {
      for (const parameter of small) {
        const gradient = { buffer: `${parameter.fullName}.gradient` };
        emit(Operation.RequireFinite, gradient, cellsOf(parameter), scalars);
      }
      if (trained.length > small.length) emit(Operation.RequireFinite, scalars, 0, scalars);
    },
    emitUpdates() {
      for (const { parameter, run, kind, context } of later) {
        const { layer } = run.unit;
        const bytes = 4 * sizeOf(parameter.shape);
        if (layer.type === "dense" && parameter.name === "weight" && bytes > stripBytes) {
          emitStrips(parameter, context);
          continue;
        }
        const shape = parameter.stored === "transposed" ? [...parameter.shape].reverse() : parameter.shape;
        const gradient = host.share(`${parameter.fullName}.gradient`, "gradient", shape);
        kind.gradients?.(layer as SingleLayer, { ...context, gradients: { [parameter.name]: gradient } });
        emitParameterUpdate(parameter, gradient, cellsOf(parameter));
      }
      for (const parameter of small) {
        emitParameterUpdate(parameter, { buffer: `${parameter.fullName}.gradient` }, cellsOf(parameter));
      }
    },
  };
}
