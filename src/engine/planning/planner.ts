/**
 * Makes the plan of a network before anything is allocated: what is computed, in which buffers. Buffers whose lifetimes do not meet share space.
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
import { blocksOf, cutBatch, requireIndependentRows } from "./shards.ts";
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
 * @throws RivuletError naming the layer, the shape it got and the shape it needs, where the stack does not fit.
 */
export function plan(model: Model, options: PlanOptions = {}): Plan {
  const { batchSize = 1, training = true, accumulate = true, recompute = false } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RivuletError(
      "argument.bad-value",
      `the batch size must be a whole number of 1 or more, not ${batchSize}`,
    );
  }
  if (training && !accumulate && model.clip?.type === "norm") {
    throw new RivuletError(
      "argument.bad-value",
      "clipping by norm needs the whole gradient: remove `accumulate: false` or clip by value",
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
  const cut = cutBatch(batchSize, shards);
  if (shards > 1) requireIndependentRows(flattened(units), training);
  const filled = { batchSize, training, accumulate, recompute, share, givenMasks, inputGradient, cut };
  // What needs least memory depends on the widths and on the batch: all that the options leave open is tried.
  const ways = training && !accumulate && !cut ? [true, false] : [cut !== null || accumulate];
  const most = training && recompute ? units.length - firstPassed(units, inputGradient) : 1;
  const plans = ways.flatMap((way) =>
    Array.from({ length: most }, (_, index) =>
      planWith(model, units, { ...filled, accumulate: way }, index + 1),
    ),
  );
  return plans.reduce((least, candidate) => (candidate.totalBytes < least.totalBytes ? candidate : least));
}

/** The first layer from which a gradient is asked; what lies before it is never gone back through. */
function firstTrained(units: readonly Unit[]): number {
  return Math.max(
    0,
    units.findIndex((unit) => isTrained([unit])),
  );
}

/** The first layer that is gone back through. */
const firstPassed = (units: readonly Unit[], inputGradient: boolean) =>
  inputGradient ? 0 : firstTrained(units);

/** The plan under these options, with what is trained computed in `segmentCount` segments. */
function planWith(model: Model, units: Unit[], options: Filled, segmentCount: number): Plan {
  const { batchSize, training, accumulate, recompute, cut } = options;
  const first = firstPassed(units, options.inputGradient);
  const outputShape = units[units.length - 1].outputShape;
  const { targets, elements } = lossShape(model.loss, outputShape);
  const draft = createDraft(options);
  const { parameters, states, trained } = holdTensors(draft, model, units, options);
  const input = draft.hold("input", "input", [draft.batchSize, ...model.inputShape]);
  const stack = training ? segmentsOf(units, first, segmentCount) : { before: units, segments: [] };

  const pass = emitForward(draft, stack, input, training);
  const { output } = pass;
  if (output.buffer !== input.buffer) draft.buffers.get(output.buffer)!.role = "output";
  if (training && hasModes(units)) {
    draft.begin("evaluation");
    emitForward(draft, stack, input, false);
  }
  if (predictsFromLogits(model.loss)) {
    draft.begin("prediction");
    const prediction = draft.hold("prediction", "output", [draft.batchSize, ...outputShape]);
    emitPrediction(model.loss, outputShape, draft.emit, prediction, output);
  }
  const blocks = cut ? blocksOf(allCells(trained)) : [];
  const shards = cut ? { ...cut, blocks: blocks.length } : null;
  let inputGradient: string | null = null;
  if (training) {
    const shared = cut ? { blocks, scalars: draft.stepScalars } : null;
    const updates = createUpdates(model, trained, draft, accumulate, shared);
    draft.begin("backward");
    const { runs, inputGradient: found } = emitBackward(
      draft,
      model,
      stack.segments,
      pass,
      outputShape,
      updates,
      options.inputGradient,
    );
    if (found) {
      inputGradient = found.buffer;
      draft.buffers.get(found.buffer)!.role = "output";
    }
    emitUpdates(draft, updates, runs, accumulate);
    draft.begin("fade");
    emitFading(model, trained, draft);
  }
  return {
    model,
    batchSize,
    training,
    accumulate,
    recompute,
    shards,
    inputs: sizeOf(model.inputShape),
    outputs: sizeOf(outputShape),
    targets,
    lossElements: elements,
    parameters,
    states,
    inputGradient,
    program: draft.program,
    ...layOut(draft, batchSize, shards, states),
  };
}

/** What is learned, and what layers and optimizer keep for it. */
function holdTensors(
  { hold, batchSize }: Draft,
  model: Model,
  units: Unit[],
  { training, accumulate }: Filled,
): { parameters: PlannedParameter[]; states: PlannedState[]; trained: PlannedParameter[] } {
  const parameters = flattened(units).flatMap((unit) => unit.parameters);
  const states = flattened(units).flatMap((unit) => unit.states);
  const trained = training ? parameters.filter((parameter) => parameter.trained) : [];
  // Trained parameters stand together, and so do gradients and each optimizer state: one pass serves them all.
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
  for (const { fullName, shape, perSample, initial } of states) {
    const whole = perSample ? [batchSize, ...shape] : shape;
    const values = initial === 0 ? undefined : Array<number>(sizeOf(whole)).fill(initial);
    hold(fullName, "state", whole, "f32", values);
  }
  return { parameters, states, trained };
}

/** Whether a layer acts otherwise in training than in evaluation. */
const hasModes = (units: readonly Unit[]) =>
  flattened(units).some(({ layer }) => kindOf(layer as SingleLayer).hasModes?.(layer as never));

/** A forward pass through the whole stack. */
interface ForwardPass {
  /** What each segment started from. */
  starts: BufferReference[];
  /** The layers before the segments, and those of the last one: what the others computed is not there any more. */
  before: Run[];
  last: Run[];
  output: BufferReference;
}

/** What is never gone back through, then the segments; only the last keeps its activations. */
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
 * The loss and the way back through the segments, each but the last of which is computed a second time first. Gives
 * the layers as they were run last, which is how they are gone back through, and where it is asked for the gradient
 * by the inputs.
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

/** New weights, and what a finite step leaves for the next. */
function emitUpdates(draft: Draft, updates: Updates, runs: readonly Run[], accumulate: boolean): void {
  const commit = () => {
    for (const { kind, layer, context } of singles(runs)) kind.commit?.(layer, context);
  };
  if (accumulate) commit();
  draft.begin("sum");
  updates.emitSums?.();
  draft.begin("update");
  updates.emitUpdates();
  // Updates in place still read what the step started from, a carried state for example: its successor comes last.
  if (!accumulate) commit();
}

/** Every layer that was run, those within residual blocks too. */
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

/** The layers before number `first`, and the rest in `count` stretches of about as many layers. */
function segmentsOf(units: Unit[], first: number, count: number): Segments {
  const rest = units.slice(first);
  const bound = (index: number) => Math.round((index * rest.length) / count);
  const segments = Array.from({ length: count }, (_, index) => rest.slice(bound(index), bound(index + 1)));
  return { before: units.slice(0, first), segments };
}

function storedShape({ shape, stored }: PlannedParameter): number[] {
  return stored === "transposed" ? [...shape].reverse() : shape;
}

/** Refuses a plan larger than `budgetBytes`, before anything is allocated. */
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
