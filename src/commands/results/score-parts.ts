/** Scores as parts of a page. */
import { lossName } from "../../daemon/quality.ts";
import type { CalibrationBin } from "../../learner/calibration-error.ts";
import type { ClassificationReport } from "../../learner/classification-metrics.ts";
import type { EnsembleReport } from "../../learner/ensemble-report.ts";
import type { RegressionReport } from "../../learner/regression-metrics.ts";
import { className } from "../../learner/target.ts";
import { formatShare } from "../../wording/quantities.ts";
import { type LineChart, lineChart } from "../charts/line-chart.ts";
import type { Figure, Table, Tile } from "../charts/page.ts";

export type AnyReport = ClassificationReport | RegressionReport | EnsembleReport;

/** A confusion matrix of more classes than that is nothing to look at. */
const mostClassesShown = 40;

/** The share of right ones among fewer answers says nothing. */
const fewestDrawn = 10;

const short = (value: number) => String(Number(value.toPrecision(3)));

/** The scores that a reader looks for first, each beside what it is compared with. */
export function scoreTiles(report: AnyReport): Tile[] {
  const tiles: Tile[] =
    "accuracy" in report
      ? [
          {
            name: "accuracy",
            value: formatShare(report.accuracy),
            note: `${formatShare(report.baselineAccuracy)} by naming the most frequent class`,
          },
          { name: "macro F1", value: short(report.macroF1), note: "mean F1 of the classes" },
          { name: "log loss", value: short(report.logLoss), note: "0 is the best" },
        ]
      : [
          {
            name: "mean absolute error",
            value: short(report.mae),
            note: `${short(report.baselineMae)} by answering the mean so far`,
          },
          { name: "root mean squared error", value: short(report.rmse), note: "large errors count more" },
          { name: "R2", value: short(report.r2), note: "1 is the best, 0 is as good as the mean" },
        ];
  if (!("skill" in report)) return tiles;
  const best = report.baselines.reduce((least, one) => (one.loss < least.loss ? one : least));
  tiles.splice(1, 0, {
    name: "skill",
    value: short(report.skill),
    note: `part of the ${lossName(report)} saved beside the best simple rule, ${best.name}`,
  });
  if ("calibrationError" in report) {
    const note = "how far probabilities are from how often they are right";
    tiles.push({ name: "calibration error", value: short(report.calibrationError), note });
  } else {
    const { coverage, asked } = report.interval;
    tiles.push({
      name: "coverage",
      value: formatShare(coverage),
      note: `of the targets were in the interval, asked ${formatShare(asked)}`,
    });
  }
  return tiles;
}

/** Confusion matrix, and precision, recall and F1 of each class; none for a number, or for too many classes. */
export function classTables(report: AnyReport, names?: readonly string[]): Table[] {
  if (!("accuracy" in report)) return [];
  const { confusion, perClass, macro } = report;
  const nameOf = (label: number) => className(names, label);
  const scores: Table = {
    title: "Scores of each class",
    sentence:
      "Precision: how many of the answers that name the class are right. Recall: how many samples of the class are found. F1: their harmonic mean.",
    columns: ["class", "samples", "precision", "recall", "F1"],
    rows: [
      ...perClass.map(({ support, precision, recall, f1 }, label) => [
        nameOf(label),
        String(support),
        precision.toFixed(3),
        recall.toFixed(3),
        { text: f1.toFixed(3), bar: f1 },
      ]),
      [
        "mean",
        String(report.samples),
        macro.precision.toFixed(3),
        macro.recall.toFixed(3),
        { text: macro.f1.toFixed(3), bar: macro.f1 },
      ],
    ],
  };
  if (confusion.length > mostClassesShown) return [scores];
  const matrix: Table = {
    title: "Confusion matrix",
    sentence:
      "A row for each true class, a column for each answer; the stronger its colour, the more of the row's samples a cell has.",
    columns: ["true class", ...confusion.map((_, label) => nameOf(label))],
    rows: confusion.map((counts, label) => {
      const all = counts.reduce((sum, count) => sum + count, 0);
      return [nameOf(label), ...counts.map((count) => ({ text: String(count), tint: count / all }))];
    }),
  };
  return [matrix, scores];
}

/** A chart of lines with what one sees in it. */
export const figureOf = (sentence: string, chart: LineChart): Figure => ({
  title: chart.title,
  sentence,
  draw: (size) => lineChart({ ...chart, ...size }),
});

/** How sure answers were beside how often they were right. */
export function calibrationFigure(bins: readonly CalibrationBin[]): Figure {
  const drawn = bins.filter((bin) => bin.answers >= fewestDrawn);
  const answers = bins.reduce((sum, bin) => sum + bin.answers, 0);
  const sure = bins[bins.length - 1];
  return figureOf(
    `Answers grouped by how sure they were. Those that are as often right as they say lie on the dashed line; below it they are too sure. ${formatShare(sure.answers / answers)} of the answers are in the last group, and ${formatShare(sure.right)} of these are right.`,
    {
      title: "Calibration",
      xLabel: "probability of the named class",
      yLabel: "share of right answers",
      series: [
        { name: "answers", points: drawn.map(({ probability, right }) => [probability, right]) },
        {
          name: "as sure as right",
          points: [
            [0, 0],
            [1, 1],
          ],
          dashed: true,
          colour: "#444444",
        },
      ],
    },
  );
}

/** What `Ensemble.importance` says. */
export const comparedText =
  "How much each field counts where rows are compared with each other, 1 on average: learned from how the answer of the network changes with it.";

/** How much each field matters, the most important first. */
export function importanceTable(sentence: string, fields: readonly { name: string; value: number }[]): Table {
  const sorted = [...fields].sort((a, b) => b.value - a.value);
  const most = Math.max(...fields.map(({ value }) => value));
  return {
    title: "What matters",
    sentence,
    columns: ["field", "importance"],
    rows: sorted.map(({ name, value }) => [name, { text: short(value), bar: value / most }]),
  };
}
