/**
 * Plans the update of the weights, in one of two ways. Accumulated: all gradients exist; they are checked, clipped and
 * applied in one pass. In place: the backward pass keeps only gradients of activations; then each parameter's gradient
 * is computed in space that the next one reuses, a strip at a time if it is large, and applied at once.
 */
import { Operation } from "../kernels/operation.ts";
import type { SingleLayer } from "../layers/index.ts";
import {
  type BufferReference,
  type LayerContext,
  type LayerKind,
  lastAxis,
  sizeOf,
} from "../layers/layer.ts";
import type { Model } from "../model/model.ts";
import { optimizerKindOf } from "../optimizers/index.ts";
import type { Run } from "./passes.ts";
import { aligned } from "./placement.ts";
import type { PassHost } from "./plan.ts";
import { type Block, inShard } from "./shards.ts";
import type { PlannedParameter } from "./units.ts";

/** Largest gradient that in-place updates compute as a whole. */
const stripBytes = 4096;

/** The two phases of an update: in the backward pass, and after it. */
export interface Updates {
  /** Call it in the backward pass for every layer with trained parameters. */
  onGradients(run: Run, kind: LayerKind<SingleLayer>, context: LayerContext): void;
  /** Emits the stop of the program if the loss or a gradient is not finite, before any weight has changed. */
  endOfBackward(): void;
  /** Emits the sum of the gradients of all shards; only with shards. */
  emitSums?(): void;
  emitUpdates(): void;
}

/** What the update of a batch in shards also needs: its blocks, and the scalars of the whole step. */
export interface SharedUpdate {
  blocks: readonly Block[];
  scalars: BufferReference;
}

/** Chooses how weights are updated: from gradients of shards, from accumulated ones, or in place. */
export function createUpdates(
  model: Model,
  trained: readonly PlannedParameter[],
  host: PassHost,
  accumulate: boolean,
  shared: SharedUpdate | null,
): Updates {
  if (shared) return updatesOfShards(model, trained, host, shared);
  return accumulate ? accumulatedUpdates(model, trained, host) : updatesInPlace(model, trained, host);
}

/** Emits the clearing of optimizer state that has decayed to subnormal float32 numbers. */
export function emitFading(model: Model, trained: readonly PlannedParameter[], { emit }: PassHost): void {
  if (trained.length === 0) return;
  for (const state of optimizerKindOf(model.optimizer).states(model.optimizer)) {
    emit(Operation.ClearSubnormals, { buffer: `${trained[0].fullName}.${state}` }, allCells(trained));
  }
}

/** Returns the numbers of a parameter in the arena, including padding. */
const cellsOf = ({ shape }: PlannedParameter) => aligned(4 * sizeOf(shape)) / 4;

/** Returns the cells of contiguous parameters. */
export const allCells = (parameters: readonly PlannedParameter[]) =>
  parameters.reduce((sum, parameter) => sum + cellsOf(parameter), 0);

/** Describes the update of `count` cells from the named parameter on, or from `offset` bytes after its beginning. */
function emitOptimizer(
  model: Model,
  { emit, scalars }: Pick<PassHost, "emit" | "scalars">,
  name: string,
  gradients: BufferReference,
  count: number,
  offset = 0,
) {
  const { optimizer } = model;
  const kind = optimizerKindOf(optimizer);
  const states = Object.fromEntries(
    kind.states(optimizer).map((state) => [state, { buffer: `${name}.${state}`, offset }]),
  );
  const parameters = { buffer: name, offset };
  kind.emitUpdate(optimizer, { emit, parameters, gradients, states, count, scalars });
}

function accumulatedUpdates(model: Model, trained: readonly PlannedParameter[], host: PassHost): Updates {
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

/**
 * Updates from the gradients of each shard: they are added up and applied block by block, with the same number of
 * instructions for every block. The first shard's gradients receive the sum. Between both, the norm is computed from
 * the sums of squares of the blocks.
 */
function updatesOfShards(
  model: Model,
  trained: readonly PlannedParameter[],
  { emit, hold }: PassHost,
  { blocks, scalars }: SharedUpdate,
): Updates {
  const { clip } = model;
  const first = trained[0]?.fullName;
  const gradient = `${first}.gradient`;
  const stride = 4 * allCells(trained);
  return {
    onGradients: (run, kind, context) => kind.gradients?.(run.unit.layer as SingleLayer, context),
    endOfBackward() {},
    emitSums() {
      const squares = clip?.type === "norm" ? hold("squares", "scalars", [blocks.length], "f64") : null;
      for (const [index, block] of blocks.entries()) {
        const offset = 4 * block.first;
        const gradients = { buffer: gradient, offset };
        emit(Operation.AddShards, gradients, { buffer: inShard(1, gradient), offset }, stride, block.cells);
        emit(Operation.RequireFinite, gradients, block.cells, scalars);
        if (squares) emit(Operation.SumOfSquares, { ...squares, offset: 8 * index }, gradients, block.cells);
      }
    },
    emitUpdates() {
      for (const block of blocks) {
        const offset = 4 * block.first;
        const gradients = { buffer: gradient, offset };
        const maximum = { float: clip?.maximum ?? 0 };
        if (clip?.type === "norm") emit(Operation.ScaleToNorm, gradients, block.cells, scalars, maximum);
        if (clip?.type === "value") emit(Operation.ClipByValue, gradients, block.cells, maximum);
        emitOptimizer(model, { emit, scalars }, first, gradients, block.cells, offset);
      }
    },
  };
}

/** A layer with trained parameters whose gradients are computed after the backward pass. */
interface Later {
  parameter: PlannedParameter;
  run: Run;
  kind: LayerKind<SingleLayer>;
  context: LayerContext;
}

function updatesInPlace(model: Model, trained: readonly PlannedParameter[], host: PassHost): Updates {
  const { emit, scalars } = host;
  const later: Later[] = [];
  const small: PlannedParameter[] = [];
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
      for (const each of later) emitLater(model, host, each);
      for (const parameter of small) {
        const gradient = { buffer: `${parameter.fullName}.gradient` };
        emitParameterUpdate(model, host, parameter, gradient);
      }
    },
  };
}

/** Emits the gradient of a parameter in space that the next one reuses, and its update. */
function emitLater(model: Model, host: PassHost, { parameter, run, kind, context }: Later): void {
  if (parameter.name === kind.updatesInStrips && 4 * sizeOf(parameter.shape) > stripBytes) {
    emitStrips(model, host, parameter, context);
    return;
  }
  const shape = parameter.stored === "transposed" ? [...parameter.shape].reverse() : parameter.shape;
  const gradient = host.share(`${parameter.fullName}.gradient`, "gradient", shape);
  const gradients = { [parameter.name]: gradient };
  kind.gradients?.(run.unit.layer as SingleLayer, { ...context, gradients });
  emitParameterUpdate(model, host, parameter, gradient);
}

/** Emits gradient and update of a dense layer's weights [inputs, outputs], some rows at a time. */
function emitStrips(
  model: Model,
  host: PassHost,
  parameter: PlannedParameter,
  { inputShape, input, outputGradient }: LayerContext,
): void {
  const { emit, share } = host;
  const [outputs, inputs] = parameter.shape;
  const stripRows = Math.max(4, Math.floor(stripBytes / 4 / outputs) & ~3);
  const strip = share(`${parameter.fullName}.gradient`, "gradient", [stripRows, outputs]);
  const rows = sizeOf(inputShape) / lastAxis(inputShape);
  const following = model.clip ? 2 : 1;
  emit(Operation.UpdateInStrips, strip, input, outputGradient, inputs, outputs, rows, stripRows, following);
  emitParameterUpdate(model, host, parameter, strip);
}

function emitParameterUpdate(
  model: Model,
  host: PassHost,
  parameter: PlannedParameter,
  gradient: BufferReference,
): void {
  const cells = cellsOf(parameter);
  if (model.clip) host.emit(Operation.ClipByValue, gradient, cells, { float: model.clip.maximum });
  emitOptimizer(model, host, parameter.fullName, gradient, cells);
}
