/**
 * The ensemble on streams of our own making beside plain networks whose rate was picked in hindsight: other sizes, classes
 * and scales than the open streams have, with gaps, drift and rare classes.
 */
import type { WrittenPart } from "../../src/engine/model/description.ts";
import { createRandom } from "../../src/engine/model/random.ts";
import { createLearner } from "../../src/learner/create-learner.ts";
import { createEnsemble } from "../../src/learner/ensemble.ts";
import { type Stream, taskOf } from "./streams.ts";

const rates = [0.0003, 0.001, 0.003, 0.01, 0.03];
/** Plain networks: linear, and one hidden layer. */
const shapes: Record<string, WrittenPart[]> = { linear: [], "32 tanh": [{ dense: 32 }, "tanh"] };

interface Noise {
  uniform: () => number;
  normal: () => number;
  below: (bound: number) => number;
}
/** Fills the features of row number `row`, and returns its target. */
type MakeRow = (noise: Noise, features: Float64Array, row: number) => number;

function makeStream(
  name: string,
  size: { classes: number; features: number; rows: number },
  prepare: (noise: Noise) => MakeRow,
): Stream {
  const { features, rows } = size;
  const { uniform, below } = createRandom(17);
  // Box and Muller.
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const noise = { uniform, below, normal };
  const makeRow = prepare(noise);
  const values = new Float64Array(rows * (features + 1));
  for (let row = 0; row < rows; row++) {
    const at = row * (features + 1);
    values[at + features] = makeRow(noise, values.subarray(at, at + features), row);
  }
  return { name, ...size, values };
}

const fill = (features: Float64Array, next: () => number) => {
  for (let i = 0; i < features.length; i++) features[i] = next();
};

/** Two clusters for each of twenty classes. */
const manyClasses = ({ normal }: Noise): MakeRow => {
  const centers = Array.from({ length: 40 }, () => Array.from({ length: 16 }, normal));
  return ({ below, normal: next }, features) => {
    const cluster = below(40);
    for (let i = 0; i < 16; i++) features[i] = 1.5 * centers[cluster][i] + next();
    return cluster >> 1;
  };
};

/** A product and a wave of columns from millionths to billions; the target lies far from 0. */
const scales = (): MakeRow => (noise, features) => {
  fill(features, noise.normal);
  const [a, b, c] = features;
  for (let i = 0; i < 6; i++) features[i] *= 10 ** (3 * i - 6);
  return 1e5 + 300 * (a * b + Math.sin(2 * c)) + 60 * noise.normal();
};

/** Labels change their meaning half way. */
const drift = (): MakeRow => (noise, features, row) => {
  fill(features, noise.normal);
  const angle = Math.atan2(features[0] + features[1], features[2]) + 0.3 * noise.normal();
  const label = Math.floor(((angle / Math.PI + 2) * 1.5) % 3);
  return row < 3000 ? label : (label + 1) % 3;
};

/** A rare class behind an interaction of two of ten columns. */
const rare = (): MakeRow => (noise, features) => {
  fill(features, noise.normal);
  const isInside = features[3] * features[7] > 1.5;
  return noise.uniform() < (isInside ? 0.5 : 0.005) ? 1 : 0;
};

/** A level with a daily wave that strays, by a valve that opens now and then; a third of the labels is missing. */
const gaps = (): MakeRow => {
  let level = 20;
  let valve = 0;
  return ({ normal, uniform }, features, row) => {
    if (uniform() < 0.01) valve = 1 - valve;
    level += 0.1 * (20 + 6 * valve - level) + 0.15 * normal();
    const wave = 3 * Math.sin((2 * Math.PI * row) / 240);
    features.set([valve, Math.sin((2 * Math.PI * row) / 240), Math.cos((2 * Math.PI * row) / 240), normal()]);
    return uniform() < 1 / 3 ? Number.NaN : level + wave + 0.3 * normal();
  };
};

/** Few rows of many columns, of which three matter. */
const short = (): MakeRow => (noise, features) => {
  fill(features, noise.normal);
  return 2 * features[0] - features[1] + Math.abs(features[2]) + 0.5 * noise.normal();
};

const madeStreams = () => [
  makeStream("20 classes in 40 clusters", { classes: 20, features: 16, rows: 6000 }, manyClasses),
  makeStream("scales of 1e-6 to 1e9", { classes: 0, features: 6, rows: 5000 }, scales),
  makeStream("labels change half way", { classes: 3, features: 3, rows: 6000 }, drift),
  makeStream("a rare class, interaction", { classes: 2, features: 10, rows: 8000 }, rare),
  makeStream("a level, labels missing", { classes: 0, features: 4, rows: 6000 }, gaps),
  makeStream("400 rows of 40 columns", { classes: 0, features: 40, rows: 400 }, short),
];

interface Observer {
  readonly prediction: Float64Array;
  observe(values: Float64Array, offset: number): boolean;
}

/** Mean log loss, or mean absolute error, over the labelled rows but the first ones; infinite where an answer was no number. */
export function lossOf(learner: Observer, { classes, features, rows, values }: Stream): number {
  let sum = 0;
  let count = 0;
  for (let row = 0; row < rows; row++) {
    const at = row * (features + 1);
    learner.observe(values, at);
    const truth = values[at + features];
    if (Number.isNaN(truth) || row < 20) continue;
    const { prediction } = learner;
    sum += classes > 0 ? -Math.log(Math.max(prediction[truth], 1e-9)) : Math.abs(prediction[0] - truth);
    count++;
  }
  return Number.isNaN(sum) ? Number.POSITIVE_INFINITY : sum / count;
}

/** Prints the table, and returns how many streams a plain network picked in hindsight was better on. */
export function judgeMade(): number {
  console.log("stream                     ensemble  best in hindsight             ratio");
  let missed = 0;
  for (const stream of madeStreams()) {
    const own = lossOf(createEnsemble({ ...taskOf(stream), seed: 1 }), stream);
    const plain = Object.entries(shapes).flatMap(([shape, layers]) =>
      rates.map((learningRate) => {
        const model = { layers, optimizer: { adam: { learningRate } } };
        const learner = createLearner({ ...taskOf(stream), model, training: { seed: 1 } });
        return { name: `${shape}, ${learningRate}`, loss: lossOf(learner, stream) };
      }),
    );
    const best = plain.reduce((least, one) => (one.loss < least.loss ? one : least));
    if (own >= best.loss) missed++;
    const cells = [
      stream.name.padEnd(26),
      own.toPrecision(4).padEnd(9),
      `${best.loss.toPrecision(4)} (${best.name})`.padEnd(29),
      (own / best.loss).toFixed(3),
    ];
    console.log(cells.join(" "));
  }
  return missed;
}
