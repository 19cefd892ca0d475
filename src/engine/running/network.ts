import { RivuletError } from "../../errors/errors.ts";
import type { State, Stateful } from "../../state.ts";
import { chooseVariant, createKernels, type Kernels, type KernelVariant } from "../kernels/kernels.ts";
import { instructionSlots, Scalar } from "../kernels/operation.ts";
import { type Operand, sizeOf } from "../layers/layer.ts";
import type { Model, Optimizer } from "../model/model.ts";
import { createRandom } from "../model/random.ts";
import { applySchedule, multiplierAt, Plateau, requireLength } from "../model/schedule.ts";
import { optimizerKindOf } from "../optimizers/index.ts";
import type { OptimizerKind } from "../optimizers/optimizer.ts";
import { predictsFromLogits } from "../planning/losses.ts";
import {
  type Instruction,
  keepsGradients,
  type Plan,
  type PlannedBuffer,
  type PlanOptions,
  type ProgramPart,
} from "../planning/plan.ts";
import { plan, requireBudget } from "../planning/planner.ts";
import { shardsFor } from "../planning/shards.ts";
import type { PlannedParameter } from "../planning/units.ts";
import type { Arena } from "./arena.ts";
import { initialize, siblingFanIn } from "./initialize.ts";
import {
  checkedState,
  hasOverflowed,
  type NetworkState,
  requireTensors,
  savedStates,
  type Tensor,
} from "./network-state.ts";
import { copyLayout } from "./parameter-layout.ts";
import { ShardWorkers, type Threads } from "./shard-workers.ts";
import { snapshotOf, type WeightSnapshot } from "./weight-snapshot.ts";

/** Options of a network: those of its plan, and how it runs. */
export interface NetworkOptions extends PlanOptions {
  /** Seed of the initial weights and of dropout's masks. Default 1. */
  seed?: number;
  /** Use only kernels whose results are bit for bit the same on every processor. Default false. */
  deterministic?: boolean;
  /** Overrides the choice of kernels. */
  kernels?: KernelVariant;
  /** Largest plan that is accepted, in bytes. */
  budgetBytes?: number;
  /**
   * Worker threads for the shards of a batch, such as `threads(2)`. Default: the calling thread alone. Their number
   * does not change the results, which depend only on `shards`; with threads its default is 4.
   */
  workers?: Threads;
  /**
   * Place the network in this arena, after its present content, instead of a new one. Shards are not possible then. With
   * `sharesScratch` it uses the scratch of the arena, where that has one: what the views hold counts until another network of
   * the arena is called.
   */
  arena?: Arena;
}

/**
 * A network: a planned model with its memory. After construction nothing more is allocated: `infer` and `step` read and
 * write the views `input`, `target`, `output` and `prediction`.
 */
export class Network implements Stateful {
  readonly model: Model;
  readonly plan: Plan;
  readonly kernels: KernelVariant;
  /** Numbers in one sample, in one output, in one target. */
  readonly inputs: number;
  readonly outputs: number;
  readonly targets: number;
  readonly batchSize: number;

  /** [batchSize, inputs]: write samples here. */
  readonly input: Float32Array;
  /** [batchSize, targets]: write targets here; class indices for the class losses. Empty without training. */
  readonly target: Float32Array;
  /** [batchSize]: weight of each sample, 1 until written; empty if the loss has no sample weights. */
  readonly sampleWeight: Float32Array;
  /** [batchSize, outputs]: output of the last layer (logits, if the loss is defined on logits). */
  readonly output: Float32Array;
  /** [batchSize, outputs]: probabilities if the loss is defined on logits, else the same as `output`. */
  readonly prediction: Float32Array;
  /** [batchSize, inputs]: gradient of the latest loss with respect to the inputs. Empty without `inputGradient`. */
  readonly inputGradient: Float32Array;

  /** Number of updates so far. */
  updates = 0;
  /** Number of updates skipped because their loss or gradient was not finite. */
  skipped = 0;
  /** Base learning rate, which the schedule multiplies; initially that of the optimizer. It may be changed. */
  learningRate: number;

  readonly #kernels: Kernels;
  /** Byte offsets in the memory: of the plan, and of its scratch, of which the plan's offsets begin at `#ownBytes`. */
  readonly #base: number;
  readonly #scratchBase: number;
  readonly #ownBytes: number;
  /** Places of the float32 numbers past the ends of gradients in the scratch: updates read whole vectors. */
  readonly #pastGradients: Uint32Array;
  readonly #memory: Float32Array;
  /** Runs the program if the batch is divided into shards. */
  readonly #shardWorkers: ShardWorkers | null;
  readonly #scalars: Float64Array;
  readonly #parts: Record<ProgramPart, Instructions>;
  /** Part that computes a prediction: the forward pass, or evaluation if layers behave differently in training. */
  readonly #evaluation: Instructions;
  readonly #optimizer: OptimizerKind<Optimizer>;
  readonly #stepConstants: Float64Array;
  readonly #states: string[];
  readonly #lossElements: number;
  readonly #meanLoss: boolean;
  readonly #plateau: Plateau | null;
  /** What `state({ reuse: true })` copies into, by tensor. */
  readonly #copies = new Map<string, Float32Array>();
  /** The trained parameters as they were at some time; null without `snapshot` in the plan. */
  readonly snapshot: WeightSnapshot | null;
  /** [1]: the step size among the scalars. */
  readonly #stepSize: Float64Array;

  /** Rows accumulated for the next update, and the rows that it needs. */
  #accumulated = 0;
  #accumulating = 0;
  /** A part of the present update was not finite, so the rest of it is skipped too. */
  #poisoned = false;
  #lastRows = 1;

  /** Allocates the network. @throws RivuletError when the layers do not match or the plan exceeds the budget */
  constructor(model: Model, options: NetworkOptions = {}) {
    if (model.schedule) requireLength(model.schedule);
    const { budgetBytes, workers, arena } = options;
    this.model = model;
    this.plan = plan(model, { ...options, shards: shardsFor(options.shards, workers !== undefined) });
    if (budgetBytes !== undefined) requireBudget(this.plan, budgetBytes);
    const { shards } = this.plan;
    if (arena && shards) {
      throw new RivuletError(
        "model.shards",
        "found shards in a network that shares an arena, expected none; leave one out",
      );
    }
    const isShared = shards !== null && workers !== undefined && workers.count > 1;
    this.kernels = arena?.kernels.variant ?? options.kernels ?? chooseVariant(options.deterministic ?? false);
    const { totalBytes, scratch } = this.plan;
    this.#ownBytes = totalBytes - (scratch?.bytes ?? 0);
    const hasScratch = arena !== undefined && arena.scratchBytes > 0 && scratch !== null;
    this.#base = arena?.reserve(hasScratch ? this.#ownBytes : totalBytes) ?? 0;
    this.#scratchBase = hasScratch ? arena.reserveScratch(scratch) : this.#base + this.#ownBytes;
    this.#kernels = arena?.kernels ?? createKernels(this.kernels, totalBytes, isShared);
    const { buffer } = this.#kernels;
    this.#memory = new Float32Array(buffer, 0, Math.floor(buffer.byteLength / 4));
    this.#pastGradients = this.#placesPastGradients();

    this.batchSize = this.plan.batchSize;
    this.inputs = this.plan.inputs;
    this.outputs = this.plan.outputs;
    this.targets = this.plan.targets;
    this.learningRate = model.optimizer.learningRate;
    this.#plateau = model.schedule?.type === "plateau" ? new Plateau(model.schedule) : null;
    this.#optimizer = optimizerKindOf(model.optimizer);
    this.#states = this.#optimizer.states(model.optimizer);
    this.#stepConstants = this.#optimizer.stepConstants?.(model.optimizer) ?? new Float64Array(0);
    this.#lossElements = this.plan.lossElements;
    this.#meanLoss = model.loss.reduction === "mean";

    const scalars = this.#buffer("scalars");
    this.#scalars = new Float64Array(this.#kernels.buffer, this.#addressOf(scalars), scalars.shape[0]);
    this.#stepSize = this.#scalars.subarray(Scalar.StepSize, Scalar.StepSize + 1);
    this.#parts = partsOf(this.plan, this.#addressOf(this.#buffer("program")));
    const { forward, evaluation } = this.#parts;
    this.#evaluation = evaluation.count > 0 ? evaluation : forward;
    this.#writeProgram(Object.values(this.plan.program).flat());
    this.#writeConstants();

    this.input = this.#view("input");
    this.target = this.#optionalView("target");
    this.sampleWeight = this.#optionalView("sampleWeight").fill(1);
    this.output = this.#viewOf(
      this.plan.buffers.find(({ role }) => role === "output") ?? this.#buffer("input"),
    );
    this.inputGradient =
      this.plan.inputGradient === null ? new Float32Array(0) : this.#view(this.plan.inputGradient);
    this.prediction = predictsFromLogits(model.loss) ? this.#view("prediction") : this.output;
    this.snapshot = snapshotOf(this.plan, model, (name) => this.#view(name));
    this.initialize(options.seed ?? 1);
    this.#shardWorkers = shards && new ShardWorkers(this.plan, shards, this.#kernels, this.#parts);
    if (this.#shardWorkers && workers && isShared) this.#shardWorkers.start(workers);
  }

  /** Rows accumulated so far for the next update. */
  get accumulated(): number {
    return this.#accumulated;
  }

  /** Loss of the rows of the last step: their mean, or their sum if the loss is reduced by sum. */
  get loss(): number {
    const sum = this.#scalars[Scalar.Loss];
    return this.#meanLoss ? sum / (this.#lastRows * this.#lossElements) : sum;
  }

  /** Learning rate of the next update: the base learning rate times the present multiplier of the schedule. */
  get currentLearningRate(): number {
    const { schedule } = this.model;
    if (!schedule) return this.learningRate;
    return this.learningRate * multiplierAt(schedule, this.updates, this.#plateau?.multiplier[0]);
  }

  /** 2-norm of all gradients of the last update before clipping; only computed if the model clips by norm. */
  get gradientNorm(): number {
    return this.#scalars[Scalar.GradientNorm];
  }

  /** Resets all weights to their initial values by the seed, and discards all training. */
  initialize(seed: number): void {
    const random = createRandom(seed);
    const { initialWeights = "uniform" } = this.model;
    for (const parameter of this.plan.parameters) {
      const fanIn = siblingFanIn(parameter, this.plan.parameters);
      initialize(this.#view(parameter.fullName), parameter, random, initialWeights, fanIn);
    }
    this.#clearStates();
    this.#scalars[Scalar.Seed] = seed;
    this.#scalars[Scalar.Draws] = 0;
    this.updates = 0;
    this.skipped = 0;
    this.#plateau?.reset();
    this.learningRate = this.model.optimizer.learningRate;
    this.snapshot?.keep();
  }

  /** Goes back to the snapshot; optimizer and layer states, and what is accumulated, start over. */
  recover(): void {
    this.snapshot?.restore();
    this.#clearStates();
  }

  #clearStates(): void {
    this.#accumulated = 0;
    this.#poisoned = false;
    for (const { fullName } of this.plan.training ? this.#parametersWith(".state") : []) {
      for (const state of this.#states) {
        const initial = this.#optimizer.initialState?.(this.model.optimizer, state) ?? 0;
        this.#view(`${fullName}.${state}`).fill(initial);
      }
    }
    for (const { fullName, initial } of this.plan.states) this.#view(fullName).fill(initial);
  }

  /** Predicts for the first `rows` rows of `input`, into `output` and `prediction`. Allocates nothing. */
  infer(rows: number = this.batchSize): void {
    this.#requireRows(rows);
    if (this.#shardWorkers) {
      this.#shardWorkers.infer(rows);
      return;
    }
    const { prediction } = this.#parts;
    this.#kernels.run(this.#evaluation.start, this.#evaluation.count, rows, 0);
    if (prediction.count > 0) this.#kernels.run(prediction.start, prediction.count, rows, 0);
  }

  /** Resets carried states to zero. Call it when a new stream begins. */
  forgetCarried(): void {
    for (const { fullName, name } of this.plan.states) if (name === "hidden") this.#view(fullName).fill(0);
  }

  /** Returns the mask [batchSize, ...] of the dropout layer at `path`, such as "2", to be written with `givenMasks`. */
  mask(path: string): Float32Array {
    return this.#view(`${path}.mask`);
  }

  /**
   * Trains on the first `rows` rows of `input` and `target`. With `rowsPerUpdate` above `rows`, gradients are
   * accumulated from call to call, and the weights are updated by the call that completes `rowsPerUpdate` rows: so
   * batches of any size need only the memory of a small one. Returns false, with nothing changed, if a loss or gradient
   * was not finite (or a class index out of range); the whole update is then skipped and counted in `skipped`.
   * Allocates nothing.
   * @throws RivuletError when the rows do not match the batch size or the present update, or the plan cannot train
   */
  step(rows: number = this.batchSize, rowsPerUpdate: number = rows): boolean {
    this.#requireRows(rows);
    this.#requireAccumulation(rows, rowsPerUpdate);
    const scalars = this.#scalars;
    const run = this.#kernels.run;
    const shardWorkers = this.#shardWorkers;
    const { forward, backward, update } = this.#parts;
    const plateau = this.#plateau;
    const completes = this.#accumulated + rows === rowsPerUpdate;
    this.#lastRows = rows;
    this.#clearPastGradients();
    let finite = !this.#poisoned;
    if (finite) {
      scalars[Scalar.GradientScale] = this.#meanLoss ? 1 / (rowsPerUpdate * this.#lossElements) : 1;
      const accumulating = this.#accumulated > 0 ? 1 : 0;
      if (shardWorkers) {
        finite = shardWorkers.descend(rows, accumulating);
      } else {
        // The same call makes the update, unless a plateau needs the loss before it determines the learning rate.
        let count = forward.count + backward.count;
        if (completes && !plateau) {
          this.#writeUpdateScalars();
          count += update.count;
        }
        finite = run(forward.start, count, rows, accumulating) === 0;
      }
      scalars[Scalar.Draws]++;
    }
    if (finite && plateau) plateau.accumulated[0] += scalars[Scalar.Loss] * scalars[Scalar.GradientScale];
    if (!completes) {
      this.#accumulated += rows;
      this.#accumulating = rowsPerUpdate;
      this.#poisoned = !finite;
      return finite;
    }
    if (finite) {
      if (shardWorkers || plateau) {
        this.#writeUpdateScalars();
        plateau?.observe(this.updates);
        if (shardWorkers) shardWorkers.update();
        else run(update.start, update.count, rows, 0);
      }
      this.updates++;
      if (this.updates % updatesPerFading === 0) run(this.#parts.fade.start, this.#parts.fade.count, rows, 0);
    } else {
      this.skipped++;
      if (plateau) plateau.accumulated[0] = 0;
    }
    this.#accumulated = 0;
    this.#poisoned = false;
    return finite;
  }

  /** Writes the scalars that the optimizer's instructions read in the next update. */
  #writeUpdateScalars(): void {
    const { schedule } = this.model;
    this.#scalars[Scalar.StepSize] = this.learningRate;
    if (schedule)
      applySchedule(schedule, this.updates, this.#plateau?.multiplier ?? unreduced, this.#stepSize);
    this.#optimizer.writeStepScalars?.(this.#stepConstants, this.updates + 1, this.#scalars);
  }

  /**
   * Predicts for `x` [rows, inputs]. Returns a view [rows, outputs] that the next call overwrites.
   * @throws RivuletError when `x` does not hold 1 to `batchSize` rows
   */
  predict(x: ArrayLike<number>): Float32Array {
    const rows = x.length / this.inputs;
    if (!Number.isInteger(rows) || rows < 1 || rows > this.batchSize) {
      throw new RivuletError(
        "network.rows",
        `found ${x.length} numbers to predict from, expected 1 to ${this.batchSize} samples of ${this.inputs}; correct the length`,
      );
    }
    this.input.set(x);
    this.infer(rows);
    return this.prediction.subarray(0, rows * this.outputs);
  }

  /**
   * Ends the worker threads of the network, if any: a sleeping thread takes no time, but memory until the process ends.
   * The network can still be used: the calling thread then computes everything, with the same results.
   */
  close(): void {
    this.#shardWorkers?.close();
  }

  /** Returns copies of all parameters, in PyTorch's layout. */
  parameters(): Tensor[] {
    return this.#tensors("", false);
  }

  /** Returns copies of layer states that are not trained: running statistics, carried states. */
  states(): Tensor[] {
    return savedStates(this.plan).map(({ fullName }) => {
      const { shape } = this.#buffer(fullName);
      return { name: fullName, shape, data: this.#view(fullName).slice() };
    });
  }

  /**
   * Returns copies of the gradients of the last step or of those accumulated, in PyTorch's layout, without frozen
   * parameters. @throws RivuletError when updates are made in place, or the scratch is shared: no gradients are kept then
   */
  gradients(): Tensor[] {
    if (!keepsGradients(this.plan)) {
      throw new RivuletError("network.not-planned", `found no gradients to return: ${this.#goneGradients}`);
    }
    return this.#tensors(".gradient", false);
  }

  /** Sets all parameters, or none. @throws RivuletError when one is missing or has another shape */
  setParameters(tensors: readonly Tensor[]): void {
    requireTensors(this.plan, tensors, [""]);
    for (const tensor of tensors) this.#load(tensor);
  }

  /**
   * Returns parameters, optimizer state and counts: training continued from it is bit for bit the same. That of a network
   * whose numbers have overflowed cannot be restored: see `snapshot.hasOverflowed`.
   *
   * With `reuse`, the copies of parameters and optimizer state are in memory that is allocated once and overwritten by
   * the next such call: for callers that need them only until then, so that memory use stays constant.
   */
  state({ reuse = false } = {}): NetworkState {
    return {
      updates: this.updates,
      skipped: this.skipped,
      learningRate: this.learningRate,
      accumulated: this.#accumulated,
      accumulating: this.#accumulating,
      poisoned: this.#poisoned,
      parameters: this.#tensors("", reuse),
      optimizerState: this.plan.training
        ? this.#states.flatMap((state) => this.#tensors(`.${state}`, reuse))
        : [],
      gradients: this.#accumulated > 0 ? this.gradients() : [],
      ...(this.snapshot ? { snapshot: this.#tensors(".snapshot", reuse) } : {}),
      ...(savedStates(this.plan).length > 0 ? { states: this.states() } : {}),
      ...(this.#drawsMasks()
        ? { draws: { seed: this.#scalars[Scalar.Seed], count: this.#scalars[Scalar.Draws] } }
        : {}),
      ...(this.#plateau ? { plateau: this.#plateau.state() } : {}),
    };
  }

  /** Restores a state that `state()` returned. @throws RivuletError, before anything changes, when it does not match */
  restore(given: State): void {
    const state = checkedState(this.plan, this.model, given);
    const training = this.plan.training;
    const kept = this.snapshot ? (state.snapshot ?? []) : [];
    this.#plateau?.restore(state.plateau);
    const learned = training ? [...state.optimizerState, ...state.gradients] : [];
    for (const tensor of [...state.parameters, ...learned]) this.#load(tensor);
    this.snapshot?.keep();
    for (const tensor of kept) this.#load(tensor);
    for (const { name, data } of state.states ?? []) this.#view(name).set(data);
    if (state.draws) {
      this.#scalars[Scalar.Seed] = state.draws.seed;
      this.#scalars[Scalar.Draws] = state.draws.count;
    }
    this.updates = state.updates;
    this.skipped = state.skipped;
    this.learningRate = state.learningRate;
    if (!training) return;
    if (hasOverflowed(state)) this.#clearStates();
    this.#accumulated = state.accumulated;
    this.#accumulating = state.accumulating;
    this.#poisoned = state.poisoned;
  }

  #drawsMasks(): boolean {
    return this.plan.buffers.some(({ role }) => role === "mask");
  }

  #requireRows(rows: number): void {
    if (!(rows >= 1 && rows <= this.batchSize && Number.isInteger(rows))) {
      throw new RivuletError(
        "network.rows",
        `found ${rows} rows, expected 1 to ${this.batchSize}; pass fewer rows or plan a larger batchSize`,
      );
    }
  }

  #requireAccumulation(rows: number, rowsPerUpdate: number): void {
    if (!this.plan.training) {
      throw new RivuletError(
        "network.not-planned",
        "the network was planned without training; plan with training: true",
      );
    }
    if (!keepsGradients(this.plan) && rows !== rowsPerUpdate) {
      throw new RivuletError(
        "network.not-planned",
        `an update of ${rowsPerUpdate} samples in calls of ${rows} needs gradient accumulation, but ${this.#goneGradients}`,
      );
    }
    if (this.#accumulated > 0 && rowsPerUpdate !== this.#accumulating) {
      throw new RivuletError(
        "network.rows",
        `gradient accumulation over ${this.#accumulating} samples is unfinished; finish it before an update of ${rowsPerUpdate}`,
      );
    }
    if (!Number.isInteger(rowsPerUpdate) || this.#accumulated + rows > rowsPerUpdate) {
      throw new RivuletError(
        "network.rows",
        `${this.#accumulated} accumulated samples and ${rows} more exceed an update of ${rowsPerUpdate}; pass fewer rows`,
      );
    }
  }

  /** Why no gradients are kept between calls, and what to do about it. */
  get #goneGradients(): string {
    return this.plan.accumulate
      ? "gradients lie in scratch, which other networks may use; plan with sharesScratch: false"
      : "updates are made in place; plan with accumulate: true";
  }

  #buffer(name: string): PlannedBuffer {
    return this.plan.buffers.find((buffer) => buffer.name === name)!;
  }

  /** Returns the byte offset of a buffer in the memory. */
  #addressOf({ offset }: PlannedBuffer): number {
    const own = this.#ownBytes;
    return offset < own ? this.#base + offset : this.#scratchBase + offset - own;
  }

  #placesPastGradients(): Uint32Array {
    const { buffers, scratch } = this.plan;
    const gradients = scratch ? buffers.filter(({ role, lifetime }) => role === "gradient" && !lifetime) : [];
    return Uint32Array.from(
      gradients.flatMap((gradient) => {
        const numbers = sizeOf(gradient.shape);
        const first = this.#addressOf(gradient) / 4 + numbers;
        return Array.from({ length: gradient.bytes / 4 - numbers }, (_, index) => first + index);
      }),
    );
  }

  /** Sets to 0 what others that use the scratch have left where an update reads past the end of a gradient. */
  #clearPastGradients(): void {
    const memory = this.#memory;
    const places = this.#pastGradients;
    for (let i = 0; i < places.length; i++) memory[places[i]] = 0;
  }

  #viewOf(buffer: PlannedBuffer): Float32Array {
    return new Float32Array(this.#kernels.buffer, this.#addressOf(buffer), sizeOf(buffer.shape));
  }

  #view(name: string): Float32Array {
    return this.#viewOf(this.#buffer(name));
  }

  /** Returns the view of a buffer, or an empty one if the plan does not have it. */
  #optionalView(name: string): Float32Array {
    const buffer = this.plan.buffers.find((candidate) => candidate.name === name);
    return buffer ? this.#viewOf(buffer) : new Float32Array(0);
  }

  /** Returns the parameters with tensors of this suffix; only trained ones have gradients and states. */
  #parametersWith(suffix: string): PlannedParameter[] {
    return this.plan.parameters.filter(({ trained }) => suffix === "" || trained);
  }

  #tensors(suffix: string, reuse: boolean): Tensor[] {
    return this.#parametersWith(suffix).map((parameter) => {
      const name = parameter.fullName + suffix;
      const stored = this.#view(name);
      const data = (reuse ? this.#copies.get(name) : undefined) ?? new Float32Array(stored.length);
      if (reuse) this.#copies.set(name, data);
      copyLayout(stored, data, parameter, "out");
      return { name, shape: parameter.shape, data };
    });
  }

  #load(tensor: Tensor): void {
    const stored = this.#view(tensor.name);
    const parameter = this.plan.parameters.find(
      ({ fullName }) => tensor.name === fullName || tensor.name.startsWith(`${fullName}.`),
    )!;
    copyLayout(tensor.data, stored, parameter, "in");
  }

  #writeConstants(): void {
    for (const { values, ...buffer } of this.plan.buffers) {
      if (values && buffer.role === "constant") this.#viewOf(buffer).set(values);
    }
  }

  #writeProgram(instructions: Instruction[]): void {
    const program = this.#buffer("program");
    const { bytes } = program;
    const offset = this.#addressOf(program);
    const ints = new Int32Array(this.#kernels.buffer, offset, bytes / 4);
    const floats = new Float32Array(this.#kernels.buffer, offset, bytes / 4);
    const addresses = new Map(this.plan.buffers.map((buffer) => [buffer.name, this.#addressOf(buffer)]));
    for (const [index, { operation, operands }] of instructions.entries()) {
      const at = index * instructionSlots;
      ints[at] = operation;
      for (const [slot, operand] of operands.entries()) writeOperand(at + 1 + slot, operand);
    }
    function writeOperand(slot: number, operand: Operand): void {
      if (typeof operand === "number") ints[slot] = operand;
      else if ("float" in operand) floats[slot] = operand.float;
      else ints[slot] = addresses.get(operand.buffer)! + (operand.offset ?? 0);
    }
  }
}

/**
 * Interval of clearing subnormal numbers, in updates. A running average of zeros decays until it is subnormal, and then
 * stays so: nine tenths of the smallest number round to that number. x86 computes with these many times slower.
 */
const updatesPerFading = 256;

/** Multiplier of a schedule without a plateau. */
const unreduced = Float64Array.of(1);
const instructionBytes = instructionSlots * 4;

/** Where a part of the program lies: byte offset of its first instruction, and how many there are. */
interface Instructions {
  start: number;
  count: number;
}

/** Where each part of a program lies that begins at `start`. */
function partsOf({ program }: Plan, start: number): Record<ProgramPart, Instructions> {
  let next = start;
  const parts = Object.entries(program).map(([name, { length: count }]) => {
    const part = { start: next, count };
    next += count * instructionBytes;
    return [name, part];
  });
  return Object.fromEntries(parts);
}

/**
 * Plans a model and allocates its network. @throws RivuletError when the layers do not match or the plan exceeds the
 * budget
 */
export function createNetwork(model: Model, options: NetworkOptions = {}): Network {
  return new Network(model, options);
}
