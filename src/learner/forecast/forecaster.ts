/** The learner of a future value of a column: an ensemble of the rows so far, beside a direct forecast. */
import type { ArenaOptions } from "../../engine/running/arena.ts";
import { RivuletError } from "../../errors/errors.ts";
import { ColumnStatistic } from "../../features/column-statistic.ts";
import {
  createExtraction,
  type Extraction,
  type PlannedFeatures,
  planFeatures,
  type StreamDescription,
} from "../../features/extraction.ts";
import type { TransformDescription } from "../../features/feature-list.ts";
import { restoreTogether } from "../../features/restore.ts";
import type { State, Stateful } from "../../state.ts";
import { isCount } from "../../state-check.ts";
import type { PlannedPart } from "../committee.ts";
import type { Effort } from "../effort.ts";
import { createEnsemble, type Ensemble } from "../ensemble.ts";
import { type EnsembleOptions, planEnsemble, requireEnsembleBudget } from "../ensemble-plan.ts";
import type { EnsembleReport } from "../ensemble-report.ts";
import type { Glitches } from "../glitches.ts";
import { HeldSamples, type HeldSizes } from "../held-samples.ts";
import type { LearnerArena, PrequentialLearner, Refusals, TrainingCounts } from "../prequential-learner.ts";
import { RegressionMetrics } from "../regression-metrics.ts";
import { SampleCheck } from "../sample-check.ts";
import { DirectForecast, type DirectForecastOptions } from "./direct-forecast.ts";
import { forecastFeatures } from "./forecast-features.ts";

/** What is forecast: a column, a number of rows ahead. */
export interface ForecastTarget {
  column: string;
  /** Rows of features ahead. */
  horizon: number;
  /** Share of the truths that the interval is to hold. Default 0.9. */
  coverage?: number;
}

export interface ForecasterOptions
  extends Pick<EnsembleOptions, "effort" | "seed" | "without" | "budgetBytes"> {
  /** Names of the columns of a sample, in order; one is enough. */
  fields: readonly string[];
  target: ForecastTarget;
  /** Transforms, in order. Default: lags of the column, and its season where the rate is known. */
  features?: unknown;
  stream?: StreamDescription;
  arena?: ArenaOptions;
}

export type ForecasterDescription = {
  fields: string[];
  target: Required<ForecastTarget>;
  features: TransformDescription[];
  stream: StreamDescription;
  model: { forecast: { effort: Effort; without: string[] } };
  training: { seed: number; deterministic: boolean };
};

/** What a forecaster says of itself beside the scores of an ensemble. */
export type ForecastReport = Extract<EnsembleReport, { interval: object }> & {
  forecast: {
    horizon: number;
    /** The same as a time, in milliseconds; null without a rate. */
    horizonMs: number | null;
    /** 1 - MAE / MAE of answering the value of now again, and of a season before; null where no season is known. */
    skillOverLastValue: number;
    skillOverSeason: number | null;
    /** Share of the truths inside the interval, over the latest 500. */
    recentCoverage: number;
    /** Mean width of the interval, in the column's units. */
    meanWidth: number;
    /** The latest forecast with the ends of its interval; null before one could be scored. */
    latest: { value: number; lower: number; upper: number } | null;
  };
};

interface PlannedForecaster {
  rows: PlannedFeatures;
  ensemble: EnsembleOptions;
  direct: DirectForecastOptions;
  parts: PlannedPart[];
  totalBytes: number;
}

/**
 * Plans a forecaster before anything is allocated.
 * @throws RivuletError where the column or a transform does not fit the fields, or memory is short
 */
export function planForecaster(options: ForecasterOptions): PlannedForecaster {
  const { fields, target, stream = {}, budgetBytes, arena, effort, seed, without } = options;
  const { rate = null, timeZone = null } = stream;
  const { column, horizon, coverage } = target;
  if (!fields.includes(column) || !Number.isInteger(horizon) || horizon < 1) {
    throw new RivuletError(
      "argument.bad-value",
      `found a forecast of "${column}" ${horizon} rows ahead, expected one of ${fields.join(", ")} and a whole number of rows of at least 1; correct it`,
      { path: "target" },
    );
  }
  const features = options.features ?? forecastFeatures(target, rate);
  const rows = planFeatures({ columns: fields, features, ...stream, task: "none", budgetBytes });
  if (!rows.columns.includes(column)) {
    throw new RivuletError(
      "config.bad-value",
      `target.forecast names "${column}", but the features replace that column; leave it out of windows and sequences`,
      { path: "target.forecast" },
    );
  }
  const ahead = `${column} in ${horizon} rows`;
  const ensemble: EnsembleOptions = {
    ...{ fields: [...rows.columns, ahead], target: { column: ahead }, features: rows.transforms },
    ...{ effort, seed, without, arena },
  };
  const direct = { horizon, coverage, rate: rows.rate, timeZone, hasOther: true };
  const planned = planEnsemble(ensemble);
  const parts = [
    ...rows.parts,
    ...planned.parts,
    { name: "direct forecast", bytes: DirectForecast.bytes(direct) },
    { name: "rows that wait", bytes: HeldSamples.bytes(planned.held, horizon + 1) },
  ];
  const totalBytes = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  if (budgetBytes !== undefined) requireEnsembleBudget({ parts, totalBytes }, budgetBytes);
  return { rows, ensemble, direct, parts, totalBytes };
}

const noTime = Float64Array.of(Number.NaN);

/**
 * Forecasts a column some rows ahead. Each row is the truth of the forecast that was made one horizon before it: that one is
 * scored, the forecasters learn from the row it was made of, and then this row waits for its own truth.
 */
export class Forecaster implements PrequentialLearner {
  readonly extraction: Extraction;
  readonly columns: readonly string[];
  readonly metrics = new RegressionMetrics();
  readonly classes = 0;
  readonly prediction: Float64Array = new Float64Array(1);
  readonly predictedClass = 0;
  /** The forecast that was made of this row, one horizon before it, [2] with half the width of its interval. */
  readonly scoredPrediction: Float64Array;
  readonly refusals: Refusals;
  readonly unanswered = 0;
  unlabelled = 0;
  readonly isHealthy = true;
  /** Its ensemble heals experts while the others answer. */
  readonly recoveries = 0;
  /** Forecasts wait for their truth here, and for no label. */
  readonly heldSizes: HeldSizes = { singles: 0, doubles: 0 };
  readonly bytes: number;
  readonly #ensemble: Ensemble;
  readonly #direct: DirectForecast;
  readonly #held: HeldSamples;
  readonly #check: SampleCheck;
  readonly #statistic = new ColumnStatistic({ columns: 1 });
  readonly #valueAt: number;
  readonly #horizon: number;
  /** The row as the ensemble has it, the truth last, which is not known. */
  readonly #row: Float64Array;
  /** [1] The value of the row: NaN where it is missing or cannot be true. */
  readonly #value = new Float64Array(1);
  /** Rows learned from, and rows in all, [2]. */
  readonly #counts = new Float64Array(2);
  readonly #description: ForecasterDescription;
  readonly #rate: number | null;

  /** @throws RivuletError where the column or a transform does not fit the fields, or memory is short */
  constructor(options: ForecasterOptions) {
    const { rows, ensemble, direct, totalBytes } = planForecaster(options);
    const { fields, target, stream = {} } = options;
    const { rate = null, timeZone = null, sequence = null } = stream;
    this.bytes = totalBytes;
    this.#rate = rows.rate;
    this.extraction =
      rows.create?.() ?? createExtraction({ columns: fields, features: [], rate, timeZone, sequence });
    this.columns = rows.columns;
    this.#ensemble = createEnsemble(ensemble);
    this.#direct = new DirectForecast(direct);
    this.scoredPrediction = this.#direct.scoredAnswer;
    this.#valueAt = rows.columns.indexOf(target.column);
    this.#horizon = target.horizon;
    this.#held = new HeldSamples(this.#ensemble.heldSizes, target.horizon + 1);
    this.#check = new SampleCheck(rows.columns.length, this.#valueAt, 0);
    this.refusals = this.#check.refusals;
    this.#row = new Float64Array(rows.columns.length + 1).fill(Number.NaN);
    const { model, training } = this.#ensemble.describe();
    const { effort, without } = model.ensemble;
    this.#description = {
      fields: [...fields],
      target: { ...target, coverage: this.#direct.interval.coverage },
      features: rows.description,
      stream: { rate, timeZone, sequence },
      model: { forecast: { effort, without } },
      training,
    };
  }

  observe(values: Float64Array, offset: number, times: Float64Array = noTime, timeAt = 0): boolean {
    if (!this.extraction.push(values, offset, times, timeAt)) return true;
    const { row } = this.extraction;
    if (!this.#check.hasFiniteFeatures(row, 0)) {
      this.refusals.notFinite++;
      return false;
    }
    this.predictValidated(row, 0);
    if (this.isLabelled(row, 0)) this.learnValidated(row, 0);
    else this.passUnlabelled();
    return true;
  }

  predict(values: Float64Array, offset: number, times: Float64Array = noTime, timeAt = 0): boolean {
    if (!this.extraction.push(values, offset, times, timeAt)) return false;
    if (!this.#check.hasFiniteFeatures(this.extraction.row, 0)) return false;
    this.predictValidated(this.extraction.row, 0);
    return true;
  }

  predictValidated(values: Float64Array, offset: number): void {
    const row = this.#row;
    for (let i = 0; i < this.columns.length; i++) row[i] = values[offset + i];
    const isTrue =
      this.isLabelled(values, offset) && !this.#statistic.isGlitch(values, offset + this.#valueAt, 0);
    this.#value[0] = isTrue ? values[offset + this.#valueAt] : Number.NaN;
    this.#direct.predict(this.#value, 0, this.extraction.wallTime, 0);
    const { answers } = this.#direct;
    // A value that is missing is taken for the one before.
    row[this.#valueAt] = answers[0];
    this.#ensemble.predictValidated(row, 0);
    answers[answers.length - 1] = this.#ensemble.isInformed ? this.#ensemble.prediction[0] : answers[0];
    this.#direct.join();
    this.prediction[0] = this.#direct.answer[0];
  }

  /** Scores the forecast of this row and learns from the row of which it was made; this one waits for its truth. */
  learnValidated(values: Float64Array, offset: number): boolean {
    this.#statistic.learn(values, offset + this.#valueAt);
    this.#follow();
    return true;
  }

  passUnlabelled(): void {
    this.unlabelled++;
    this.#follow();
  }

  #follow(): void {
    const counts = this.#counts;
    const ensemble = this.#ensemble;
    const held = this.#held;
    const value = this.#value;
    const number = counts[1];
    ensemble.passUnlabelled();
    ensemble.hold(held, held.add(number, 0));
    const isKnown = !Number.isNaN(value[0]);
    const slot = isKnown ? held.find(number - this.#horizon) : -1;
    if (slot >= 0) ensemble.learnHeld(held, slot, value, 0);
    if (this.#direct.learn(value, 0, this.extraction.wallTime, 0)) {
      this.metrics.observe(value, 0, this.scoredPrediction);
      counts[0]++;
    } else if (isKnown) this.metrics.learnTarget(value, 0);
    counts[1]++;
  }

  /** A row has passed in a pause: what waits for its truth moves on, and nothing is learned. */
  skip(): void {
    this.#direct.skip();
    this.#counts[1]++;
  }

  get isInformed(): boolean {
    return this.#direct.scored > 0;
  }

  get samplesSeen(): number {
    return this.#counts[0];
  }

  get lower(): number {
    return this.#direct.answer[0] - this.#direct.answer[1];
  }

  get upper(): number {
    return this.#direct.answer[0] + this.#direct.answer[1];
  }

  get glitches(): Glitches {
    return this.#ensemble.glitches;
  }

  get counts(): TrainingCounts {
    return { ...this.#ensemble.counts, updates: this.samplesSeen };
  }

  /** That of its ensemble: the direct forecast always takes part. */
  get effort(): Effort {
    return this.#ensemble.effort;
  }

  get plannedEffort(): Effort {
    return this.#ensemble.plannedEffort;
  }

  /**
   * Goes on at another effort, up to that of its options, with all that it has learned. Part of the state.
   * @throws RivuletError where the effort is above that of its options, or leaves no expert
   */
  setEffort(effort: Effort): void {
    this.#ensemble.setEffort(effort);
  }

  get memory(): LearnerArena {
    return { bytes: this.bytes, kernels: this.#ensemble.memory.kernels };
  }

  /** Forecasts are no samples that wait for labels. */
  hold(): void {}
  learnHeld(): void {}

  accepts(values: Float64Array, offset: number): boolean {
    return this.#check.accepts(values, offset);
  }

  isLabelled(values: Float64Array, offset: number): boolean {
    return this.#check.isLabelled(values, offset);
  }

  acceptsTarget(): boolean {
    return true;
  }

  report(): ForecastReport {
    const direct = this.#direct;
    const { drift, glitches } = this.#ensemble.report();
    const [mae, ...errors] = direct.errors;
    const [last, day, week] = errors;
    const { seasons } = direct;
    const season = seasons.week && !(seasons.day && day <= week) ? week : day;
    const hasSeason = seasons.day || seasons.week;
    const skillOver = (loss: number) => (loss > 0 ? 1 - mae / loss : 0);
    const baselines = [{ name: "last value", loss: last }];
    if (hasSeason) baselines.push({ name: season === day ? "a day before" : "a week before", loss: season });
    return {
      ...this.metrics.report(),
      skill: skillOver(Math.min(...baselines.map(({ loss }) => loss))),
      baselines,
      experts: expertsOf(direct),
      ...{ drift, unlabelled: this.unlabelled, glitches },
      interval: {
        asked: direct.interval.coverage,
        coverage: direct.interval.realizedCoverage,
        halfWidth: direct.answer[1],
      },
      forecast: {
        horizon: this.#horizon,
        horizonMs: this.#rate === null ? null : (1000 * this.#horizon) / this.#rate,
        skillOverLastValue: skillOver(last),
        skillOverSeason: hasSeason ? skillOver(season) : null,
        recentCoverage: direct.interval.recentCoverage,
        meanWidth: direct.meanWidth,
        latest: this.isInformed ? { value: direct.answer[0], lower: this.lower, upper: this.upper } : null,
      },
    };
  }

  describe(): ForecasterDescription {
    return structuredClone(this.#description);
  }

  adoptClassNames(): void {}

  #parts(): Stateful[] {
    const { extraction, metrics } = this;
    return [extraction, metrics, this.#ensemble, this.#direct, this.#held, this.#statistic];
  }

  state(): State {
    return {
      parts: this.#parts().map((part) => part.state()),
      counts: this.#counts,
      refusals: { ...this.refusals },
      unlabelled: this.unlabelled,
    };
  }

  /** @throws RivuletError, with nothing changed, where the state is of a forecaster of other options */
  restore(given: State): void {
    const { parts, counts, refusals, unlabelled } = (given ?? {}) as {
      [key: string]: State;
    } & { parts: State[]; refusals: Refusals };
    const isCounted = counts instanceof Float64Array && counts.length === 2;
    if (!Array.isArray(parts) || !isCounted || !isCount(unlabelled)) {
      throw new RivuletError(
        "state.mismatch",
        "found no forecaster in the state, expected its parts and counts; restore another",
      );
    }
    restoreTogether(this.#parts(), parts);
    this.#counts.set(counts);
    this.refusals.notFinite = refusals?.notFinite ?? 0;
    this.refusals.badLabel = refusals?.badLabel ?? 0;
    this.unlabelled = unlabelled as number;
  }
}

/**
 * Builds a forecaster: it needs a single column and nothing else.
 * @throws RivuletError where the column or a transform does not fit the fields, or memory is short
 *
 * @example
 * import assert from "node:assert/strict";
 * import { createForecaster } from "rivulet";
 *
 * const forecaster = createForecaster({ fields: ["level"], target: { column: "level", horizon: 3 } });
 * const row = new Float64Array(1);
 * for (let i = 0; i < 2000; i++) {
 *   row[0] = Math.sin(i / 10);
 *   forecaster.observe(row, 0);
 * }
 * assert(Math.abs(forecaster.prediction[0] - Math.sin(200.2)) < 0.1);
 * assert(forecaster.report().forecast.skillOverLastValue > 0.5);
 */
export function createForecaster(options: ForecasterOptions): Forecaster {
  return new Forecaster(options);
}

/** What each forecaster counts. A season that is not known in rows answers as the one before it in the list does, and is counted there. */
function expertsOf({ names, weights, errors, seasons }: DirectForecast): ForecastReport["experts"] {
  const day = seasons.day ? 1 : 0;
  const countedAt = [0, day, seasons.week ? 2 : day, 3, 4];
  return names.flatMap((name, k) => {
    if (countedAt[k] !== k) return [];
    const weight = weights.reduce((sum, each, other) => sum + (countedAt[other] === k ? each : 0), 0);
    return [{ name, weight, loss: errors[1 + k], restarts: 0, recoveries: 0 }];
  });
}
