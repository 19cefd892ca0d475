/** The page that a comparison ends in: figures with a sentence each, and the table of runs. */

import type { DescentComparison } from "../../training/compare-descents.ts";
import { project } from "../../training/plane.ts";
import type { CurvePoint, DescentRun } from "../../training/runs.ts";
import { formatCount } from "../../wording/quantities.ts";
import { colours, type LineChart, lineChart, type Series } from "../charts/line-chart.ts";
import { type Figure, htmlOf } from "../charts/page.ts";
import { surfaceChart } from "../charts/surface-chart.ts";

/** A figure of the page, which can also be saved as a file. */
export interface CompareFigure extends Figure {
  /** Its file's name without `.svg`. */
  file: string;
}

/** All runs of a comparison, each once. */
export function runsOf({ regimes, optimizers, tooLarge, tooSmall }: DescentComparison): DescentRun[] {
  return [...new Set([...regimes, ...optimizers, tooLarge, tooSmall])];
}

const lossChart = { yLabel: "loss over all rows" };

const drawn = (chart: LineChart): Pick<Figure, "title" | "draw"> => ({
  title: chart.title,
  draw: (size) => lineChart({ ...chart, ...size }),
});

/** The figures in the order of the page. */
export function figuresOf(comparison: DescentComparison): CompareFigure[] {
  return [
    ...regimeFigures(comparison),
    surfaceFigure(comparison),
    optimizerFigure(comparison),
    learningRateFigure(comparison),
  ];
}

function regimeFigures({
  regimes,
  optimizers,
  rows,
  batchSize,
  learningRate,
}: DescentComparison): CompareFigure[] {
  const common = { ...lossChart, yScale: scaleFor([...regimes, ...optimizers]) };
  const byRegime = (x: (point: CurvePoint) => number): Series[] =>
    regimes.map((run, index) => ({ ...seriesOf(run, run.name, x), colour: colours[index] }));
  const [batch, stochastic, mini] = regimes;
  return [
    {
      file: "loss-by-epoch",
      ...drawn({
        ...common,
        title: "Three regimes, by epoch",
        xLabel: "epochs (how often all rows were seen)",
        series: byRegime(({ epochs }) => epochs),
      }),
      sentence: `All three saw the same ${rows} rows equally often, from the same first weights, at the learning rate ${learningRate}. The more often the weights are corrected within an epoch, the further the loss falls in it; correcting after every single row makes it restless.`,
    },
    {
      file: "loss-by-update",
      ...drawn({
        ...common,
        title: "Three regimes, by update",
        xLabel: "updates of the weights (logarithmic)",
        xScale: "log",
        series: byRegime(({ updates }) => updates),
      }),
      sentence: `An epoch is ${formatCount(batch.updatesPerEpoch, "update")} in batch descent, ${formatCount(stochastic.updatesPerEpoch, "update")} in stochastic descent and ${formatCount(mini.updatesPerEpoch, "update")} in mini-batch descent with ${batchSize} rows a group. Update for update batch descent is the surest, since each of its steps has looked at every row.`,
    },
    {
      file: "loss-by-time",
      ...drawn({
        ...common,
        title: "Three regimes, by time",
        xLabel: "processor time in milliseconds",
        xScale: "log",
        series: byRegime(({ milliseconds }) => milliseconds),
      }),
      sentence:
        "Processor time on this machine, logarithmic, without that for measuring the loss. Rows in groups are computed faster than rows one by one, which is why mini-batches are what is used in practice.",
    },
  ];
}

function surfaceFigure({ regimes, weights, plane, surface }: DescentComparison): CompareFigure {
  const title = "The path of the weights over the loss surface";
  const paths = regimes.map((run, index) => ({
    name: run.name,
    colour: colours[index],
    points: run.trajectory.map((at) => project(plane, at)),
  }));
  return {
    file: "path-over-the-loss-surface",
    title,
    draw: (size) => surfaceChart(title, surface, paths, { ...size, height: Math.round(1.5 * size.height) }),
    sentence: `The network has ${weights} weights; this is the plane through the start in which they moved most (both axes in units of the weights, the darker the lower the loss). Batch descent goes smoothly downhill; stochastic descent wanders, because each row pulls its own way; mini-batch descent lies between them. The colours hold in the plane, and the paths also leave it.`,
  };
}

function optimizerFigure({ regimes, optimizers }: DescentComparison): CompareFigure {
  return {
    file: "optimizers",
    ...drawn({
      ...lossChart,
      title: "Optimizers, all in mini-batches",
      xLabel: "epochs",
      yScale: scaleFor([...regimes, ...optimizers]),
      series: optimizers.map((run, index) => ({
        ...seriesOf(run, `${run.optimizer} (${run.learningRate})`, ({ epochs }) => epochs),
        colour: colours[index % colours.length],
        dashed: index % 2 === 1,
      })),
    }),
    sentence: `The same gradients, turned into steps in ${optimizers.length} ways, each at a usual rate for it (in brackets). Momentum accelerates where gradients agree; Adagrad, RMSprop and Adam adapt the step size of each weight.`,
  };
}

function learningRateFigure({ regimes, tooLarge, tooSmall }: DescentComparison): CompareFigure {
  const runs = [tooLarge, regimes[2], tooSmall];
  return {
    file: "learning-rates",
    ...drawn({
      ...lossChart,
      title: "A learning rate too large, right, too small",
      xLabel: "epochs",
      yScale: scaleFor(runs),
      series: runs.map((run, index) => {
        const name = `${["too large", "right", "too small"][index]} (${run.learningRate})`;
        const colour = [colours[1], colours[2], colours[0]][index];
        return { ...seriesOf(run, name, ({ epochs }) => epochs), colour };
      }),
    }),
    sentence: `${sentenceOnTooLarge(tooLarge)} At ${tooSmall.learningRate} every step goes in the right direction, but is so short that as many epochs get only this far.`,
  };
}

function sentenceOnTooLarge({ learningRate, diverged, updates, losses }: DescentRun): string {
  if (diverged) {
    return `At ${learningRate} each step overshoots and lands higher than it began, until the numbers overflow: the run was cut off after ${formatCount(updates, "update")}, where its line ends.`;
  }
  const ending = losses[losses.length - 1] > losses[0] ? ", and the loss ends above its start" : "";
  return `At ${learningRate} each step overshoots the valley: the loss jumps up and down instead of settling${ending}.`;
}

/** The page: one HTML document that contains everything. `name`: what was trained, by its config. */
export function pageOf(name: string, comparison: DescentComparison, figures: CompareFigure[]): string {
  const { rows, weights, epochs, batchSize, seed } = comparison;
  const runs = runsOf(comparison);
  const columns = [
    "run",
    "rate",
    "updates",
    "updates an epoch",
    "processor time",
    "first loss",
    "final loss",
  ];
  return htmlOf({
    title: `Gradient descent compared: ${name}`,
    introduction: `One network of ${weights} weights, trained on the same ${rows} rows for ${formatCount(epochs, "epoch")} in ${runs.length} ways. Every run starts from the same weights (seed ${seed}); mini-batches have ${formatCount(batchSize, "row")}. The loss is always that over all rows.`,
    parts: [...figures, { title: "All runs", columns, rows: runs.map(cellsOf), hasCards: true }],
  });
}

/** A run as a row of the table: name, rate, updates, updates an epoch, time, first and final loss. */
export function cellsOf(run: DescentRun): string[] {
  const { name, learningRate, updates, updatesPerEpoch, milliseconds, losses, diverged } = run;
  const last = losses.length > 0 ? losses[losses.length - 1].toPrecision(4) : "";
  return [
    name,
    String(learningRate),
    String(updates),
    String(updatesPerEpoch),
    `${Number(milliseconds.toPrecision(3))} ms`,
    losses.length > 0 ? losses[0].toPrecision(4) : "",
    diverged ? "diverged" : last,
  ];
}

function seriesOf(run: DescentRun, name: string, x: (point: CurvePoint) => number): Series {
  return {
    name: run.diverged ? `${name}, diverged` : name,
    points: run.curve.map((point) => [x(point), point.loss]),
  };
}

/** Logarithmic where some losses would be too small to see on a linear scale. */
function scaleFor(runs: DescentRun[]): "linear" | "log" {
  const losses = runs.flatMap(({ curve }) => curve.map(({ loss }) => loss)).filter((loss) => loss > 0);
  const least = losses.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const greatest = losses.reduce((a, b) => Math.max(a, b), 0);
  return greatest > least * 30 ? "log" : "linear";
}
