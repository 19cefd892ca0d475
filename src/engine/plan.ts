/**
 * The plan: every buffer and every instruction of a network, as plain data, before anything is allocated.
 * Buffers whose lifetimes do not meet share space.
 */
import { RivuletError } from "../errors.ts";
import { instructionSlots, type Operation, Scalar } from "./kernels/operation.ts";
import { kindOf, type SingleLayer } from "./layers/index.ts";
import { type BufferReference, type Operand, sizeOf } from "./layers/layer.ts";
import { emitLoss, emitPrediction, lossShape, predictsFromLogits } from "./losses.ts";
import type { Model } from "./model.ts";
import { optimizerStates } from "./optimizers.ts";
import { backwardPass, forwardPass, type PassHost, type Run } from "./passes.ts";
import { aligned, place, setLifetimes } from "./placement.ts";
import {
  blocksOf,
  type Cut,
  crewSlots,
  cutBatch,
  layShards,
  requireIndependentRows,
  type Shards,
  shardParts,
  shardScalars,
} from "./shards.ts";
import {
  flattened,
  isTrained,
  type PlannedParameter,
  type PlannedState,
  type Unit,
  unitsOf,
} from "./units.ts";
import { allCells, createUpdates, emitFading } from "./updates.ts";

export type { Shards } from "./shards.ts";
export type { PlannedParameter, PlannedState } from "./units.ts";

/** What a buffer is for. */
export type Role =
  | "crew"
  | "scalars"
  | "program"
  | "constant"
  | "parameter"
  | "optimizer state"
  | "gradient"
  | "state"
  | "input"
  | "target"
  | "mask"
  | "output"
  | "activation"
  | "activation gradient"
  | "scratch";

/** One buffer of the arena. */
export interface PlannedBuffer {
  name: string;
  role: Role;
  /** As stored in the arena, batch first where there is one. */
  shape: number[];
  dtype: "f32" | "f64" | "i32";
  /** Bytes taken, a multiple of 16. */
  bytes: number;
  /** Byte offset in the arena. */
  offset: number;
  /** Steps of the program, first to last, between which its content counts; null: always. */
  lifetime: { first: number; last: number } | null;
  /** What stands in it from the start, where that is not 0. */
  values?: number[];
}

/** One instruction of the program; its operands stand in the order that `kernels/operation.ts` gives. */
export interface Instruction {
  operation: Operation;
  operands: Operand[];
}

export interface PlanOptions {
  /** Most samples that one call works on. Default 1. */
  batchSize?: number;
  /** False: the network only predicts. No gradients, no optimizer state, activations in turn in the same space. Default true. */
  training?: boolean;
  /**
   * True: gradients are kept, so that an update may be gathered from several steps, clipped by its norm and looked
   * at. False: where that takes less memory, each weight is updated as soon as its gradient exists, in space that the
   * next gradient takes over (Lin et al., 2022, arXiv 2206.15472); the plan's `gather` says whether. Default true.
   */
  gather?: boolean;
  /**
   * Keep few activations and compute the others a second time on the way back (Chen et al., 2016, arXiv 1604.06174):
   * the same weights bit for bit, in less memory. Default false.
   */
  recompute?: boolean;
  /** False: no two buffers share space; to see what sharing saves, or to look at every activation. Default true. */
  share?: boolean;
  /** Dropout masks are written by the caller before each step instead of drawn. Default false. */
  givenMasks?: boolean;
  /**
   * Cut each batch into so many parts, 1 to 64, on which threads can work side by side; gradients are gathered, whatever
   * `gather` says. It is this number that results depend on (a sum is made in another order), not how many threads
   * there are. A batch is cut into no parts smaller than 4 rows. Default 1.
   */
  shards?: number;
}

/**
 * The parts of a program, one after the other in the arena: first those of a training step, which are one call. Where
 * the batch is cut, `forward`, `backward`, `evaluation` and `prediction` hold the instructions of each shard in turn,
 * `sum` and `update` those of each block.
 */
export type ProgramPart =
  | "forward"
  | "backward"
  | "sum"
  | "update"
  | "evaluation"
  | "prediction"
  | "carry"
  | "fade";

/** Everything about a network that can be known before it is allocated. */
export interface Plan {
  model: Model;
  batchSize: number;
  training: boolean;
  gather: boolean;
  recompute: boolean;
  /** How the batch is cut; null where it is not. */
  shards: Shards | null;
  /** Numbers in one sample, one output, one target. */
  inputs: number;
  outputs: number;
  targets: number;
  /** Losses that one sample adds to a sum, by which a mean divides. */
  lossElements: number;
  parameters: PlannedParameter[];
  states: PlannedState[];
  buffers: PlannedBuffer[];
  /** `evaluation` is empty where a prediction runs the same instructions as training. */
  program: Record<ProgramPart, Instruction[]>;
  /** Size of the arena. */
  totalBytes: number;
  /** What the arena would take if no two buffers shared space. */
  unsharedBytes: number;
}

/** Order of the roles in the arena: what lives always comes first. */
const roleOrder: Role[] = [
  "crew",
  "scalars",
  "program",
  "constant",
  "parameter",
  "optimizer state",
  "gradient",
  "state",
  "input",
  "target",
  "mask",
  "output",
  "activation",
  "activation gradient",
  "scratch",
];

/**
 * Plans a network for batches of up to `batchSize` samples.
 * @throws RivuletError naming the layer, the shape it got and the shape it needs, where the stack does not fit.
 */
export function plan(model: Model, options: PlanOptions = {}): Plan {
  const { batchSize = 1, training = true, gather = true, recompute = false } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RivuletError(`the batch size must be a whole number of 1 or more, not ${batchSize}`);
  }
  if (training && !gather && model.clip?.type === "norm") {
    throw new RivuletError(
      "a gradient is clipped by its norm once all of it is there, so it must be gathered: leave gather as it is, or clip by value",
    );
  }
  const units = unitsOf(model);
  if (training && !isTrained(units) && flattened(units).some(({ parameters }) => parameters.length > 0)) {
    throw new RivuletError(
      "model.layers are all frozen; leave at least one to be trained, or plan without training",
    );
  }
  const { share = true, givenMasks = false, shards = 1 } = options;
  const cut = cutBatch(batchSize, shards);
  if (shards > 1) requireIndependentRows(flattened(units), training);
  const filled = { batchSize, training, gather, recompute, share, givenMasks, cut };
  // What needs least memory depends on the widths and on the batch: all that the options leave open is tried.
  const ways = training && !gather && !cut ? [true, false] : [cut !== null || gather];
  const most = training && recompute ? units.length - firstTrained(units) : 1;
  const plans = ways.flatMap((way) =>
    Array.from({ length: most }, (_, index) => planned(model, units, { ...filled, gather: way }, index + 1)),
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

type Filled = Required<Omit<PlanOptions, "shards">> & { cut: Cut | null };

function planned(model: Model, units: Unit[], options: Filled, segmentCount: number): Plan {
  const { training, gather, recompute, givenMasks, cut } = options;
  const batchSize = cut ? cut.rows : options.batchSize;
  const buffers = new Map<string, PlannedBuffer>();
  const sharing = new Set<string>();
  const program: Plan["program"] = {
    forward: [],
    backward: [],
    sum: [],
    update: [],
    evaluation: [],
    prediction: [],
    carry: [],
    fade: [],
  };
  let now: Instruction[] = program.forward;

  function hold(
    name: string,
    role: Role,
    shape: number[],
    dtype: PlannedBuffer["dtype"] = "f32",
    values?: number[],
  ): BufferReference {
    if (!buffers.has(name)) {
      const bytes = aligned(sizeOf(shape) * (dtype === "f64" ? 8 : 4));
      const offset = 0;
      const filled = values ? { values } : {};
      buffers.set(name, { name, role, shape, dtype, bytes, offset, lifetime: null, ...filled });
    }
    return { buffer: name };
  }
  const scalarShape = [Object.keys(Scalar).length / 2];
  const scalars = hold("scalars", "scalars", scalarShape, "f64");
  const host: PassHost = {
    batchSize,
    scalars: cut ? hold(shardScalars, "scalars", scalarShape, "f64") : scalars,
    givenMasks,
    hold,
    emit: (operation, ...operands) => now.push({ operation, operands }),
    share(name, role, shape, dtype) {
      if (options.share) sharing.add(name);
      return hold(name, role, shape, dtype);
    },
  };
  const emit = host.emit;

  const outputShape = units[units.length - 1].outputShape;
  const { targets, elements } = lossShape(model.loss, outputShape);
  const parameters = flattened(units).flatMap((unit) => unit.parameters);
  const states = flattened(units).flatMap((unit) => unit.states);
  const trained = training ? parameters.filter((parameter) => parameter.trained) : [];
  // Trained parameters stand together, and so do gradients and each optimizer state: one pass serves them all.
  for (const parameter of trained) hold(parameter.fullName, "parameter", storedShape(parameter));
  for (const parameter of parameters) hold(parameter.fullName, "parameter", storedShape(parameter));
  const blocks = cut ? blocksOf(allCells(trained)) : [];
  const shards = cut ? { ...cut, blocks: blocks.length } : null;
  const stateNames = optimizerStates(model.optimizer);
  for (const state of stateNames) {
    for (const parameter of trained) {
      hold(`${parameter.fullName}.${state}`, "optimizer state", storedShape(parameter));
    }
  }
  if (gather) {
    for (const parameter of trained) {
      hold(`${parameter.fullName}.gradient`, "gradient", storedShape(parameter));
    }
  }
  for (const { fullName, shape, perSample, initial } of states) {
    const whole = perSample ? [batchSize, ...shape] : shape;
    const values = initial === 0 ? undefined : Array<number>(sizeOf(whole)).fill(initial);
    hold(fullName, "state", whole, "f32", values);
  }
  const input = hold("input", "input", [batchSize, ...model.inputShape]);

  const segments = training ? segmentsOf(units, segmentCount) : { before: units, segments: [] };
  const modes = flattened(units).some(({ layer }) => kindOf(layer as SingleLayer).hasModes?.(layer as never));

  /** The whole forward pass: what is never gone back through, then the segments; only the last keeps its activations. */
  function forward(inTraining: boolean): {
    starts: BufferReference[];
    before: Run[];
    last: Run[];
    output: BufferReference;
  } {
    const fixed = new Set([input.buffer]);
    const common = { training: inTraining, fixed };
    const before = forwardPass(host, segments.before, input, { ...common, kept: false, label: "" });
    let flow = before.at(-1)?.output ?? input;
    const starts: BufferReference[] = [];
    let last: Run[] = [];
    for (const [index, segment] of segments.segments.entries()) {
      starts.push(flow);
      const kept = index === segments.segments.length - 1;
      if (segments.segments.length > 1) fixed.add(flow.buffer);
      last = forwardPass(host, segment, flow, { ...common, kept, label: kept ? "" : ".passing" });
      flow = last.at(-1)?.output ?? flow;
    }
    return { starts, before, last, output: flow };
  }

  const { starts, before, last, output } = forward(training);
  if (output.buffer !== input.buffer) buffers.get(output.buffer)!.role = "output";
  if (training && modes) {
    now = program.evaluation;
    forward(false);
  }

  now = program.prediction;
  if (predictsFromLogits(model.loss)) {
    const prediction = hold("prediction", "output", [batchSize, ...outputShape]);
    emitPrediction(model.loss, outputShape, emit, prediction, output);
  }

  const kept = [...before, ...last];
  if (training) {
    now = program.backward;
    const target = hold("target", "target", targets === 1 ? [batchSize, 1] : [batchSize, targets]);
    const outputGradient = host.share("loss.gradient", "activation gradient", [batchSize, ...outputShape]);
    emitLoss(model.loss, outputShape, host, { gradient: outputGradient, output, target });

    const updates = createUpdates(model, trained, host, gather, cut ? { blocks, scalars } : null);
    let gradient: BufferReference | null = outputGradient;
    for (let index = segments.segments.length - 1; index >= 0 && gradient; index--) {
      let runs = last;
      if (index < segments.segments.length - 1) {
        const fixed = new Set([starts[index].buffer]);
        const again = { training: true, kept: true, label: "", fixed };
        runs = forwardPass(host, segments.segments[index], starts[index], again);
        kept.push(...runs);
      }
      gradient = backwardPass(host, runs, gradient, {
        needed: index > 0,
        borrowed: false,
        onGradients: updates.onGradients,
      });
    }
    updates.endOfBackward();
    // Updates in place still read what the step started from, a carried state for example: its successor comes last.
    const commit = () => {
      for (const { kind, layer, context } of singles(kept)) kind.commit?.(layer, context);
    };
    if (gather) commit();
    now = program.sum;
    updates.emitSums?.();
    now = program.update;
    updates.emitUpdates();
    if (!gather) commit();
    now = program.fade;
    emitFading(model, trained, host);
  }
  now = program.carry;
  for (const { kind, layer, context } of singles(kept)) kind.carry?.(layer, context);

  sharing.delete(output.buffer);
  const ofShards: Instruction[][] = shardParts.map((part) => program[part]);
  const times = (part: Instruction[]) => (cut && ofShards.includes(part) ? cut.count : 1);
  const instructions = Object.values(program).reduce((sum, part) => sum + part.length * times(part), 0);
  hold("program", "program", [instructions, instructionSlots], "i32");
  if (shards) hold("crew", "crew", [crewSlots(shards)], "i32");
  setLifetimes(
    buffers,
    sharing,
    Object.entries(program).map(([part, list]) => ({
      instructions: list,
      // A prediction touches buffers in the order in which training does, so training's lifetimes serve it too.
      counts: part !== "evaluation" && (part !== "carry" || !training) && (!cut || ofShards.includes(list)),
    })),
  );
  const ordered = [...buffers.values()].sort((a, b) => roleOrder.indexOf(a.role) - roleOrder.indexOf(b.role));
  const isWhole = ({ name, role }: PlannedBuffer) =>
    role === "input" ||
    role === "target" ||
    role === "output" ||
    (role === "mask" && givenMasks) ||
    states.some(({ fullName, perSample }) => perSample && fullName === name);
  const laid = cut
    ? layShards({ cut, batchSize: options.batchSize, buffers: ordered, program, isWhole })
    : {
        buffers: ordered,
        totalBytes: place(ordered),
        unsharedBytes: ordered.reduce((sum, { bytes }) => sum + bytes, 0),
      };
  return {
    model,
    batchSize: options.batchSize,
    training,
    gather,
    recompute,
    shards,
    inputs: sizeOf(model.inputShape),
    outputs: sizeOf(outputShape),
    targets,
    lossElements: elements,
    parameters,
    states,
    program,
    ...laid,
  };
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

/** The layers before the first trained one, and the rest in `count` stretches of about as many layers. */
function segmentsOf(units: Unit[], count: number): { before: Unit[]; segments: Unit[][] } {
  const first = firstTrained(units);
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
    `the network needs ${totalBytes} bytes but memory.budget is ${budgetBytes}; its largest buffers are ${named}; raise the budget, or make the layers or the batch smaller`,
  );
}
