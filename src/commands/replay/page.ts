/** The page that a replay writes: how the scores went along the stream, and what they came to. */
import { lossName } from "../../daemon/quality.ts";
import { Ensemble } from "../../learner/ensemble.ts";
import type { PrequentialLearner } from "../../learner/prequential-learner.ts";
import { classNamesOf } from "../../learner/target.ts";
import { formatCount } from "../../wording/quantities.ts";
import { type Figure, htmlOf, type Table } from "../charts/page.ts";
import {
  calibrationFigure,
  classTables,
  comparedText,
  figureOf,
  importanceTable,
  scoreTiles,
} from "../results/score-parts.ts";
import type { ScoreCourse } from "./score-course.ts";

/** What a page of a replay shows. */
export interface ReplayPage {
  /** What was replayed. */
  data: string;
  rows: number;
  learner: PrequentialLearner;
  course: ScoreCourse;
  /** Names and texts of what the page ends with. */
  facts: readonly (readonly [name: string, text: string])[];
}

/** Returns the HTML page of a replay: the course of the scores, drifts and facts. */
export function replayPage({ data, rows, learner, course, facts }: ReplayPage): string {
  const report = learner.report();
  const { column } = learner.describe().target;
  const names = classNamesOf(learner);
  const { drifts } = course;
  return htmlOf({
    title: `${column}, predicted from ${data}`,
    introduction: `${formatCount(rows, "row")}, each predicted before it was learned from, so that every score is one of answers to rows not seen before.`,
    tiles: [
      ...scoreTiles(report),
      {
        name: "drifts",
        value: String(drifts.length),
        note: drifts.length === 0 ? "predictions never became worse" : "times that predictions became worse",
      },
    ],
    parts: [
      ...courseFigures(course, lossName(report), learner.classes > 0),
      ...classTables(report, names),
      ...trustFigures(course, report),
      ...expertParts(course, report),
      ...importanceTables(learner),
    ],
    facts,
  });
}

function courseFigures(course: ScoreCourse, loss: string, ofClasses: boolean): Figure[] {
  const { window, drifts } = course;
  const marks = drifts.map((x) => ({ x, label: "drift" }));
  const driftText =
    drifts.length === 0
      ? ""
      : " A dashed line marks where predictions had become worse: what is measured may have changed.";
  const each = `Each point is the mean of the ${window} rows before it.`;
  const common = { xLabel: "row", marks };
  const scores = course.scores.map(toSeries);
  const losses = course.losses.map(toSeries);
  const lossFigure = figureOf(
    ofClasses
      ? `Mean -log(probability of the true class), where an answer that is sure and wrong costs most. ${each}`
      : `How far answers were off, in the units of the target, beside simple rules. ${each}${driftText}`,
    { ...common, title: `Course of the ${loss}`, yLabel: loss, series: losses },
  );
  if (!ofClasses) return [lossFigure];
  return [
    figureOf(`Share of right answers, beside simple rules. ${each}${driftText}`, {
      ...common,
      title: "Course of the accuracy",
      yLabel: "accuracy",
      series: scores,
    }),
    lossFigure,
  ];
}

const toSeries = ({ name, points }: { name: string; points: [number, number][] }, index: number) => ({
  name,
  points,
  dashed: index > 0,
});

/** How far the answers' own words about their certainty can be trusted. */
function trustFigures(course: ScoreCourse, report: object): Figure[] {
  const asked = (report as { interval?: { asked: number } }).interval?.asked;
  const { calibration, answers, coverage } = course;
  return [
    ...(calibration.length > 0 ? [calibrationFigure(calibration)] : []),
    ...(answers.length > 0 ? [answersFigure(course)] : []),
    ...(coverage.length > 0 && asked !== undefined
      ? [
          figureOf("Share of the targets so far that lay within the interval around their prediction.", {
            title: "Coverage",
            xLabel: "row",
            yLabel: "share of targets",
            series: [{ name: "within the interval", points: coverage }],
          }),
        ]
      : []),
  ];
}

function answersFigure({ answers }: ScoreCourse): Figure {
  const hasInterval = answers.some(({ halfWidth }) => halfWidth > 0);
  return figureOf(`The last ${answers.length} targets, and what was predicted of them before.`, {
    title: "Latest answers",
    xLabel: "row",
    yLabel: "target",
    series: [
      { name: "target", points: answers.map(({ row, target }) => [row, target]), colour: "#444444" },
      {
        name: "prediction",
        points: answers.map(({ row, prediction }) => [row, prediction]),
        colour: "#d55e00",
      },
    ],
    band: hasInterval
      ? {
          name: "interval",
          points: answers.map(({ row, prediction, halfWidth }) => [
            row,
            prediction - halfWidth,
            prediction + halfWidth,
          ]),
          colour: "#56b4e9",
        }
      : undefined,
  });
}

/** Which experts counted when, and what each came to. */
function expertParts(course: ScoreCourse, report: object): (Figure | Table)[] {
  if (!("experts" in report)) return [];
  const experts = [...(report as ReturnType<Ensemble["report"]>).experts].sort((a, b) => b.weight - a.weight);
  return [
    figureOf(
      "How much each expert counts in the joined answer, of 1 in all. Rules move weight to the experts that were right lately.",
      {
        title: "Weights of the experts",
        xLabel: "row",
        yLabel: "weight",
        series: course.weights.map(toSeries).map((line, index) => ({ ...line, dashed: index % 2 === 1 })),
      },
    ),
    {
      title: "Experts at the end",
      columns: ["expert", "weight", "loss", "restarted", "restored"],
      rows: experts.map(({ name, weight, loss, restarts, recoveries }) => [
        name,
        { text: weight.toFixed(3), bar: weight },
        String(Number(loss.toPrecision(4))),
        String(restarts),
        String(recoveries),
      ]),
    },
  ];
}

/** How much each feature matters, where the learner says so. */
function importanceTables(learner: PrequentialLearner): Table[] {
  const importance = learner instanceof Ensemble ? learner.importance() : null;
  const { fields, target } = learner.describe();
  const names = fields.filter((name) => name !== target.column);
  if (importance === null || importance.length !== names.length) return [];
  return [
    importanceTable(
      comparedText,
      names.map((name, index) => ({ name, value: importance[index] })),
    ),
  ];
}
