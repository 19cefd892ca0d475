import { type Model, type Optimizer, sgd } from "../engine/model/model.ts";
import { createRandom, shuffle } from "../engine/model/random.ts";
import { createNetwork, type Network } from "../engine/running/network.ts";
import { descendEpoch, type Regime, type Rows, rowOrder, updatesPerEpoch } from "./descent.ts";
import type { Judge } from "./judge.ts";

/** What every run has in common: the network, its first weights, the rows. */
export interface Task {
  model: Model;
  rows: Rows;
  /** Of the first weights and of the order of the rows. */
  seed: number;
  deterministic: boolean;
  epochs: number;
  /** Rows of one update in mini-batch descent. */
  batchSize: number;
  judge: Judge;
}

/** What makes one run differ from the others. */
export interface Setup {
  name: string;
  regime: Regime;
  /** The optimizer's name. */
  optimizer: string;
  settings: Optimizer;
  /** Whether the weights are kept along the way. */
  keepsPath?: boolean;
}

/** Where a run stood after some updates. */
export interface Station {
  /** Epochs done, the one under way as a fraction. */
  epochs: number;
  updates: number;
  /** Spent training until here. */
  milliseconds: number;
  /** Mean over all rows. */
  loss: number;
}

/** A run that is over. */
export interface Run {
  name: string;
  regime: Regime;
  optimizer: string;
  learningRate: number;
  updates: number;
  updatesPerEpoch: number;
  milliseconds: number;
  /** Mean over all rows, before training and after each epoch; ends where the run diverged. */
  losses: number[];
  /** Loss or weights were no longer finite: the run was cut there. */
  diverged: boolean;
  course: Station[];
  /** All weights in one row, along the way; the first are those before training. */
  path: Float32Array[];
}

/** Stations of a run over many updates, closer to each other at its start. */
const pathStations = 100;

/** Trains one network from the task's first weights on. `onEpoch` hears the number of epochs done. */
export async function train(
  task: Task,
  setup: Setup,
  onEpoch: (epochs: number) => void = () => {},
): Promise<Run> {
  const { rows, seed, deterministic, epochs, batchSize, judge } = task;
  const { regime, settings, keepsPath = false } = setup;
  const network = createNetwork(
    { ...task.model, optimizer: settings },
    { batchSize: Math.min(rows.count, 64), seed, deterministic },
  );
  const groupSize = regime === "batch" ? rows.count : regime === "stochastic" ? 1 : batchSize;
  const perEpoch = updatesPerEpoch(regime, rows.count, batchSize);
  const order = rowOrder(rows.count);
  const random = createRandom(seed);
  const stops = keepsPath ? pathStops(epochs * perEpoch) : [];
  const losses: number[] = [];
  const course: Station[] = [];
  const path: Float32Array[] = [];
  let milliseconds = 0;
  /** Gives false where the run has diverged. */
  const take = (epochsDone: number, atEnd: boolean): boolean => {
    const loss = network.skipped > 0 ? Number.NaN : judge(network.parameters());
    if (!Number.isFinite(loss)) return false;
    if (atEnd) losses.push(loss);
    course.push({ epochs: epochsDone, updates: network.updates, milliseconds, loss });
    if (keepsPath) path.push(flatten(network));
    return true;
  };

  let diverged = !take(0, true);
  for (let epoch = 0; epoch < epochs && !diverged; epoch++) {
    shuffle(order, random);
    for (let done = 0; done < perEpoch && !diverged; ) {
      const next = stops.find((stop) => stop > epoch * perEpoch + done) ?? Number.POSITIVE_INFINITY;
      const until = Math.min(perEpoch, next - epoch * perEpoch);
      const started = performance.now();
      descendEpoch(network, rows, groupSize, order.subarray(done * groupSize, until * groupSize), null);
      milliseconds += performance.now() - started;
      done = until;
      diverged = !take(epoch + done / perEpoch, done === perEpoch);
    }
    onEpoch(epoch + 1);
    // Lets Ctrl-C and the terminal have their turn.
    await new Promise(setImmediate);
  }
  return {
    name: setup.name,
    regime,
    optimizer: setup.optimizer,
    learningRate: settings.learningRate,
    updates: network.updates,
    updatesPerEpoch: perEpoch,
    milliseconds,
    losses,
    diverged,
    course,
    path,
  };
}

/** After which updates the weights are kept. */
function pathStops(updates: number): number[] {
  const stops = Array.from({ length: pathStations }, (_, index) =>
    Math.max(index + 1, Math.round(updates * ((index + 1) / pathStations) ** 2)),
  );
  return [...new Set(stops)].filter((stop) => stop <= updates);
}

function flatten(network: Network): Float32Array {
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

/** The rate of plain descent that serves this task best after two epochs, among a few usual ones. */
export async function bestCandidateRate(task: Task): Promise<number> {
  let best = candidates[candidates.length - 1];
  let least = Number.POSITIVE_INFINITY;
  for (const learningRate of candidates) {
    let worst = 0;
    // All regimes are to share the rate, and single rows bear less than groups do: the worse of the two counts.
    for (const regime of ["mini-batch", "stochastic"] as const) {
      const run = await train({ ...task, epochs: 2 }, plain(regime, regime, learningRate));
      worst = Math.max(worst, run.diverged ? Number.POSITIVE_INFINITY : run.losses[2]);
    }
    if (worst < least) [least, best] = [worst, learningRate];
  }
  return best;
}

/** A run at a rate so far above that of a `right` one that its loss swings, rises or is lost. */
export async function trainTooLarge(task: Task, name: string, right: Run): Promise<Run> {
  const { learningRate } = right;
  const at = (rate: number) => train(task, plain(name, "mini-batch", rate));
  let rate = learningRate;
  let run: Run;
  do {
    rate *= 3;
    run = await at(rate);
  } while (!isUnstable(run, right) && rate < learningRate * 3 ** 10);
  // A run that is lost at once has no course to look at; somewhat below that it may swing.
  for (let tries = 0; tries < 4 && run.losses.length < 4 && task.epochs >= 4; tries++) {
    rate /= 3 ** 0.2;
    const gentler = await at(rate);
    if (!isUnstable(gentler, right)) break;
    run = gentler;
  }
  return run;
}

/** Whether the loss ended above its start or nowhere, or rose in a quarter of the epochs and ended clearly worse. */
function isUnstable({ losses, diverged }: Run, right: Run): boolean {
  if (diverged) return true;
  const final = losses[losses.length - 1];
  const rises = losses.filter((loss, index) => index > 0 && loss > losses[index - 1] * 1.05).length;
  const swings = rises >= Math.max(2, losses.length / 4);
  return final > losses[0] || (swings && final > 2 * right.losses[right.losses.length - 1]);
}

/** Plain gradient descent in a regime. */
export const plain = (name: string, regime: Regime, learningRate: number): Setup => ({
  name,
  regime,
  optimizer: "sgd",
  settings: sgd({ learningRate: Number(learningRate.toPrecision(3)) }),
});
