/**
 * The learner that nobody tunes: experts of different kinds learn side by side, and what is answered is what joins
 * them best. One pass, one sample at a time, in memory that is planned before the first.
 */
import { Arena } from "../engine/running/arena.ts";
import type { Tensor } from "../engine/running/network-state.ts";
import { RivuletError } from "../errors/errors.ts";
import type { Extraction, PlannedFeatures } from "../features/extraction.ts";
import type { TransformDescription } from "../features/feature-list.ts";
import { restoreTogether } from "../features/restore.ts";
import type { TakenIn } from "../model-status.ts";
import type { State, Stateful } from "../state.ts";
import { Baselines } from "./baselines.ts";
import { CalibrationError } from "./calibration-error.ts";
import { observeChecked, predictChecked } from "./checked-sample.ts";
import { ClassCommittee, classExperts } from "./class-committee.ts";
import { mostProbable } from "./class-probabilities.ts";
import { ClassificationMetrics } from "./classification-metrics.ts";
import type { Committee } from "./committee.ts";
import { type Effort, requireEffort } from "./effort.ts";
import {
  describedModel,
  type EnsembleDescription,
  type EnsembleOptions,
  ensembleParts,
  ownDoubles,
  pipelineFor,
  planEnsemble,
  requireEnsembleBudget,
} from "./ensemble-plan.ts";
import { type EnsembleReport, reportOf } from "./ensemble-report.ts";
import { EnsembleRow } from "./ensemble-row.ts";
import { checkedEnsembleState } from "./ensemble-state.ts";
import type { ReplayedNetwork } from "./experts/network.ts";
import { Glitches } from "./glitches.ts";
import { Guest, type GuestReport } from "./guest.ts";
import type { HeldSamples, HeldSizes } from "./held-samples.ts";
import { Interval } from "./interval.ts";
import { describedStream } from "./learner-features.ts";
import { NumberCommittee, numberExperts } from "./number-committee.ts";
import type { ModelHost, OutsideModel } from "./outside-model.ts";
import type { LearnerArena, PrequentialLearner, Refusals, TrainingCounts } from "./prequential-learner.ts";
import { RegressionMetrics } from "./regression-metrics.ts";
import { SampleCheck } from "./sample-check.ts";
import { adoptNames, namesIn } from "./target.ts";
import { type Shift, WeightShift } from "./weight-shift.ts";

/** An ensemble of experts for one target among the columns of a sample. */
export class Ensemble<Report extends EnsembleReport = EnsembleReport>
  implements PrequentialLearner, ModelHost
{
  readonly metrics: ClassificationMetrics | RegressionMetrics;
  /** Classes, or 0 where a number is predicted. */
  readonly classes: number;
  /** The last answer: probabilities of the classes [classes], or the number in the target's units [1]. */
  readonly prediction: Float64Array;
  /** The most probable class of the last answer; 0 where a number is predicted. */
  predictedClass = 0;
  /** Whether a target was known when the last answer was given: without one it is but a guess. */
  isInformed = false;
  /** Samples learned from. */
  samplesSeen = 0;
  /** An ensemble always has a finite answer: an expert that has none is left out of it and restarted. */
  readonly unanswered = 0;
  /** Samples without a target: answered, and nothing more. */
  unlabelled = 0;
  readonly refusals: Refusals;
  /** Bytes of the arena, and how many of them are in use. */
  readonly bytes: number;
  readonly placedBytes: number;
  readonly extraction: Extraction | null;
  readonly columns: readonly string[];

  readonly #targetAt: number;
  readonly #check: SampleCheck;
  readonly #row: EnsembleRow;
  readonly #committee: Committee;
  /** The slot for a model from outside; null where none was planned. */
  readonly #guest: Guest | null;
  readonly #classification: ClassificationMetrics | null;
  readonly #regression: RegressionMetrics | null;
  readonly #interval: Interval;
  readonly #calibration = new CalibrationError();
  readonly #baselines: Baselines;
  readonly #isBalanced: boolean;
  readonly #shift: WeightShift;
  /** Alarms of drift that are in `#shift`. */
  #alarms = 0;
  readonly #description: EnsembleDescription;
  readonly #kernels: string;
  /** The states of metrics, interval and baselines before the first sample. */
  readonly #blank: readonly State[];
  /** [1]: loss of the last answer that was scored. */
  readonly #loss = new Float64Array(1);
  /** Samples whose target cannot be true: predicted, and not learned from. */
  #targetGlitches = 0;
  /** Samples that came, learned from or passed. */
  #rows = 0;
  readonly heldSizes: HeldSizes;
  /** Where the numbers of the guest begin in a held sample. */
  readonly #guestAt: HeldSizes;
  /** Numbers that cannot be true, of each field. */
  readonly glitches: Glitches;

  /** @throws RivuletError where the target or the features do not fit the fields, or memory is short */
  constructor(options: EnsembleOptions) {
    const { features: rows, committee } = ensembleParts(options);
    const { classes } = committee;
    const { columns } = rows;
    this.columns = columns;
    this.#targetAt = columns.indexOf(options.target.column);
    const featureAt = Uint32Array.from(columns.keys()).filter((column) => column !== this.#targetAt);
    const planned = planEnsemble(options);
    if (options.budgetBytes !== undefined) requireEnsembleBudget(planned, options.budgetBytes);
    this.bytes = planned.totalBytes;
    const { scratchBytes } = planned;
    const arena = new Arena(planned.totalBytes - rows.bytes, { ...options.arena, scratchBytes });
    this.extraction = rows.create?.() ?? null;
    this.#row = new EnsembleRow(rows, featureAt, arena);
    this.#committee =
      classes > 0 ? new ClassCommittee(committee, arena) : new NumberCommittee(committee, arena);
    this.#guest = options.guest ? new Guest(committee, pipelineFor(rows), arena) : null;
    this.#shift = new WeightShift([...this.#committee.panel.names, this.#committee.constantName], (weights) =>
      this.#committee.writeWeights(weights),
    );
    this.placedBytes = arena.used + rows.bytes;
    this.#kernels = arena.kernels.variant;
    this.classes = classes;
    this.#check = new SampleCheck(columns.length, this.#targetAt, this.classes);
    this.refusals = this.#check.refusals;
    this.#classification = classes > 0 ? new ClassificationMetrics(classes) : null;
    this.#regression = classes > 0 ? null : new RegressionMetrics();
    this.metrics = (this.#classification ?? this.#regression) as ClassificationMetrics | RegressionMetrics;
    this.prediction = new Float64Array(Math.max(1, classes));
    this.#interval = new Interval({ coverage: options.coverage });
    this.#isBalanced = options.balance ?? false;
    this.#description = {
      fields: [...options.fields],
      target:
        classes > 0
          ? { column: options.target.column, classes, ...namesIn(options.target) }
          : { column: options.target.column, standardize: true },
      features: this.#describedFeatures(rows),
      ...describedStream(rows, options.stream),
      model: describedModel(committee, this.#interval.coverage),
      training: {
        seed: committee.seed,
        deterministic: options.arena?.deterministic ?? true,
        ...(this.#isBalanced ? { balance: true } : {}),
      },
    };
    const { targetStatistic } = this.#committee;
    this.glitches = new Glitches([
      {
        statistic: this.#row.pipeline?.statistic ?? this.#row.statistic,
        fields: columns.filter((_, column) => column !== this.#targetAt),
      },
      ...(targetStatistic ? [{ statistic: targetStatistic, fields: [options.target.column] }] : []),
    ]);
    this.#baselines = new Baselines({ classes, names: this.#committee.panel.names });
    this.heldSizes = planned.held;
    this.#guestAt = planned.guestAt;
    this.#blank = structuredClone(
      [this.metrics, this.#interval, this.#baselines].map((part) => part.state()),
    );
  }

  /**
   * Predicts the sample at `offset` of `values` (as many numbers as there are fields), scores the prediction, then
   * learns. A sample whose target is NaN is answered only. Where features need the past, `times[timeAt]` is its time, and
   * nothing more happens until a row of features comes out. Returns false where the sample was refused: it is counted in
   * `refusals` and nothing else changed. Allocates nothing.
   */
  observe(values: Float64Array, offset: number, times?: Float64Array, timeAt?: number): boolean {
    return observeChecked(this, this.#check, values, offset, times, timeAt);
  }

  /**
   * Predicts the sample at `offset` of `values` into `prediction` and `predictedClass`; the target's column is not
   * looked at, and nothing is learned. Returns false, with nothing predicted, where a feature is not finite. Allocates
   * nothing.
   */
  predict(values: Float64Array, offset: number, times?: Float64Array, timeAt?: number): boolean {
    return predictChecked(this, this.#check, values, offset, times, timeAt);
  }

  /** Predicts a sample whose features are known to be finite in float32. Allocates nothing. */
  predictValidated(values: Float64Array, offset: number): void {
    this.#row.see(values, offset, this.#committee, this.#guest);
    this.isInformed = this.#committee.hasTarget;
    this.#answer();
  }

  /**
   * Scores the prediction of this sample, the last one predicted, and learns from it. Returns false where the target
   * cannot be true: that is counted, and nothing else. Allocates nothing.
   */
  learnValidated(values: Float64Array, offset: number): boolean {
    this.#followFeatures();
    return this.#learnTarget(values, offset + this.#targetAt);
  }

  passUnlabelled(): void {
    this.#followFeatures();
    this.unlabelled++;
  }

  /** The statistics of the features keep what they know of the row that was predicted last. */
  #followFeatures(): void {
    this.#row.follow(this.#guest);
    this.#rows++;
    this.glitches.observe(0, this.#row.raw, 0, this.#samples);
  }

  /** Samples that came, the refused ones included. */
  get #samples(): number {
    return this.#rows + this.refusals.notFinite + this.refusals.badLabel;
  }

  /** Returns false where the target cannot be true. */
  #learnTarget(targets: Float64Array, targetAt: number): boolean {
    const isLearned = this.#committee.learn(targets, targetAt);
    if (this.classes === 0) this.glitches.observe(1, targets, targetAt, this.#samples);
    if (!isLearned) {
      this.#targetGlitches++;
      return false;
    }
    this.#guest?.learn(targets, targetAt);
    const isBegunByGlitch = this.#committee.targetStatistic?.isBegunByGlitch(0) ?? false;
    if (isBegunByGlitch) this.#forgetScores();
    if (this.isInformed && !isBegunByGlitch) this.#score(targets, targetAt);
    else this.#learnFirstTarget(targets, targetAt);
    this.#baselines.learn(targets, targetAt);
    this.samplesSeen++;
    this.#followDrift();
    return true;
  }

  #followDrift(): void {
    this.#shift.follow();
    const { alarms } = this.#committee.drift;
    if (alarms === this.#alarms) return;
    this.#alarms = alarms;
    this.#shift.mark(this.#samples);
  }

  /** Alarms of drift so far. */
  get driftAlarms(): number {
    return this.#alarms;
  }

  /** How the weights of the experts have changed over the last one to two hundred rows, the largest change first. */
  weightShift(): Shift[] {
    return this.#shift.lately();
  }

  /** The scores so far were those of answers from, or to, a target that could not be true. */
  #forgetScores(): void {
    const [metrics, interval, baselines] = this.#blank;
    this.metrics.restore(metrics);
    this.#interval.restore(interval);
    this.#baselines.restore(baselines);
  }

  hold(held: HeldSamples, slot: number): void {
    const { singles, doubles } = held;
    const { prediction, classes } = this;
    const singlesAt = slot * this.heldSizes.singles;
    const doublesAt = slot * this.heldSizes.doubles;
    for (let c = 0; c < classes; c++) singles[singlesAt + c] = prediction[c];
    doubles[doublesAt] = this.isInformed ? 1 : 0;
    doubles[doublesAt + 1] = classes > 0 ? this.predictedClass : prediction[0];
    this.#committee.hold(singles, singlesAt + classes, doubles, doublesAt + ownDoubles);
    this.#guest?.hold(singles, singlesAt + this.#guestAt.singles, doubles, doublesAt + this.#guestAt.doubles);
  }

  learnHeld(held: HeldSamples, slot: number, targets: Float64Array, targetAt: number): void {
    this.#row.forgetTentative(this.#guest);
    this.#recall(held, slot);
    const before = held.targets[slot];
    if (Number.isNaN(before)) {
      if (!this.#learnTarget(targets, targetAt)) return;
      this.unlabelled--;
    } else {
      if (!this.#committee.correct(targets, targetAt, before)) return;
      this.#guest?.learn(targets, targetAt, before);
      if (this.isInformed) this.#rescore(targets, targetAt, held.targets, slot);
    }
    held.targets[slot] = targets[targetAt];
  }

  /** The last answer is that which was given for a held sample. */
  #recall({ singles, doubles }: HeldSamples, slot: number): void {
    const { prediction, classes } = this;
    const singlesAt = slot * this.heldSizes.singles;
    const doublesAt = slot * this.heldSizes.doubles;
    this.isInformed = doubles[doublesAt] === 1;
    for (let c = 0; c < classes; c++) prediction[c] = singles[singlesAt + c];
    if (classes > 0) this.predictedClass = doubles[doublesAt + 1];
    else prediction[0] = doubles[doublesAt + 1];
    const { answer } = this.#committee;
    this.#committee.recall(singles, singlesAt + classes, doubles, doublesAt + ownDoubles);
    const at = this.#guestAt;
    this.#guest?.recallHeld(singles, singlesAt + at.singles, doubles, doublesAt + at.doubles, answer);
  }

  /**
   * Takes in a model that another ensemble has learned, as one more expert.
   * @throws RivuletError, with nothing changed, where no room was planned for one, or it is of another shape
   */
  takeIn(model: OutsideModel): void {
    if (this.#guest === null) {
      throw new RivuletError(
        "argument.bad-value",
        "found no room for a model from outside, expected it to be planned; set guest: true",
      );
    }
    this.#row.forgetTentative(this.#guest);
    this.#guest.enter(model, this.#committee.panel.names.length);
    this.adoptClassNames(model.classNames ?? []);
  }

  get hasRoom(): boolean {
    return this.#guest !== null;
  }

  get takenIn(): TakenIn | null {
    return this.#guest?.takenIn ?? null;
  }

  get modelPhase(): number {
    return this.#guest?.phase ?? 0;
  }

  /** How the model from outside does; null where no room was planned for one. */
  get guest(): GuestReport | null {
    return this.#guest?.report() ?? null;
  }

  /** Whether the sample may be learned from; where not, it is counted in `refusals`. Allocates nothing. */
  accepts(values: Float64Array, offset: number): boolean {
    return this.#check.accepts(values, offset);
  }

  /** Whether the sample came with its target, be that one to learn from or not. */
  isLabelled(values: Float64Array, offset: number): boolean {
    return this.#check.isLabelled(values, offset);
  }

  /** Whether a sample of finite numbers has a target to learn from; where not, it is counted in `refusals`. */
  acceptsTarget(values: Float64Array, offset: number): boolean {
    return this.#check.acceptsTarget(values, offset);
  }

  /** Names of all experts there are for the task, those left out included. */
  get expertNames(): string[] {
    return this.classes > 0 ? [...classExperts] : [...numberExperts];
  }

  /** Names of the experts in use, in order; without a model from outside. */
  get namesInUse(): string[] {
    return [...this.#committee.panel.names];
  }

  get counts(): TrainingCounts {
    const { networks } = this.#committee.panel;
    const skipped = networks.reduce((sum, network) => sum + network.skipped, 0);
    return { updates: this.samplesSeen, skipped, loss: this.#loss[0] };
  }

  /** The level of effort at which it learns: that of its options, or a lower one. */
  get effort(): Effort {
    return this.#committee.panel.effort;
  }

  get plannedEffort(): Effort {
    return this.#description.model.ensemble.effort;
  }

  /**
   * Goes on at another effort, up to that of its options, with all that it has learned. Memory stays as it was planned;
   * experts that the effort has no time for keep what they know, and are not asked. Part of the state. Not for every
   * sample: it copies the rows that are kept.
   * @throws RivuletError where the effort is above that of its options, or leaves no expert
   */
  setEffort(effort: Effort): void {
    requireEffort(effort, this.plannedEffort, this.#committee.panel.names);
    this.#row.forgetTentative(this.#guest);
    this.#committee.panel.setEffort(effort);
  }

  get recoveries(): number {
    return this.#committee.panel.health.healed + (this.#guest?.recoveries ?? 0);
  }

  /** An expert that is far worse than the others is healed while they answer: only what cannot be restored is not worth keeping. */
  get isHealthy(): boolean {
    return !this.#committee.panel.hasOverflowed() && !(this.#guest?.hasOverflowed ?? false);
  }

  healOverflow(): void {
    this.#committee.panel.healOverflow();
    this.#guest?.healOverflow();
  }

  get memory(): LearnerArena {
    return { bytes: this.bytes, kernels: this.#kernels };
  }

  adoptClassNames(names: readonly string[]): void {
    adoptNames(this.#description.target, names);
  }

  /** The ensemble standardizes by itself: alone, that is what its features are. */
  #describedFeatures({ create, description }: PlannedFeatures): TransformDescription[] {
    return create === null ? (this.#row.pipeline?.description ?? ["standardize"]) : description;
  }

  describe(): EnsembleDescription {
    return structuredClone(this.#description);
  }

  /** The interval around the last prediction of a number; both ends are the prediction before there was an error. */
  get lower(): number {
    return this.prediction[0] - this.#interval.halfWidth;
  }

  get upper(): number {
    return this.prediction[0] + this.#interval.halfWidth;
  }

  /**
   * Writes the sample as the replayed network sees it, by what is known of the columns so far: its features to row `row`
   * of `inputs` [rows, features], its target, a class or a number in deviations from the mean, to `targets[row]`.
   * Nothing is learned. Allocates nothing.
   * @throws RivuletError where the ensemble has no replayed network
   */
  writeExample(
    values: Float64Array,
    offset: number,
    inputs: Float32Array,
    targets: Float32Array,
    row: number,
  ): void {
    const { unit } = this.#replayedNetwork();
    this.#row.see(values, offset, this.#committee, this.#guest);
    const { features } = this.#committee;
    inputs.set(features, row * features.length);
    const target = values[offset + this.#targetAt];
    targets[row] = this.classes > 0 ? target : (target - unit[0]) / unit[1];
  }

  /** Mean and standard deviation in which the replayed network knows a number, [2]. */
  get targetUnit(): Float64Array {
    return this.#replayedNetwork().unit.slice();
  }

  /**
   * Puts trained weights into the place of the replayed network's, by name; its optimizer starts over.
   * @throws RivuletError where a tensor is missing or of another shape
   */
  adoptNetwork(parameters: readonly Tensor[]): void {
    const { network } = this.#replayedNetwork();
    network.initialize(this.#description.training.seed);
    network.setParameters(parameters);
  }

  /** The replayed network, with the statistics by which it knows its columns, for other devices; null where there is none. */
  outgoing(): OutsideModel | null {
    const { replayed, targetStatistic } = this.#committee;
    if (replayed === null) return null;
    this.#row.forgetTentative(this.#guest);
    const { parameters, states } = replayed.network.state();
    return {
      network: { parameters, ...(states === undefined ? {} : { states }) },
      features: { pipeline: this.#row.pipeline?.state() ?? null, statistic: this.#row.statistic.state() },
      target: targetStatistic?.state() ?? null,
    };
  }

  #replayedNetwork(): ReplayedNetwork {
    const { replayed } = this.#committee;
    if (replayed) return replayed;
    throw new RivuletError(
      "argument.bad-value",
      "found no replayed network in the ensemble, expected one; use effort normal or high, and do not leave it out",
    );
  }

  #answer(): void {
    this.#committee.predict(this.#rows);
    const { answer: others } = this.#committee;
    const answer = this.#guest?.join(others) ? this.#guest.answer : others;
    const { prediction } = this;
    for (let c = 0; c < answer.length; c++) prediction[c] = answer[c];
    if (this.#classification === null) return;
    this.predictedClass = this.#isBalanced
      ? this.#classification.standingOut(prediction)
      : mostProbable(prediction);
  }

  /** A target whose prediction says nothing of what was learned is not scored; the baselines know it afterwards. */
  #learnFirstTarget(values: Float64Array, targetAt: number): void {
    this.#classification?.learnTarget(values[targetAt]);
    this.#regression?.learnTarget(values, targetAt);
  }

  #score(values: Float64Array, targetAt: number): void {
    const { prediction } = this;
    const { answers, losses, constant } = this.#committee;
    this.#baselines.observe(values, targetAt, answers, losses, constant);
    if (this.#classification) {
      this.#classification.observe(values[targetAt], this.predictedClass, prediction);
      this.#calibration.observe(values, targetAt, prediction, this.predictedClass);
      this.#loss[0] = -Math.log(prediction[values[targetAt]]);
    } else {
      (this.#regression as RegressionMetrics).observe(values, targetAt, prediction);
      this.#interval.observe(values, targetAt, prediction);
      this.#loss[0] = Math.abs(prediction[0] - values[targetAt]);
    }
  }

  /** Corrects the score if another target was scored before; sliding and fading scores stay unchanged. */
  #rescore(targets: Float64Array, targetAt: number, before: Float64Array, beforeAt: number): void {
    const { prediction } = this;
    const { answers, constant, panel } = this.#committee;
    this.#baselines.correct(targets, targetAt, before, beforeAt, answers, panel.asleep, constant);
    this.#regression?.correct(targets, targetAt, before, beforeAt, prediction);
    this.#classification?.correct(targets[targetAt], before[beforeAt], this.predictedClass, prediction);
    if (this.#classification)
      this.#calibration.correct(targets, targetAt, before, beforeAt, prediction, this.predictedClass);
  }

  /** Scores of all predictions so far, beside those of the baselines and of each expert. */
  report(): Report {
    return reportOf({
      scores: this.metrics.report(),
      committee: this.#committee,
      baselines: this.#baselines,
      interval: this.#interval,
      calibration: this.#calibration,
      shift: this.#shift,
      meanError: this.#regression?.baselineMae ?? 0,
      unlabelled: this.unlabelled,
      glitches: this.glitches,
      guest: this.guest,
    }) as Report;
  }

  /** How much each feature matters to the neighbours, 1 on average, [features]; null where there are none. */
  importance(): Float32Array | null {
    return this.#committee.replayed?.metric.weights ?? null;
  }

  #parts(): Stateful[] {
    return [
      this.#row.statistic,
      this.#row.recent,
      this.#committee,
      this.metrics,
      this.#interval,
      this.#calibration,
      this.#baselines,
      ...(this.#row.pipeline ? [this.#row.pipeline] : []),
      ...(this.extraction ? [this.extraction] : []),
      this.glitches,
    ];
  }

  /** All running state: an ensemble of the same options continues from it bit for bit. What it copies, the next call overwrites. */
  state(): State {
    this.#row.forgetTentative(this.#guest);
    return {
      parts: this.#parts().map((part) => part.state()),
      samplesSeen: this.samplesSeen,
      unlabelled: this.unlabelled,
      refusals: { ...this.refusals },
      targetGlitches: this.#targetGlitches,
      rows: this.#rows,
      effort: this.effort,
      shift: this.#shift.state(),
      ...(this.#guest ? { guest: this.#guest.state() } : {}),
    };
  }

  /** @throws RivuletError, with nothing changed, where the state is of an ensemble of other options */
  restore(given: State): void {
    const state = checkedEnsembleState(given, this.#description.model.ensemble.effort);
    this.#row.forgetTentative(this.#guest);
    // What has overflowed could not be put back where a part refuses.
    this.healOverflow();
    this.#restoreAt(state.effort, state.parts, state.guest);
    this.#shift.restore(state.shift);
    this.#alarms = this.#committee.drift.alarms;
    this.samplesSeen = state.samplesSeen;
    this.unlabelled = state.unlabelled;
    this.refusals.notFinite = state.refusals.notFinite;
    this.refusals.badLabel = state.refusals.badLabel;
    this.#targetGlitches = state.targetGlitches;
    this.#rows = state.rows;
  }

  /** What is kept of rows depends on the effort. */
  #restoreAt(effort: Effort, parts: State[], guest: State): void {
    const before = this.effort;
    const kept = before === effort ? null : structuredClone(this.#committee.state());
    try {
      if (kept !== null) this.setEffort(effort);
      const slot = this.#guest ? [this.#guest] : [];
      restoreTogether([...this.#parts(), ...slot], [...parts, ...slot.map(() => guest)]);
    } catch (error) {
      if (kept !== null) {
        this.#committee.panel.setEffort(before);
        this.#committee.restore(kept);
      }
      throw error;
    }
  }
}

/**
 * Builds an ensemble for a target among the columns of a sample.
 * @throws RivuletError where the target or the features do not fit the fields, or memory is short
 */
export function createEnsemble(options: EnsembleOptions): Ensemble {
  return new Ensemble(options);
}
