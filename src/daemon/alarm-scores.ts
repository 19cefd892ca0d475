/** The values that alarms compare with their levels, for the sample that was predicted last. */
import type { AlarmSubject } from "../device/alarm.ts";
import { restoreTogether, statefulBlock } from "../features/restore.ts";
import { AnomalyScore } from "../learner/anomaly-score.ts";
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import { RegressionMetrics } from "../learner/regression-metrics.ts";
import type { State, Stateful } from "../state.ts";
import type { AnomalyWatch } from "./anomaly-watch.ts";

/** Errors up to this share of those of the mean are no anomaly, however good the predictions. */
const negligible = 0.01;

export class AlarmScores implements Stateful {
  readonly #learner: PrequentialLearner;
  readonly #targetAt: number;
  readonly #watch: AnomalyWatch | null;
  readonly #errors = new AnomalyScore();
  /** [1] An array, so that V8 boxes no number. */
  readonly #anomaly = new Float64Array(1);
  #hasDrifted = false;

  /**
   * @param targetAt place of the target in a sample
   * @param watch where there is one, an alarm of an anomaly is on as long as an episode lasts
   */
  constructor(learner: PrequentialLearner, targetAt: number, watch: AnomalyWatch | null = null) {
    this.#watch = watch;
    this.#learner = learner;
    this.#targetAt = targetAt;
  }

  /** To be called once the sample at `offset` of `values` was predicted, whether or not it is learned from. Allocates nothing. */
  observe(values: Float64Array, offset: number, hasDrifted: boolean): void {
    const { isInformed, metrics, scoredPrediction, prediction } = this.#learner;
    this.#hasDrifted = hasDrifted;
    // An answer that was given before any target was known is far off, and no anomaly.
    if (!isInformed || !(metrics instanceof RegressionMetrics)) return;
    const error = Math.abs((scoredPrediction ?? prediction)[0] - values[offset + this.#targetAt]);
    // Without a target neither the start nor the end of an anomaly can be detected.
    if (!Number.isFinite(error)) return;
    this.#anomaly[0] = this.#errors.observe(error, negligible * metrics.baselineMae);
  }

  /** How unusual the error of the latest prediction was, in standard deviations. */
  get error(): number {
    return this.#anomaly[0];
  }

  /** A probability from 0 to 1, standard deviations, or whether there was a drift or there is an episode. */
  of(subject: AlarmSubject): number {
    if (subject.of === "anomaly" && this.#watch !== null) return Number(this.#watch.isOpen);
    if (subject.of === "class") return this.#learner.prediction[subject.class];
    return subject.of === "anomaly" ? this.#anomaly[0] : Number(this.#hasDrifted);
  }

  state(): State {
    return [this.#errors.state(), this.#anomaly];
  }

  restore(state: State): void {
    restoreTogether([this.#errors, statefulBlock(this.#anomaly, "latest score of an anomaly")], state);
  }
}
