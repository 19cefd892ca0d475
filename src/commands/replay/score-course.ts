/** How the scores of a learner went along a stream, in memory that does not grow with it. */
import { DriftWatch } from "../../daemon/drift-watch.ts";
import { type CalibrationBin, CalibrationError } from "../../learner/calibration-error.ts";
import { Ensemble } from "../../learner/ensemble.ts";
import type { PrequentialLearner } from "../../learner/prequential-learner.ts";

/** Points that are kept at most: where there are more, every second one is left out. */
const mostPoints = 800;
const firstStep = 8;
/** Latest answers that are kept. */
const latestAnswers = 100;
/** Answers before the share within the interval says much. */
const answersBeforeCoverage = 400;

/** Sums over all samples that were scored up to a row. */
interface Totals {
  row: number;
  samples: number;
  /** By name: right answers, or absolute errors in the target's units. */
  scores: Map<string, number>;
  /** By name: log loss, or again absolute errors. */
  losses: Map<string, number>;
  /** Weight of each expert at this row. */
  weights: Map<string, number>;
  coverage: number | null;
}

/** A line of a chart: its name, and its places. */
export interface Line {
  name: string;
  points: [row: number, value: number][];
}

/** An answer beside its truth. */
export interface Answer {
  row: number;
  target: number;
  prediction: number;
  /** Half the width of the interval around the prediction; 0 where there is none. */
  halfWidth: number;
}

const own = "the learner";

/** Follows a learner; `observe` is to be called after each target that it learned from. */
export class ScoreCourse {
  /** Rows at which predictions had become worse. */
  readonly drifts: number[] = [];
  readonly #learner: PrequentialLearner;
  readonly #drift: DriftWatch;
  /** The first are those before the stream: a learner that continues has some. */
  #points: Totals[] = [];
  #step = firstStep;
  #sinceLast = 0;
  #lastRow = 0;
  readonly #answers: Answer[] = [];
  readonly #calibration = new CalibrationError();
  #halfWidth = 0;

  constructor(learner: PrequentialLearner) {
    this.#learner = learner;
    this.#drift = new DriftWatch(learner, () => {});
    this.#points.push(this.#totals());
  }

  observe(targets: Float64Array, at: number, row: number): void {
    this.#lastRow = row;
    if (this.#drift.observe(targets, at)) this.drifts.push(row);
    if (this.#learner.isInformed) this.#take(targets, at, row);
    this.#sinceLast++;
    if (this.#sinceLast < this.#step) return;
    this.#sinceLast = 0;
    this.#points.push(this.#totals());
    if (this.#points.length <= mostPoints) return;
    this.#points = this.#points.filter((_, index) => index % 2 === 0);
    this.#step *= 2;
  }

  #take(targets: Float64Array, at: number, row: number): void {
    const { classes, prediction, predictedClass } = this.#learner;
    if (classes > 0) {
      this.#calibration.observe(targets, at, prediction, predictedClass);
      return;
    }
    const target = targets[at];
    // The width that stood around this answer: by now it knows the target.
    this.#answers.push({ row, target, prediction: prediction[0], halfWidth: this.#halfWidth });
    if (this.#answers.length > latestAnswers) this.#answers.shift();
    if (this.#learner instanceof Ensemble) this.#halfWidth = this.#learner.upper - prediction[0];
  }

  #totals(): Totals {
    const report = this.#learner.report();
    const { samples } = report;
    const scores = new Map<string, number>();
    const losses = new Map<string, number>();
    const { baselines = [], experts = [] } = report as Partial<{
      baselines: { name: string; loss: number }[];
      experts: { name: string; weight: number }[];
    }>;
    if ("accuracy" in report) {
      scores.set(own, report.accuracy * samples);
      scores.set("most frequent class", report.baselineAccuracy * samples);
      const { lastLabelAccuracy } = report as { lastLabelAccuracy?: number };
      if (lastLabelAccuracy !== undefined) scores.set("last label", lastLabelAccuracy * samples);
      losses.set(own, report.logLoss * samples);
    } else {
      losses.set(own, report.mae * samples);
      if (baselines.length === 0) losses.set("mean", report.baselineMae * samples);
    }
    for (const { name, loss } of baselines) losses.set(name, loss * samples);
    const { interval } = report as { interval?: { coverage: number } };
    return {
      row: this.#lastRow,
      samples,
      scores,
      losses,
      weights: new Map(experts.map(({ name, weight }) => [name, weight])),
      coverage: interval?.coverage ?? null,
    };
  }

  /** Rows over which each point of `scores` and `losses` is a mean. */
  get window(): number {
    return this.#step * this.#reach;
  }

  /** Points of one window: a twentieth of the stream, but at least a hundred rows where there are as many. */
  get #reach(): number {
    const { length } = this.#points;
    return Math.max(1, Math.min(length - 1, Math.max(Math.ceil(length / 20), Math.ceil(100 / this.#step))));
  }

  /** Accuracy beside that of naming the most frequent class and the last label; none where a number is predicted. */
  get scores(): Line[] {
    return this.#means(({ scores }) => scores);
  }

  /** Log loss, or mean absolute error, beside that of the simple rules. */
  get losses(): Line[] {
    return this.#means(({ losses }) => losses);
  }

  /** The weight of each expert. */
  get weights(): Line[] {
    const points = this.#points.slice(1);
    const names = [...(points.at(-1)?.weights.keys() ?? [])];
    return names.map((name) => ({
      name,
      points: points.map(({ row, weights }) => [row, weights.get(name) ?? Number.NaN]),
    }));
  }

  /** The latest answers beside their targets; none where a class is predicted. */
  get answers(): readonly Answer[] {
    return this.#answers;
  }

  /** Answers by how sure they were; none where a number is predicted. */
  get calibration(): CalibrationBin[] {
    return this.#calibration.bins;
  }

  /** Share of the targets within the interval so far. */
  get coverage(): [row: number, share: number][] {
    return this.#points.flatMap(({ row, samples, coverage }) =>
      coverage === null || samples < answersBeforeCoverage ? [] : [[row, coverage] as [number, number]],
    );
  }

  #means(sumsOf: (totals: Totals) => Map<string, number>): Line[] {
    const points = this.#points;
    const reach = this.#reach;
    const names = [...sumsOf(points[points.length - 1]).keys()];
    return names.map((name) => ({
      name,
      points: points.slice(reach).map((totals, index): [number, number] => {
        const before = points[index];
        const sum = (sumsOf(totals).get(name) ?? Number.NaN) - (sumsOf(before).get(name) ?? 0);
        const samples = totals.samples - before.samples;
        return [totals.row, samples > 0 ? sum / samples : Number.NaN];
      }),
    }));
  }
}
