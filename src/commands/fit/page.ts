/** The page that a training writes: its course, and what it came to on rows that it has not seen. */
import { lossName } from "../../daemon/quality.ts";
import type { CalibrationBin } from "../../learner/calibration-error.ts";
import { formatCount } from "../../wording/quantities.ts";
import type { LineChart } from "../charts/line-chart.ts";
import { type Figure, htmlOf, type Table } from "../charts/page.ts";
import {
  type AnyReport,
  calibrationFigure,
  classTables,
  figureOf,
  importanceTable,
  scoreTiles,
} from "../results/score-parts.ts";

/** What a page of a training shows. */
export interface FitPage {
  data: string;
  column: string;
  /** Scores of the rows that are judged, and which these are. */
  scores: AnyReport;
  judged: string;
  /** How the loss fell, with what one sees in it. */
  course: Pick<LineChart, "series" | "marks" | "xLabel" | "yLabel"> & { sentence: string };
  names?: readonly string[];
  calibration: readonly CalibrationBin[];
  importance: readonly { name: string; value: number }[];
  /** What the importance is; default: the rise of the loss where values are exchanged. */
  importanceText?: string;
  answers: readonly (readonly [target: number, prediction: number])[];
  tables?: readonly Table[];
  facts: readonly (readonly [name: string, text: string])[];
}

/** Returns the HTML page of a fit: curves of the loss, scores and facts. */
export function fitPage(page: FitPage): string {
  const {
    data,
    column,
    scores,
    judged,
    course,
    names,
    calibration,
    importance,
    answers,
    tables = [],
    facts,
  } = page;
  const { sentence, ...lines } = course;
  return htmlOf({
    title: `${column}, trained on ${data}`,
    introduction: `The scores are those of ${judged}.`,
    tiles: scoreTiles(scores),
    parts: [
      figureOf(sentence, { ...lines, title: "Course of the training" }),
      ...classTables(scores, names),
      ...(calibration.length > 0 ? [calibrationFigure(calibration)] : []),
      ...(answers.length > 0 ? [answersFigure(answers)] : []),
      ...(importance.length > 0
        ? [
            importanceTable(
              page.importanceText ??
                `By how much the ${lossName(scores)} rises where the values of a field are exchanged among the rows. Fields that tell the same share what they are worth.`,
              importance,
            ),
          ]
        : []),
      ...tables,
    ],
    facts,
  });
}

function answersFigure(answers: FitPage["answers"]): Figure {
  const targets = answers.map(([target]) => target);
  const ends = [Math.min(...targets), Math.max(...targets)];
  return figureOf(
    `${formatCount(answers.length, "row")}, each a dot: on the dashed line it is predicted exactly.`,
    {
      title: "Predictions and targets",
      xLabel: "target",
      yLabel: "prediction",
      series: [
        { name: "rows", points: answers.map(([target, prediction]) => [target, prediction]), dotted: true },
        { name: "exact", points: ends.map((end) => [end, end]), dashed: true, colour: "#444444" },
      ],
    },
  );
}
