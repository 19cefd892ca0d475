/** Scores of a learner's predictions; `task` says which kind. */
import { ClassificationMetrics, type ClassificationReport } from "../learner/classification-metrics.ts";
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import { RegressionMetrics, type RegressionReport } from "../learner/regression-metrics.ts";

/** Scores, where `task` says which they are. */
export type Scores =
  | { task: "classification"; metrics: ClassificationReport }
  | { task: "regression"; metrics: RegressionReport };

/** The scores that a learner has kept of its own predictions, one before each sample that it learned from. */
export function scoresOf(learner: Pick<PrequentialLearner, "report">): Scores {
  const metrics = learner.report();
  const { task } = metrics;
  return task === "classification" ? { task, metrics } : { task, metrics };
}

/** Scores a learner's predictions of further rows, from which nothing is learned. */
export class Scorer {
  readonly #learner: PrequentialLearner;
  readonly #targetAt: number;
  readonly #metrics: ClassificationMetrics | RegressionMetrics;

  constructor(learner: PrequentialLearner) {
    this.#learner = learner;
    this.#targetAt = learner.columns.indexOf(learner.describe().target.column);
    this.#metrics =
      learner.classes > 0 ? new ClassificationMetrics(learner.classes) : new RegressionMetrics();
  }

  /** Predicts the row of finite numbers at `offset` of `values` [learner.columns] and compares the prediction with its target. */
  observe(values: Float64Array, offset: number): void {
    const learner = this.#learner;
    const targetAt = offset + this.#targetAt;
    learner.predictValidated(values, offset);
    if (this.#metrics instanceof ClassificationMetrics) {
      this.#metrics.observe(values[targetAt], learner.predictedClass, learner.prediction);
    } else {
      this.#metrics.observe(values, targetAt, learner.prediction);
    }
  }

  scores(): Scores {
    return scoresOf(this.#metrics);
  }
}
