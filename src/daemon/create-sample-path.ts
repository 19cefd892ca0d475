/** Builds the stations of a config's samples, and the path that joins them. */
import { type Config, sampleColumns } from "../config/config.ts";
import { planAnomaly, watchedIntervalMs } from "../config/plan-anomaly.ts";
import { planLabels, rowRateOf } from "../config/plan-labels.ts";
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import { classNamesOf } from "../learner/target.ts";
import { SampleValidator } from "../samples/sample-validator.ts";
import type { SteadyClock } from "../samples/sources/clock.ts";
import { AlarmScores } from "./alarm-scores.ts";
import { AnomalyWatch } from "./anomaly-watch.ts";
import type { ConfiguredSource } from "./configured-source.ts";
import { DriftWatch } from "./drift-watch.ts";
import { LateLabels } from "./labels/late-labels.ts";
import { LearnerWatch } from "./learner-watch.ts";
import type { Log } from "./log.ts";
import { type IncomingModel, ModelIntake } from "./model-intake.ts";
import { createReplies } from "./replies.ts";
import { SamplePath, type Stations } from "./sample-path.ts";
import { WallClock } from "./wall-clock.ts";

/** What a sample path is made of besides the config. */
interface Surroundings {
  input: ConfiguredSource;
  learner: PrequentialLearner;
  beside: readonly PrequentialLearner[];
  log: Log;
  clock: SteadyClock;
}

/** Builds the path of a config's samples. */
export function createSamplePath(
  config: Config,
  { input: { wayBack, ring, fields, clock: deviceClock }, learner, beside, log, clock }: Surroundings,
): SamplePath {
  const columns = sampleColumns(config) as string[];
  const target = config.target?.column ?? null;
  const targetAt = target === null ? -1 : learner.columns.indexOf(target);
  const validator = new SampleValidator(fields, config.source.values, target ?? "", (change) => {
    const { text, isProblem, faults } = change;
    log({
      event: isProblem ? "values-wrong" : "values-right",
      text,
      problem: isProblem,
      details: { ...faults },
    });
  });
  const wallClock = new WallClock(config, clock, deviceClock);
  const anomalyWatch = createAnomalyWatch(config, watchedFields(learner, fields), learner.memory.bytes, log);
  const scores = new AlarmScores(learner, targetAt, anomalyWatch);
  const stations: Stations = {
    ring,
    validator,
    learner,
    beside,
    anomalyWatch,
    driftWatch: new DriftWatch(learner, log),
    learnerWatch: new LearnerWatch(learner, log),
    scores,
    alarmSubject: config.gpio?.alarm?.subject ?? null,
    replies: createReplies(config, wayBack, ring, learner, scores, log),
    lateLabels: createLateLabels(config, learner, clock, () => path),
    modelIntake: createModelIntake(config, learner, log, () => path),
  };
  const hasTarget = target !== null && columns.length === fields.length;
  if (learner.extraction !== null) learner.extraction.hasTarget = hasTarget;
  const path: SamplePath = new SamplePath(
    stations,
    { targetAt, hasTarget, learnsTarget: target !== null, hasPins: config.gpio !== null },
    { clock, wallClock },
  );
  return path;
}

/** The columns of rows: those of samples with their ranges, those of features without. */
function watchedFields({ extraction, columns }: PrequentialLearner, fields: ConfiguredSource["fields"]) {
  if (extraction === null) return fields;
  return columns.map((name) => fields.find((field) => field.name === name) ?? { name });
}

/** Null where the config does not watch for anomalies. */
function createAnomalyWatch(
  config: Config,
  fields: ReturnType<typeof watchedFields>,
  learnerBytes: number,
  log: Log,
): AnomalyWatch | null {
  const { anomaly, timeZone: zone } = config;
  const columns = sampleColumns(config) as string[];
  const planned = planAnomaly(config, columns, learnerBytes);
  if (anomaly === null || planned === null) return null;
  const rowMs = watchedIntervalMs(config, columns);
  return new AnomalyWatch({
    config: { ...anomaly, watch: planned.columns },
    fields,
    target: null,
    zone,
    log,
    rowMs,
  });
}

/** Null where no models are fetched from the host. */
function createModelIntake(
  { sync, checkpoint: { directory } }: Config,
  learner: PrequentialLearner,
  log: Log,
  path: () => SamplePath,
): ModelIntake | null {
  if (sync === null || sync.models === null) return null;
  const { group, trust } = sync.models;
  const take = (incoming: IncomingModel) => path().takeModel(incoming);
  return new ModelIntake({ learner, directory, group, trust, take, log });
}

/** Null where the config keeps no samples for labels that come later. */
function createLateLabels(
  config: Config,
  learner: PrequentialLearner,
  clock: SteadyClock,
  path: () => SamplePath,
): LateLabels | null {
  const rate = rowRateOf(learner, config);
  const planned = planLabels(config, learner.heldSizes, learner.memory.bytes, rate);
  if (planned === null) return null;
  const { samples, keepMs } = planned;
  return new LateLabels({
    ...{ learner, samples, keepMs, clock },
    target: { classes: learner.classes, names: classNamesOf(learner) ?? [] },
    ofWindows: learner.extraction?.makesFewerRows ?? false,
    newest: () => path().taken,
    isPaused: () => path().isPaused,
    onLearned: (number, targets, at) => path().learnedLate(number, targets, at),
  });
}
