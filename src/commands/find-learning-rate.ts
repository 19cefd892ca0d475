import { dirname, resolve } from "node:path";
import { diskError } from "../checkpoint/disk-error.ts";
import { writeFileDurablySync } from "../checkpoint/durable-file.ts";
import { createRandom, shuffle } from "../engine/model/random.ts";
import type { Learner } from "../learner/learner.ts";
import { descendEpoch, type Regime, rowOrder } from "../training/descent.ts";
import { hopeless, type RangeTestPoints, readRangeTest } from "../training/range-test.ts";
import { holdTrainingRows, type Split } from "../training/training-rows.ts";
import { formatCount, formatDuration } from "../wording/quantities.ts";
import { lineChart } from "./charts/line-chart.ts";
import type { Report } from "./command-line/command.ts";
import { requireWritable } from "./command-line/writable-file.ts";
import { plot } from "./terminal/plot.ts";
import { ProgressBar } from "./terminal/progress-bar.ts";
import { facts } from "./terminal/text-table.ts";

/** Rates from the lowest to the highest, each as many times the one before: fifty to a power of ten. */
const lowestRate = 1e-7;
const highestRate = 10;
const points = 400;
/** Rows of a point at least: updates of fewer are made several at one rate, else their noise would hide the course. */
const leastRows = 16;
/** Decay of the running mean of the losses. It lags by some ten points, a fifth of a power of ten. */
const smoothing = 0.9;

/** The curve of a range test. */
interface RangeTest {
  rates: number[];
  /** Smoothed, one a rate. */
  losses: number[];
  updates: number;
  endedEarly: boolean;
}

/**
 * The learning-rate range test (Smith, 2017) over the training rows of a file: trains while the rate rises, and says
 * from the course of the loss which rate to take. The learner's weights are of no use afterwards. `svg` names the
 * file that the curve is drawn to, if any.
 */
export async function findLearningRate(
  learner: Learner,
  split: Split,
  regime: Regime,
  batchSize: number,
  svg: string | undefined,
): Promise<Report> {
  if (svg !== undefined) requireWritable(svg, `cannot write the drawing ${svg}`);
  const started = performance.now();
  const rowsPerUpdate = regime === "batch" ? split.trainingRows : batchSize;
  const test = await raiseRate(learner, split, rowsPerUpdate);
  const found = readRangeTest(test.rates, test.losses, test.endedEarly);
  const { rates, losses, updates } = test;
  const seconds = (performance.now() - started) / 1000;
  if (svg !== undefined) writeChart(svg, test, found);
  return {
    data: { rates, losses, ...found, updates },
    text: describe(test, found, rowsPerUpdate, seconds, svg),
  };
}

/** Updates of `rowsPerUpdate` shuffled rows, gone over as often as needed, at ever higher rates. */
async function raiseRate(learner: Learner, split: Split, rowsPerUpdate: number): Promise<RangeTest> {
  const { network } = learner;
  const rows = await holdTrainingRows(
    learner,
    split,
    "hold more of them out, or look for the rate on a part of the file",
  );
  const updatesPerPoint = Math.ceil(leastRows / rowsPerUpdate);
  const order = rowOrder(rows.count);
  const group = new Uint32Array(rowsPerUpdate);
  const random = createRandom(split.seed);
  let at = order.length;
  const nextRow = () => {
    if (at === order.length) {
      shuffle(order, random);
      at = 0;
    }
    return order[at++];
  };

  const rates: number[] = [];
  const losses: number[] = [];
  const progress = new ProgressBar(process.stderr, points, "rates");
  const factor = (highestRate / lowestRate) ** (1 / (points - 1));
  let mean = 0;
  let weight = 0;
  let best = Number.POSITIVE_INFINITY;
  let endedEarly = false;
  try {
    for (let point = 0; point < points && !endedEarly; point++) {
      network.learningRate = lowestRate * factor ** point;
      let loss = 0;
      for (let update = 0; update < updatesPerPoint; update++) {
        for (let row = 0; row < rowsPerUpdate; row++) group[row] = nextRow();
        loss += descendEpoch(network, rows, rowsPerUpdate, group, null) / updatesPerPoint;
      }
      if (!Number.isFinite(loss) || network.skipped > 0) {
        endedEarly = true;
        break;
      }
      // Divided by its weight: the mean starts from nothing, and would be too low at first (Kingma and Ba, 2015).
      mean = smoothing * mean + (1 - smoothing) * loss;
      weight = smoothing * weight + (1 - smoothing);
      const smoothed = mean / weight;
      rates.push(network.learningRate);
      losses.push(smoothed);
      best = Math.min(best, smoothed);
      endedEarly = smoothed > hopeless * best;
      progress.update(point + 1, `loss ${smoothed.toPrecision(4)}`);
      // Lets Ctrl-C and the terminal have their turn.
      await new Promise(setImmediate);
    }
  } finally {
    progress.close();
  }
  return { rates, losses, updates: network.updates, endedEarly };
}

const written = (rate: number) => String(Number(rate.toPrecision(2)));

function describe(
  test: RangeTest,
  found: RangeTestPoints,
  rowsPerUpdate: number,
  seconds: number,
  svg: string | undefined,
): string {
  const { rates, updates, endedEarly } = test;
  const { steepest, diverging, suggested } = found;
  const last = rates.length === 0 ? lowestRate : rates[rates.length - 1];
  const end = endedEarly ? `${written(last)}, where the loss left` : written(last);
  const lines = facts([
    [
      "search",
      `${formatCount(updates, "update")} of ${formatCount(rowsPerUpdate, "row")} in ${formatDuration(1000 * seconds)}, at rates from ${lowestRate} to ${end}`,
    ],
    ["steepest", steepest === null ? "none: the loss did not fall at any rate" : written(steepest)],
    ["diverging", diverging === null ? `none up to ${highestRate}` : written(diverging)],
    [
      "suggested",
      suggested === null
        ? "none"
        : `${written(suggested)}: ${suggested === steepest ? "where the loss falls fastest" : "a third of the diverging rate, beyond which the loss would fall fastest"}`,
    ],
    ...(svg === undefined ? [] : [["drawing", svg] as [string, string]]),
  ]);
  return rates.length < 3 ? lines : `${drawing(test, found)}\n\n${lines}`;
}

/** The curve, cut off at what the test takes for hopeless: the last loss may be astronomical. */
function curveOf({ rates, losses }: RangeTest): [number, number][] {
  const top = Math.max(losses[0], hopeless * Math.min(...losses));
  return rates.map((rate, index) => [rate, Math.min(top, losses[index])]);
}

function marksOf({ steepest, diverging }: RangeTestPoints): { x: number; label: string }[] {
  return [
    ...(steepest === null ? [] : [{ x: steepest, label: `steepest ${written(steepest)}` }]),
    ...(diverging === null ? [] : [{ x: diverging, label: `diverging ${written(diverging)}` }]),
  ];
}

function drawing(test: RangeTest, found: RangeTestPoints): string {
  const width = Math.max(40, process.stdout.columns || 80) - 1;
  return `smoothed loss by learning rate\n\n${plot({ points: curveOf(test), marks: marksOf(found), width, height: 12 })}`;
}

function writeChart(path: string, test: RangeTest, found: RangeTestPoints): void {
  const chart = lineChart({
    title: "Learning-rate range test",
    xLabel: "learning rate",
    yLabel: "smoothed loss",
    xScale: "log",
    series: [{ name: "loss", points: curveOf(test) }],
    marks: marksOf(found),
  });
  try {
    writeFileDurablySync(resolve(path), [Buffer.from(chart)]);
  } catch (error) {
    throw diskError(error, `cannot write the drawing ${path}`, dirname(path));
  }
}
