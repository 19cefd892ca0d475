/** What a training shows beside its result: its course, how far probabilities can be trusted, and which fields matter. */
import { createRandom } from "../engine/model/random.ts";
import { type CalibrationBin, CalibrationError } from "../learner/calibration-error.ts";
import type { Learner } from "../learner/learner.ts";
import { Scorer } from "./scores.ts";
import { forEachRow, type Split } from "./training-rows.ts";

/** Mean log loss of classes, or mean absolute error in the target's units; null where no rows are held out. */
export interface EpochLoss {
  training: number;
  heldOut: number | null;
}

/** Judged are the rows held out, or those that trained where none are. */
export interface FitDetails {
  /** Before the first epoch, and after each [epochs + 1]. */
  course: EpochLoss[];
  /** Answers by how sure they were; none where a number is predicted. */
  calibration: CalibrationBin[];
  /** By how much the loss rises where the values of a field are exchanged among rows (Breiman, 2001). */
  importance: { name: string; value: number }[];
  /** Of some rows, in their order: target and prediction; none where a class is predicted. */
  answers: [target: number, prediction: number][];
}

/** Rows that are judged at most in an epoch, of each kind, evenly chosen: enough for a curve. */
const mostJudged = 5000;
/** Rows among which the values of a field are exchanged, at most. */
const mostExchanged = 1000;
const mostAnswers = 500;

/** Judges a network while it trains. */
export class FitJudge {
  /** Time spent. */
  milliseconds = 0;
  readonly #course: EpochLoss[] = [];
  readonly #learner: Learner;
  readonly #split: Split;

  constructor(learner: Learner, split: Split) {
    this.#learner = learner;
    this.#split = split;
  }

  /** Adds a point to the course. */
  async judgeEpoch(): Promise<void> {
    const started = performance.now();
    const { trainingRows, usableHeldOutRows } = this.#split;
    const training = new Part(this.#learner, trainingRows);
    const heldOut = new Part(this.#learner, usableHeldOutRows);
    await forEachRow(this.#split, (values, offset, isHeldOut) =>
      (isHeldOut ? heldOut : training).observe(values, offset),
    );
    this.#course.push({ training: training.loss, heldOut: usableHeldOutRows > 0 ? heldOut.loss : null });
    this.milliseconds += performance.now() - started;
  }

  /** What the training came to. */
  async details(): Promise<FitDetails> {
    const { usableHeldOutRows, trainingRows, seed } = this.#split;
    const wantsHeldOut = usableHeldOutRows > 0;
    const learner = this.#learner;
    const { fields, target } = learner.describe();
    const targetAt = fields.indexOf(target.column);
    const step = Math.ceil((wantsHeldOut ? usableHeldOutRows : trainingRows) / mostExchanged);
    const rows: Float64Array[] = [];
    const calibration = new CalibrationError();
    let seen = 0;
    await forEachRow(this.#split, (values, offset, isHeldOut) => {
      if (isHeldOut !== wantsHeldOut) return;
      if (learner.classes > 0) {
        learner.predict(values, offset);
        calibration.observe(values, offset + targetAt, learner.prediction, learner.predictedClass);
      }
      if (seen++ % step === 0) rows.push(values.slice(offset, offset + fields.length));
    });
    const every = Math.ceil(rows.length / mostAnswers);
    return {
      course: this.#course,
      calibration: calibration.bins,
      importance: importanceOf(learner, rows, seed),
      answers:
        learner.classes > 0 ? [] : rows.filter((_, at) => at % every === 0).map(answerOf(learner, targetAt)),
    };
  }
}

const answerOf =
  (learner: Learner, targetAt: number) =>
  (row: Float64Array): [number, number] => {
    learner.predict(row, 0);
    return [row[targetAt], learner.prediction[0]];
  };

/** A part of the rows, of which some are judged. */
class Part {
  readonly #scorer: Scorer;
  readonly #every: number;
  #seen = 0;

  constructor(learner: Learner, rows: number) {
    this.#scorer = new Scorer(learner);
    this.#every = Math.max(1, Math.ceil(rows / mostJudged));
  }

  observe(values: Float64Array, offset: number): void {
    if (this.#seen++ % this.#every === 0) this.#scorer.observe(values, offset);
  }

  get loss(): number {
    return lossOf(this.#scorer);
  }
}

function lossOf(scorer: Scorer): number {
  const { metrics } = scorer.scores();
  return "logLoss" in metrics ? metrics.logLoss : metrics.mae;
}

/**
 * The rise of the loss over `rows` [rows][fields] where each field in turn has the values of other rows. Each row takes
 * that of the row some places on, so that no row keeps its own. Fields that tell the same share what they are worth.
 */
function importanceOf(learner: Learner, rows: Float64Array[], seed: number): FitDetails["importance"] {
  const { fields, target } = learner.describe();
  if (rows.length < 2) return [];
  const random = createRandom(seed);
  const row = new Float64Array(fields.length);
  const lossWith = (column: number, shift: number) => {
    const scorer = new Scorer(learner);
    for (const [index, own] of rows.entries()) {
      row.set(own);
      if (shift > 0) row[column] = rows[(index + shift) % rows.length][column];
      scorer.observe(row, 0);
    }
    return lossOf(scorer);
  };
  const whole = lossWith(0, 0);
  return fields.flatMap((name, column) => {
    if (name === target.column) return [];
    const shift = 1 + Math.floor(random.uniform() * (rows.length - 1));
    return [{ name, value: lossWith(column, shift) - whole }];
  });
}
