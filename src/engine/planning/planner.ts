/**
 * Creates the plan of a network before memory is allocated: instructions and buffers. Buffers whose lifetimes do not
 * overlap share space.
 */
import { keyError, RivuletError } from "../../errors/errors.ts";
import { kindOf, type SingleLayer } from "../layers/index.ts";
import { type BufferReference, sizeOf } from "../layers/layer.ts";
import type { Model } from "../model/model.ts";
import { optimizerKindOf } from "../optimizers/index.ts";
import { createDraft, type Draft, layOut } from "./draft.ts";
import { emitLoss, emitPrediction, lossShape, predictsFromLogits } from "./losses.ts";
import { backwardPass, forwardPass, type Run } from "./passes.ts";
import type { Filled, Plan, PlanOptions } from "./plan.ts";
import { type Block, blocksOf, cutBatch, requireIndependentRows } from "./shards.ts";
import {
  flattened,
  isTrained,
  type PlannedParameter,
  type PlannedState,
  type Unit,
  unitsOf,
} from "./units.ts";
import { allCells, createUpdates, emitFading, type Updates } from "./updates.ts";

/**
 * Plans a network for batches of up to `batchSize` samples.
 * @throws RivuletError naming the layer, the shape found and the shape expected, when the layers do not match
 */
export function plan(model: Model, options: PlanOptions = {}): Plan {
  const { batchSize = 1, training = true, accumulate = true, recompute = false } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RivuletError(
      "argument.bad-value",
      `found the batch size ${batchSize}, expected a whole number of 1 or more; correct batchSize`,
    );
  }
  if (training && !accumulate && model.clip?.type === "norm") {
    throw new RivuletError(
      "argument.bad-value",
      "clipping by norm needs the whole gradient; remove `accumulate: false` or clip by value",
    );
  }
  const units = unitsOf(model);
  if (training && !isTrained(units) && flattened(units).some(({ parameters }) => parameters.length > 0)) {
    throw keyError(
      "model.frozen",
      "model.layers",
      "are all frozen; leave at least one to be trained, or plan without training",
    );
  }
  const { share = true, givenMasks = false, shards = 1, inputGradient = false } = options;
  const { snapshot = false, sharesScratch = false } = options;
  const cut = cutBatch(batchSize, shards);
  if (cut && sharesScratch) {
    throw new RivuletError(
      "model.shards",
      "found shards in a network with sharesScratch, expected one of the two; leave the other out",
    );
  }
  if (shards > 1) requireIndependentRows(flattened(units), training);
  const filled = {
    batchSize,
    training,
    accumulate,
    recompute,
    share,
    givenMasks,
    inputGradient,
    snapshot,
    sharesScratch,
    cut,
  };
  // Which plan needs least memory depends on widths and batch size, so all plans that the options allow are tried.
  const ways = training && !accumulate && !cut ? [true, false] : [cut !== null || accumulate];
  const most = training && recompute ? units.length - firstPassed(units, inputGradient) : 1;
  const plans = ways.flatMap((way) =>
    Array.from({ length: most }, (_, index) =>
      planWith(model, units, { ...filled, accumulate: way }, index + 1),
    ),
  );
  return plans.reduce((least, candidate) => (candidate.totalBytes < least.totalBytes ? candidate : least));
}

/** Returns the index of the first layer whose gradient is needed; the backward pass ends there. */
function firstTrained(units: readonly Unit[]): number {
  return Math.max(
    0,
    units.findIndex((unit) => isTrained([unit])),
  );
}

/** Returns the index of the first layer in the backward pass. */
const firstPassed = (units: readonly Unit[], inputGradient: boolean) =>
  inputGradient ? 0 : firstTrained(units);

/** Plans with these options; activations of the trained layers are recomputed in `segmentCount` segments. */
function planWith(model: Model, units: Unit[], options: Filled, segmentCount: number): Plan {
  const { batchSize, training, accumulate, recompute, sharesScratch, cut } = options;
  const outputShape = units[units.length - 1].outputShape;
  const { targets, elements } = lossShape(model.loss, outputShape);
  const draft = createDraft(options);
  const { parameters, states, trained } = holdTensors(draft, model, units, options);
  const input = draft.hold("input", "input", [draft.batchSize, ...model.inputShape]);
  const first = firstPassed(units, options.inputGradient);
  const stack = training ? segmentsOf(units, first, segmentCount) : { before: units, segments: [] };

  const pass = emitForward(draft, stack, input, training);
  if (pass.output.buffer !== input.buffer) markOutput(draft, pass.output);
  if (training && hasModes(units)) {
    draft.begin("evaluation");
    emitForward(draft, stack, input, false);
  }
  if (predictsFromLogits(model.loss)) {
    draft.begin("prediction");
    const prediction = draft.hold("prediction", "output", [draft.batchSize, ...outputShape]);
    emitPrediction(model.loss, outputShape, draft.emit, prediction, pass.output);
  }
  const blocks = cut ? blocksOf(allCells(trained)) : [];
  const shards = cut ? { ...cut, blocks: blocks.length } : null;
  const inputGradient = training
    ? emitTraining(draft, model, { stack, pass, outputShape, trained, blocks, options })
    : null;
  return {
    ...{ model, batchSize, training, accumulate, recompute, shards },
    inputs: sizeOf(model.inputShape),
    outputs: sizeOf(outputShape),
    targets,
    lossElements: elements,
    parameters,
    states,
    inputGradient: inputGradient?.buffer ?? null,
    program: draft.program,
    ...layOut(draft, { batchSize, shards, states, sharesScratch }),
  };
}

/** The forward pass that a training step continues, and what it trains. */
interface TrainingParts {
  stack: Segments;
  pass: ForwardPass;
  outputShape: number[];
  trained: readonly PlannedParameter[];
  /** Blocks of the parameters; empty without shards. */
  blocks: readonly Block[];
  options: Filled;
}

/** Emits the rest of a training step: loss, backward pass and update. Returns the gradient of the inputs, if it is needed. */
function emitTraining(
  draft: Draft,
  model: Model,
  { stack, pass, outputShape, trained, blocks, options }: TrainingParts,
): BufferReference | null {
  const { accumulate, cut, inputGradient: isNeeded } = options;
  const shared = cut ? { blocks, scalars: draft.stepScalars } : null;
  const updates = createUpdates(model, trained, draft, accumulate, shared);
  draft.begin("backward");
  const { runs, inputGradient } = emitBackward(
    draft,
    model,
    stack.segments,
    pass,
    outputShape,
    updates,
    isNeeded,
  );
  if (inputGradient) markOutput(draft, inputGradient);
  emitUpdates(draft, updates, runs, accumulate);
  draft.begin("fade");
  emitFading(model, trained, draft);
  return inputGradient;
}

/** Marks a buffer as one that callers read. */
function markOutput({ buffers }: Draft, { buffer }: BufferReference): void {
  buffers.get(buffer)!.role = "output";
}

/** Adds the buffers of parameters, states and gradients. */
function holdTensors(
  { hold, batchSize }: Draft,
  model: Model,
  units: Unit[],
  { training, accumulate, snapshot }: Filled,
): { parameters: PlannedParameter[]; states: PlannedState[]; trained: PlannedParameter[] } {
  const parameters = flattened(units).flatMap((unit) => unit.parameters);
  const states = flattened(units).flatMap((unit) => unit.states);
  const trained = training ? parameters.filter((parameter) => parameter.trained) : [];
  // Trained parameters are contiguous, and so are gradients and each optimizer state, so that one pass updates all.
  for (const parameter of trained) hold(parameter.fullName, "parameter", storedShape(parameter));
  for (const parameter of parameters) hold(parameter.fullName, "parameter", storedShape(parameter));
  for (const state of optimizerKindOf(model.optimizer).states(model.optimizer)) {
    for (const parameter of trained) {
      hold(`${parameter.fullName}.${state}`, "optimizer state", storedShape(parameter));
    }
  }
  if (accumulate) {
    for (const parameter of trained) {
      hold(`${parameter.fullName}.gradient`, "gradient", storedShape(parameter));
    }
  }
  for (const parameter of snapshot ? trained : []) {
    hold(`${parameter.fullName}.snapshot`, "snapshot", storedShape(parameter));
  }
  for (const { fullName, shape, perSample, initial } of states) {
    const whole = perSample ? [batchSize, ...shape] : shape;
    const values = initial === 0 ? undefined : Array<number>(sizeOf(whole)).fill(initial);
    hold(fullName, "state", whole, "f32", values);
  }
  return { parameters, states, trained };
}

/** Whether a layer behaves differently in training and evaluation. */
const hasModes = (units: readonly Unit[]) =>
  flattened(units).some(({ layer }) => kindOf(layer as SingleLayer).hasModes?.(layer as never));

/** A forward pass through all layers. */
interface ForwardPass {
  /** Input of each segment. */
  starts: BufferReference[];
  /** The layers before the segments, and those of the last segment; activations of the others are not kept. */
  before: Run[];
  last: Run[];
  output: BufferReference;
}

/** Emits the layers without a backward pass, then the segments; only the last segment keeps its activations. */
function emitForward(
  draft: Draft,
  { before, segments }: Segments,
  input: BufferReference,
  training: boolean,
): ForwardPass {
  const fixed = new Set([input.buffer]);
  const common = { training, fixed };
  const first = forwardPass(draft, before, input, { ...common, kept: false, label: "" });
  let flow = first.at(-1)?.output ?? input;
  const starts: BufferReference[] = [];
  let last: Run[] = [];
  for (const [index, segment] of segments.entries()) {
    starts.push(flow);
    const kept = index === segments.length - 1;
    if (segments.length > 1) fixed.add(flow.buffer);
    last = forwardPass(draft, segment, flow, { ...common, kept, label: kept ? "" : ".passing" });
    flow = last.at(-1)?.output ?? flow;
  }
  return { starts, before: first, last, output: flow };
}

/**
 * Emits the loss and the backward pass through the segments; each segment but the last is recomputed first. Returns the
 * layers of the latest runs, which the backward pass used, and the gradient with respect to the inputs, if needed.
 */
function emitBackward(
  draft: Draft,
  model: Model,
  segments: readonly Unit[][],
  { starts, before, last, output }: ForwardPass,
  outputShape: number[],
  updates: Updates,
  inputGradient: boolean,
): { runs: Run[]; inputGradient: BufferReference | null } {
  const { targets } = lossShape(model.loss, outputShape);
  const target = draft.hold("target", "target", [draft.batchSize, targets]);
  const outputGradient = draft.share("loss.gradient", "activation gradient", [
    draft.batchSize,
    ...outputShape,
  ]);
  emitLoss(model.loss, outputShape, draft, { gradient: outputGradient, output, target });
  const all = [...before, ...last];
  let gradient: BufferReference | null = outputGradient;
  for (let index = segments.length - 1; index >= 0 && gradient; index--) {
    let runs = last;
    if (index < segments.length - 1) {
      const fixed = new Set([starts[index].buffer]);
      const again = { training: true, kept: true, label: "", fixed };
      runs = forwardPass(draft, segments[index], starts[index], again);
      all.push(...runs);
    }
    gradient = backwardPass(draft, runs, gradient, {
      needed: index > 0 || inputGradient,
      borrowed: false,
      onGradients: updates.onGradients,
    });
  }
  updates.endOfBackward();
  return { runs: all, inputGradient: inputGradient ? gradient : null };
}

/** Emits the update of the weights, and of the layer states after a finite step. */
function emitUpdates(draft: Draft, updates: Updates, runs: readonly Run[], accumulate: boolean): void {
  const commit = () => {
    for (const { kind, layer, context } of singles(runs)) kind.commit?.(layer, context);
  };
  if (accumulate) commit();
  draft.begin("sum");
  updates.emitSums?.();
  draft.begin("update");
  updates.emitUpdates();
  // In-place updates read the state from before the step, such as a carried state, so the new state is written last.
  if (!accumulate) commit();
}

/** Returns every layer that was run, including those inside residual blocks. */
function singles(
  runs: readonly Run[],
): { kind: ReturnType<typeof kindOf>; layer: SingleLayer; context: NonNullable<Run["context"]> }[] {
  return runs.flatMap(({ unit, context, inner }) => {
    if (!context) return singles(inner);
    const layer = unit.layer as SingleLayer;
    return [{ kind: kindOf(layer), layer, context }];
  });
}

interface Segments {
  before: Unit[];
  segments: Unit[][];
}

/** Returns the layers before index `first`, and the rest in `count` segments of about equal length. */
function segmentsOf(units: Unit[], first: number, count: number): Segments {
  const rest = units.slice(first);
  const bound = (index: number) => Math.round((index * rest.length) / count);
  const segments = Array.from({ length: count }, (_, index) => rest.slice(bound(index), bound(index + 1)));
  return { before: units.slice(0, first), segments };
}

function storedShape({ shape, stored }: PlannedParameter): number[] {
  return stored === "transposed" ? [...shape].reverse() : shape;
}

/** Checks a plan against a memory budget. @throws RivuletError when it needs more than `budgetBytes` */
export function requireBudget({ buffers, totalBytes }: Plan, budgetBytes: number): void {
  if (totalBytes <= budgetBytes) return;
  const largest = [...buffers].sort((a, b) => b.bytes - a.bytes).slice(0, 3);
  const named = largest.map(({ name, bytes }) => `${name} (${bytes} bytes)`).join(", ");
  throw new RivuletError(
    "memory.budget",
    `the network needs ${totalBytes} bytes but memory.budget is ${budgetBytes}; its largest buffers are ${named}; raise the budget, or make the layers or the batch smaller`,
    { path: "memory.budget" },
  );
}
