/**
 * The plan: every buffer and every instruction of a network, as plain data, before anything is allocated.
 * Buffers whose lifetimes do not meet share space.
 */
import { RivuletError } from "../errors.ts";
import { instructionSlots, Operation, Scalar } from "./kernels/operation.ts";
import { kindOf } from "./layers/index.ts";
import {
  type BufferReference,
  type Emit,
  type Operand,
  type ParameterSpecification,
  sizeOf,
} from "./layers/layer.ts";
import { emitLoss, emitPrediction, lossShape, predictsFromLogits } from "./losses.ts";
import type { Model } from "./model.ts";
import { emitUpdate, optimizerStates } from "./optimizers.ts";

/** What a buffer is for. */
export type Role =
  | "scalars"
  | "program"
  | "parameter"
  | "optimizer state"
  | "gradient"
  | "input"
  | "target"
  | "output"
  | "activation"
  | "activation gradient";

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
}

/** One instruction of the program; its operands stand in the order that `kernels/operation.ts` gives. */
export interface Instruction {
  operation: Operation;
  operands: Operand[];
}

/** A parameter tensor, with the layer it belongs to. */
export interface PlannedParameter extends ParameterSpecification {
  layer: number;
  /** `3.weight`: index of the layer, then the parameter's name. */
  fullName: string;
}

/** Everything about a network that can be known before it is allocated. */
export interface Plan {
  model: Model;
  batchSize: number;
  /** Numbers in one sample, one output, one target. */
  inputs: number;
  outputs: number;
  targets: number;
  /** Losses that one sample adds to a sum, by which a mean divides. */
  lossElements: number;
  parameters: PlannedParameter[];
  buffers: PlannedBuffer[];
  /** The parts of the program, one after the other in the arena. */
  program: Record<"forward" | "prediction" | "backward" | "update", Instruction[]>;
  /** float32 numbers from the first to the last parameter, gaps for alignment included. */
  parameterCells: number;
  /** Size of the arena. */
  totalBytes: number;
  /** What the arena would take if no two buffers shared space. */
  unsharedBytes: number;
}

const alignment = 16;
const aligned = (bytes: number) => Math.ceil(bytes / alignment) * alignment;

/** Order of the roles in the arena: what lives always comes first. */
const roleOrder: Role[] = [
  "scalars",
  "program",
  "parameter",
  "optimizer state",
  "gradient",
  "input",
  "target",
  "output",
  "activation",
  "activation gradient",
];

/**
 * Plans a network for batches of up to `batchSize` samples.
 * @throws RivuletError naming the layer, the shape it got and the shape it needs, where the stack does not fit.
 */
export function plan(model: Model, { batchSize = 1 }: { batchSize?: number } = {}): Plan {
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RivuletError(`the batch size must be a whole number of 1 or more, not ${batchSize}`);
  }
  const buffers = new Map<string, PlannedBuffer>();
  const program: Plan["program"] = { forward: [], prediction: [], backward: [], update: [] };
  let now: Instruction[] = program.forward;

  function add(
    name: string,
    role: Role,
    shape: number[],
    dtype: PlannedBuffer["dtype"] = "f32",
  ): BufferReference {
    const bytes = aligned(sizeOf(shape) * (dtype === "f64" ? 8 : 4));
    buffers.set(name, { name, role, shape, dtype, bytes, offset: 0, lifetime: null });
    return { buffer: name };
  }
  const emit: Emit = (operation, ...operands) => now.push({ operation, operands });

  const shapes = shapesThrough(model);
  const outputShape = shapes[shapes.length - 1];
  const { targets, elements } = lossShape(model.loss, outputShape);

  const scalars = add("scalars", "scalars", [Object.keys(Scalar).length / 2], "f64");
  const parameters = plannedParameters(model, shapes);
  for (const parameter of parameters) add(parameter.fullName, "parameter", storedShape(parameter));
  const states = optimizerStates(model.optimizer);
  for (const state of states) {
    for (const parameter of parameters) {
      add(`${parameter.fullName}.${state}`, "optimizer state", storedShape(parameter));
    }
  }
  for (const parameter of parameters) {
    add(`${parameter.fullName}.gradient`, "gradient", storedShape(parameter));
  }
  const input = add("input", "input", [batchSize, ...model.inputShape]);
  const target = add("target", "target", targets === 1 ? [batchSize, 1] : [batchSize, targets]);

  const ofLayer = (index: number, suffix: string) =>
    Object.fromEntries(
      parameters
        .filter(({ layer }) => layer === index)
        .map(({ name, fullName }) => [name, { buffer: fullName + suffix }]),
    );

  // Forward. An activation may write over its input unless somebody reads that input again on the way back.
  const inputs: BufferReference[] = [];
  const outputs: BufferReference[] = [];
  const readAgain = new Set<string>(["input"]);
  let flow = input;
  for (const [index, layer] of model.layers.entries()) {
    const kind = kindOf(layer);
    inputs.push(flow);
    if (kind.backwardReads === "input") readAgain.add(flow.buffer);
    const reuses = kind.backwardReads === "nothing" || (kind.inPlace && !readAgain.has(flow.buffer));
    const output = reuses ? flow : add(`${index}.output`, "activation", [batchSize, ...shapes[index + 1]]);
    kind.forward(layer, {
      emit,
      inputShape: shapes[index],
      outputShape: shapes[index + 1],
      input: flow,
      output,
      parameters: ofLayer(index, ""),
    });
    if (kind.backwardReads === "output") readAgain.add(output.buffer);
    outputs.push(output);
    flow = output;
  }
  const output = flow;
  if (output !== input) buffers.get(output.buffer)!.role = "output";

  now = program.prediction;
  if (predictsFromLogits(model.loss)) {
    const prediction = add("prediction", "output", [batchSize, ...outputShape]);
    emitPrediction(model.loss, outputShape, emit, prediction, output);
  }

  // Backward, from the loss to the first layer.
  now = program.backward;
  let gradient = add("loss.gradient", "activation gradient", [batchSize, ...outputShape]);
  emitLoss(model.loss, outputShape, emit, { gradient, output, target, scalars });
  for (let index = model.layers.length - 1; index >= 0; index--) {
    const layer = model.layers[index];
    const kind = kindOf(layer);
    // Nothing before the first layer with parameters asks for a gradient.
    const asked = parameters.some((parameter) => parameter.layer < index);
    const inputGradient = !asked
      ? null
      : kind.inPlace
        ? gradient
        : add(`${index}.inputGradient`, "activation gradient", [batchSize, ...shapes[index]]);
    kind.backward(layer, {
      emit,
      inputShape: shapes[index],
      outputShape: shapes[index + 1],
      input: inputs[index],
      output: outputs[index],
      parameters: ofLayer(index, ""),
      outputGradient: gradient,
      inputGradient,
      gradients: ofLayer(index, ".gradient"),
    });
    if (!inputGradient) break;
    gradient = inputGradient;
  }

  // Parameters stand together, and so do gradients and each state: one pass serves them all.
  const parameterCells = parameters.reduce((sum, { fullName }) => sum + buffers.get(fullName)!.bytes / 4, 0);
  if (parameters.length > 0) {
    const first = parameters[0].fullName;
    const gradients = { buffer: `${first}.gradient` };
    emit(Operation.RequireFinite, gradients, parameterCells, scalars);
    now = program.update;
    if (model.clip) {
      const maximum = { float: model.clip.maximum };
      if (model.clip.type === "norm") emit(Operation.ClipByNorm, gradients, parameterCells, scalars, maximum);
      else emit(Operation.ClipByValue, gradients, parameterCells, maximum);
    }
    const stateBuffers = Object.fromEntries(states.map((state) => [state, { buffer: `${first}.${state}` }]));
    emitUpdate(model.optimizer, emit, { buffer: first }, gradients, stateBuffers, parameterCells, scalars);
  }

  const instructions = Object.values(program).flat();
  add("program", "program", [instructions.length, instructionSlots], "i32");
  setLifetimes(buffers, instructions);
  const ordered = [...buffers.values()].sort((a, b) => roleOrder.indexOf(a.role) - roleOrder.indexOf(b.role));
  return {
    model,
    batchSize,
    inputs: sizeOf(model.inputShape),
    outputs: sizeOf(outputShape),
    targets,
    lossElements: elements,
    parameters,
    buffers: ordered,
    program,
    parameterCells,
    totalBytes: place(ordered),
    unsharedBytes: ordered.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/** The shape of a sample before each layer and behind the last. */
function shapesThrough(model: Model): number[][] {
  if (model.layers.length === 0) {
    throw new RivuletError("the model has no layers; give it at least one, such as { dense: 1 }");
  }
  const shapes = [model.inputShape];
  for (const [index, layer] of model.layers.entries()) {
    const shape = shapes[index];
    try {
      shapes.push(kindOf(layer).outputShape(layer as never, shape));
    } catch (error) {
      const reason = (error as Error).message;
      throw new RivuletError(`layer ${index} (${layer.type}) got samples of shape [${shape}] but ${reason}`);
    }
  }
  return shapes;
}

function plannedParameters(model: Model, shapes: number[][]): PlannedParameter[] {
  return model.layers.flatMap((layer, index) =>
    kindOf(layer)
      .parameters(layer as never, shapes[index])
      .map((parameter) => ({ ...parameter, layer: index, fullName: `${index}.${parameter.name}` })),
  );
}

function storedShape({ shape, stored }: ParameterSpecification): number[] {
  return stored === "transposed" ? [...shape].reverse() : shape;
}

const sharing: Role[] = ["activation", "activation gradient"];

/** A buffer that shares space counts from the first instruction that touches it to the last. */
function setLifetimes(buffers: Map<string, PlannedBuffer>, instructions: Instruction[]): void {
  for (const [step, { operands }] of instructions.entries()) {
    for (const operand of operands) {
      if (typeof operand === "number" || !("buffer" in operand)) continue;
      const buffer = buffers.get(operand.buffer)!;
      if (!sharing.includes(buffer.role)) continue;
      buffer.lifetime ??= { first: step, last: step };
      buffer.lifetime.last = step;
    }
  }
}

/**
 * Gives every buffer its offset: those that live always one behind the other, in order; the others, largest
 * first, each at the lowest place where no buffer stands that lives at the same time. Gives the arena's size.
 */
function place(buffers: PlannedBuffer[]): number {
  // Offset 0 stands for an absent operand; the scalars stand there, which are never one.
  let end = 0;
  for (const buffer of buffers.filter(({ lifetime }) => lifetime === null)) {
    buffer.offset = end;
    end += buffer.bytes;
  }
  const start = end;
  const placed: PlannedBuffer[] = [];
  const moving = buffers.filter(({ lifetime }) => lifetime !== null);
  for (const buffer of moving.sort((a, b) => b.bytes - a.bytes)) {
    const { first, last } = buffer.lifetime!;
    const neighbours = placed
      .filter(({ lifetime }) => lifetime!.first <= last && first <= lifetime!.last)
      .sort((a, b) => a.offset - b.offset);
    buffer.offset = start;
    for (const neighbour of neighbours) {
      if (buffer.offset + buffer.bytes <= neighbour.offset) break;
      buffer.offset = Math.max(buffer.offset, neighbour.offset + neighbour.bytes);
    }
    placed.push(buffer);
    end = Math.max(end, buffer.offset + buffer.bytes);
  }
  return end;
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
