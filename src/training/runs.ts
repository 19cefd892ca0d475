/** Single trainings of a comparison: the same network, first weights and rows, but another way of descent. */
import { type Model, type Optimizer, sgd } from "../engine/model/model.ts";
import { createRandom, type Random, shuffle } from "../engine/model/random.ts";
import { createNetwork, type Network } from "../engine/running/network.ts";
import { descendEpoch, type Regime, type Rows, rowOrder, updatesPerEpoch } from "./descent.ts";
import { eventLoopTurn } from "./event-loop.ts";
import type { LossEvaluator } from "./loss-evaluator.ts";

/** What all runs have in common: the network, its first weights, the rows. */
export interface RunTask {
  model: Model;
  rows: Rows;
  /** Seed of the first weights and of the order of the rows. */
  seed: number;
  deterministic: boolean;
  epochs: number;
  /** Rows of one update in mini-batch descent. */
  batchSize: number;
  /** Mean loss over all rows. */
  evaluateLoss: LossEvaluator;
  signal?: AbortSignal;
}

/** What makes one run differ from the others. */
export interface RunSetup {
  name: string;
  regime: Regime;
  /** The optimizer's name. */
  optimizer: string;
  settings: Optimizer;
  /** Whether the weights on the way are kept in `trajectory`. Default false. */
  keepsTrajectory?: boolean;
  /** Whether the curve has points within epochs; else one for each. Default true. */
  hasFineCurve?: boolean;
}

/** A point of a run's learning curve. */
export interface CurvePoint {
  /** Epochs done, the current one as a fraction. */
  epochs: number;
  updates: number;
  /** Processor time spent training until here, without evaluating the loss: pauses of the machine are not in it. */
  milliseconds: number;
  /** Mean over all rows. */
  loss: number;
}

/** What one run came to. */
export interface DescentRun {
  name: string;
  regime: Regime;
  optimizer: string;
  learningRate: number;
  updates: number;
  updatesPerEpoch: number;
  /** Processor time. */
  milliseconds: number;
  /** Mean over all rows, before training and after each epoch; where the run diverged, up to there. */
  losses: number[];
  /** Whether the loss or the weights stopped being finite: the run was ended there. */
  diverged: boolean;
  curve: CurvePoint[];
  /** All weights, one array [weights] for each point of the curve, where the setup keeps them; else empty. */
  trajectory: Float32Array[];
}

/** Points on the curve of a run with many updates, closer to each other at its start: as many for each run. */
const curvePoints = 100;

/** Trains one network from the task's first weights. `onEpoch` is called with the number of epochs done. */
export async function train(
  task: RunTask,
  setup: RunSetup,
  onEpoch: (epochs: number) => void = () => {},
): Promise<DescentRun> {
  const run = new RunInProgress(task, setup);
  for (let epoch = 0; epoch < task.epochs && !run.diverged; epoch++) {
    task.signal?.throwIfAborted();
    run.trainEpoch(epoch);
    onEpoch(epoch + 1);
    await eventLoopTurn();
  }
  return run.result();
}

class RunInProgress {
  diverged = false;
  readonly #task: RunTask;
  readonly #setup: RunSetup;
  readonly #network: Network;
  /** Rows of one update. */
  readonly #groupSize: number;
  readonly #perEpoch: number;
  readonly #order: Uint32Array;
  readonly #random: Random;
  /** Numbers of the updates after which there is a point of the curve. */
  readonly #stops: number[];
  readonly #losses: number[] = [];
  readonly #curve: CurvePoint[] = [];
  readonly #trajectory: Float32Array[] = [];
  #milliseconds = 0;

  constructor(task: RunTask, setup: RunSetup) {
    const { model, rows, seed, deterministic, epochs, batchSize } = task;
    const { regime, settings, hasFineCurve = true } = setup;
    this.#task = task;
    this.#setup = setup;
    this.#network = createNetwork(
      { ...model, optimizer: settings },
      { batchSize: Math.min(rows.count, 64), seed, deterministic },
    );
    this.#groupSize = regime === "batch" ? rows.count : regime === "stochastic" ? 1 : batchSize;
    this.#perEpoch = updatesPerEpoch(regime, rows.count, batchSize);
    this.#order = rowOrder(rows.count);
    this.#random = createRandom(seed);
    this.#stops = hasFineCurve ? curveStops(epochs * this.#perEpoch) : [];
    this.#addPoint(0, true);
  }

  /** Trains over all rows once, stopping where a point of the curve is due. */
  trainEpoch(epoch: number): void {
    const perEpoch = this.#perEpoch;
    const size = this.#groupSize;
    shuffle(this.#order, this.#random);
    for (let done = 0; done < perEpoch && !this.diverged; ) {
      const next = this.#stops.find((stop) => stop > epoch * perEpoch + done) ?? Number.POSITIVE_INFINITY;
      const until = Math.min(perEpoch, next - epoch * perEpoch);
      const order = this.#order.subarray(done * size, until * size);
      const before = process.cpuUsage();
      descendEpoch(this.#network, this.#task.rows, size, order, null);
      const { user, system } = process.cpuUsage(before);
      this.#milliseconds += (user + system) / 1000;
      done = until;
      this.#addPoint(epoch + done / perEpoch, done === perEpoch);
    }
  }

  #addPoint(epochs: number, endsEpoch: boolean): void {
    const network = this.#network;
    const loss = network.skipped > 0 ? Number.NaN : this.#task.evaluateLoss(network.parameters());
    if (!Number.isFinite(loss)) {
      this.diverged = true;
      return;
    }
    if (endsEpoch) this.#losses.push(loss);
    this.#curve.push({ epochs, updates: network.updates, milliseconds: this.#milliseconds, loss });
    if (this.#setup.keepsTrajectory) this.#trajectory.push(allWeights(network));
  }

  result(): DescentRun {
    const { name, regime, optimizer, settings } = this.#setup;
    return {
      name,
      regime,
      optimizer,
      learningRate: settings.learningRate,
      updates: this.#network.updates,
      updatesPerEpoch: this.#perEpoch,
      milliseconds: this.#milliseconds,
      losses: this.#losses,
      diverged: this.diverged,
      curve: this.#curve,
      trajectory: this.#trajectory,
    };
  }
}

/** The numbers of the updates after which there is a point of the curve, of `updates` in all. */
function curveStops(updates: number): number[] {
  const stops = Array.from({ length: curvePoints }, (_, index) =>
    Math.max(index + 1, Math.round(updates * ((index + 1) / curvePoints) ** 2)),
  );
  return [...new Set(stops)].filter((stop) => stop <= updates);
}

/** All parameters one after the other [weights]. */
function allWeights(network: Network): Float32Array {
  const tensors = network.parameters();
  const all = new Float32Array(tensors.reduce((sum, { data }) => sum + data.length, 0));
  let at = 0;
  for (const { data } of tensors) {
    all.set(data, at);
    at += data.length;
  }
  return all;
}

const candidates = [1, 0.3, 0.1, 0.03, 0.01];

/** Of a few usual rates of plain descent, the one with the lowest loss after two epochs. */
export async function bestCandidateRate(task: RunTask): Promise<number> {
  let best = candidates[candidates.length - 1];
  let least = Number.POSITIVE_INFINITY;
  for (const learningRate of candidates) {
    let worst = 0;
    // All regimes share the rate, and single rows tolerate less than groups do: the worse of the two counts.
    for (const regime of ["mini-batch", "stochastic"] as const) {
      const setup = { ...plain(regime, regime, learningRate), hasFineCurve: false };
      const run = await train({ ...task, epochs: 2 }, setup);
      worst = Math.max(worst, run.diverged ? Number.POSITIVE_INFINITY : run.losses[2]);
    }
    if (worst < least) [least, best] = [worst, learningRate];
  }
  return best;
}

/** A run whose rate is so far above that of a `right` one that its loss oscillates, rises or overflows. */
export async function trainTooLarge(task: RunTask, name: string, right: DescentRun): Promise<DescentRun> {
  const { learningRate } = right;
  const trainAt = (rate: number) => train(task, plain(name, "mini-batch", rate));
  let rate = learningRate;
  let run: DescentRun;
  do {
    rate *= 3;
    run = await trainAt(rate);
  } while (!isUnstable(run, right) && rate < learningRate * 3 ** 10);
  // A run that diverges at once has no curve to look at; at a somewhat lower rate it may oscillate.
  for (let tries = 0; tries < 4 && run.losses.length < 4 && task.epochs >= 4; tries++) {
    rate /= 3 ** 0.2;
    const lower = await trainAt(rate);
    if (!isUnstable(lower, right)) break;
    run = lower;
  }
  return run;
}

/** Whether the loss diverged, ended above its start, or rose in a quarter of the epochs and ended clearly worse. */
function isUnstable({ losses, diverged }: DescentRun, right: DescentRun): boolean {
  if (diverged) return true;
  const final = losses[losses.length - 1];
  const rises = losses.filter((loss, index) => index > 0 && loss > losses[index - 1] * 1.05).length;
  const oscillates = rises >= Math.max(2, losses.length / 4);
  return final > losses[0] || (oscillates && final > 2 * right.losses[right.losses.length - 1]);
}

/** The setup of plain gradient descent in a regime. */
export const plain = (name: string, regime: Regime, learningRate: number): RunSetup => ({
  name,
  regime,
  optimizer: "sgd",
  settings: sgd({ learningRate: Number(learningRate.toPrecision(3)) }),
});
