/** `rivulet fit --find-learning-rate`: a range test, its curve drawn, and the rate it suggests. */
import { dirname, resolve } from "node:path";
import { diskError } from "../../checkpoint/disk-error.ts";
import { writeNamedFileDurablySync } from "../../checkpoint/durable-file.ts";
import type { Learner } from "../../learner/learner.ts";
import type { Dataset } from "../../training/dataset.ts";
import {
  type FindLearningRateOptions,
  findLearningRate,
  highestRate,
  type LearningRateSearch,
  lowestRate,
} from "../../training/find-learning-rate.ts";
import { endingMultiple } from "../../training/range-test.ts";
import { formatCount, formatDuration } from "../../wording/quantities.ts";
import { lineChart } from "../charts/line-chart.ts";
import type { Report } from "../command-line/command.ts";
import { requireWritable } from "../command-line/writable-file.ts";
import { plot } from "../terminal/plot.ts";
import { lossNote, ProgressBar } from "../terminal/progress-bar.ts";
import { facts } from "../terminal/text-table.ts";

/** Searches a learning rate with a progress bar. `svg` names the file that the curve is drawn to, if any. */
export async function searchLearningRate(
  learner: Learner,
  rows: Dataset,
  options: FindLearningRateOptions,
  svg: string | undefined,
): Promise<Report> {
  if (svg !== undefined) requireWritable(svg, `cannot write the drawing ${svg}`);
  const bar = new ProgressBar(process.stderr, "rates");
  let found: LearningRateSearch;
  try {
    found = await findLearningRate(learner, rows, {
      ...options,
      onProgress: ({ rates, totalRates, loss }) => bar.update(rates, totalRates, lossNote(loss)),
    });
  } finally {
    bar.close();
  }
  if (svg !== undefined) writeChart(svg, found);
  const { rates, losses, steepest, diverging, suggested, updates } = found;
  return {
    data: { rates, losses, steepest, diverging, suggested, updates },
    text: rates.length < 3 ? factsOf(found, svg) : `${drawing(found)}\n\n${factsOf(found, svg)}`,
  };
}

const written = (rate: number) => String(Number(rate.toPrecision(2)));

function factsOf(found: LearningRateSearch, svg: string | undefined): string {
  const { rates, updates, rowsPerUpdate, endedEarly, milliseconds } = found;
  const { steepest, diverging, suggested } = found;
  const last = rates.length === 0 ? lowestRate : rates[rates.length - 1];
  const end = endedEarly ? `${written(last)}, where the loss left` : written(last);
  return facts([
    [
      "search",
      `${formatCount(updates, "update")} of ${formatCount(rowsPerUpdate, "row")} in ${formatDuration(milliseconds)}, at rates from ${lowestRate} to ${end}`,
    ],
    ["steepest", steepest === null ? "none: the loss did not fall at any rate" : written(steepest)],
    ["diverging", diverging === null ? `none up to ${highestRate}` : written(diverging)],
    [
      "suggested",
      suggested === null
        ? "none"
        : `${written(suggested)}: ${suggested === steepest ? "where the loss falls fastest" : "a third of the diverging rate, beyond which the loss would fall fastest"}`,
    ],
    svg === undefined ? null : ["drawing", svg],
  ]);
}

/** The curve, cut off where the test gives up: the last loss may be astronomical. */
function curveOf({ rates, losses }: LearningRateSearch): [number, number][] {
  const top = Math.max(losses[0], endingMultiple * Math.min(...losses));
  return rates.map((rate, index) => [rate, Math.min(top, losses[index])]);
}

function marksOf({ steepest, diverging }: LearningRateSearch): { x: number; label: string }[] {
  return [
    ...(steepest === null ? [] : [{ x: steepest, label: `steepest ${written(steepest)}` }]),
    ...(diverging === null ? [] : [{ x: diverging, label: `diverging ${written(diverging)}` }]),
  ];
}

function drawing(found: LearningRateSearch): string {
  const width = Math.max(40, process.stdout.columns || 80) - 1;
  const curve = plot({ points: curveOf(found), marks: marksOf(found), width, height: 12 });
  return `smoothed loss by learning rate\n\n${curve}`;
}

function writeChart(path: string, found: LearningRateSearch): void {
  const chart = lineChart({
    title: "Learning-rate range test",
    xLabel: "learning rate",
    yLabel: "smoothed loss",
    xScale: "log",
    series: [{ name: "loss", points: curveOf(found) }],
    marks: marksOf(found),
  });
  try {
    writeNamedFileDurablySync(resolve(path), [Buffer.from(chart)]);
  } catch (error) {
    throw diskError(error, `cannot write the drawing ${path}`, dirname(path));
  }
}
