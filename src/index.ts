/**
 * Everything that a user of the library imports; nothing else is public. By purpose, in the order in which one meets it.
 */

// Learning from samples one by one, as the daemon does: each is predicted, scored, then learned from.

export type { TransformDescription } from "./features/feature-list.ts";
export { createLearner } from "./learner/create-learner.ts";
export type { Learner, LearnerDescription } from "./learner/learner.ts";
export type { LearnerMemory, LearnerOptions, LearnerTraining } from "./learner/learner-options.ts";
export type { ModelParts } from "./learner/model.ts";
export type {
  CommonDescription,
  LearnerArena,
  PrequentialLearner,
  Refusals,
  TrainingCounts,
} from "./learner/prequential-learner.ts";
export type { TargetDescription } from "./learner/target.ts";

// Features of rows and their past: windows, lags, differences, the clock, what is usual; each alone or before a learner.

export { type AutomaticOptions, automaticFeatures } from "./features/automatic.ts";
export {
  createExtraction,
  type Extraction,
  type ExtractionOptions,
  type PlannedFeatures,
  planFeatures,
  type Sequence,
  type StreamDescription,
} from "./features/extraction.ts";
export type { PlannedSeries, SeriesKind, SeriesRows, SeriesTransform } from "./features/series-transform.ts";
export { seriesTransforms } from "./features/series-transforms.ts";
export { Spectrum } from "./features/spectrum.ts";
export { WindowStatistics } from "./features/window-statistics.ts";

// The ensemble, as one learner and in parts: experts, the rules that join them, what they share.

export { ColumnStatistic, type ColumnStatisticOptions } from "./features/column-statistic.ts";
export type { Aggregation } from "./learner/aggregation/aggregation.ts";
export { FadingWeights } from "./learner/aggregation/fading-weights.ts";
export { FixedShare, type FixedShareOptions } from "./learner/aggregation/fixed-share.ts";
export { MlPoly, type MlPolyOptions } from "./learner/aggregation/ml-poly.ts";
export { NewtonStacking, type NewtonStackingOptions } from "./learner/aggregation/newton-stacking.ts";
export type { OwnExpert, PlannedPart } from "./learner/committee.ts";
export { DriftAlarm } from "./learner/drift-alarm.ts";
export type { Effort } from "./learner/effort.ts";
export { createEnsemble, type Ensemble } from "./learner/ensemble.ts";
export { type EnsembleDescription, type EnsembleOptions, planEnsemble } from "./learner/ensemble-plan.ts";
export type {
  EnsembleClassReport,
  EnsembleNumberReport,
  EnsembleParts,
  EnsembleReport,
  ExpertReport,
} from "./learner/ensemble-report.ts";
export type { Expert } from "./learner/expert.ts";
export { LabelTransitions } from "./learner/experts/label-transitions.ts";
export { LastValue } from "./learner/experts/last-value.ts";
export { LeastSquares, type LeastSquaresOptions } from "./learner/experts/least-squares.ts";
export { LinearExpert, type LinearOptions } from "./learner/experts/linear.ts";
export { NaiveBayes, type NaiveBayesOptions } from "./learner/experts/naive-bayes.ts";
export { Neighbours, type NeighboursOptions } from "./learner/experts/neighbours.ts";
export {
  NetworkExpert,
  type NetworkExpertOptions,
  ReplayedNetwork,
  type ReplayedNetworkOptions,
} from "./learner/experts/network.ts";
export { FeatureMetric } from "./learner/feature-metric.ts";
export { Interval } from "./learner/interval.ts";
export { ReplayRing, type ReplayRingOptions } from "./learner/replay-ring.ts";

// Forecasting a column some rows ahead.

export { DirectForecast, type DirectForecastOptions } from "./learner/forecast/direct-forecast.ts";
export { ForecastInterval } from "./learner/forecast/forecast-interval.ts";
export {
  createForecaster,
  type Forecaster,
  type ForecasterDescription,
  type ForecasterOptions,
  type ForecastReport,
  type ForecastTarget,
  planForecaster,
} from "./learner/forecast/forecaster.ts";

// Finding what is unlike normal, without labels.

export { AlarmGate, type AlarmGateOptions, type WarmUp } from "./learner/anomaly/alarm-gate.ts";
export {
  type AnomalyDetector,
  type AnomalyDetectorOptions,
  type AnomalyFinding,
  type AnomalyOutcome,
  createAnomalyDetector,
  type StrongestFinding,
} from "./learner/anomaly/anomaly-detector.ts";
export { ChannelScores, type Ingredient } from "./learner/anomaly/channel-scores.ts";
export { ScoreTail, type ScoreTailOptions } from "./learner/anomaly/score-tail.ts";

// Training and evaluating a learner over rows, as `rivulet replay`, `fit` and `compare` do, and the scores they report.

export type { ClassificationReport } from "./learner/classification-metrics.ts";
export type { RegressionReport } from "./learner/regression-metrics.ts";
export {
  type ChoiceReport,
  type ChooseOptions,
  type ChooseProgress,
  chooseNetwork,
  type Tried,
} from "./training/choose.ts";
export { type CompareOptions, compareDescents, type DescentComparison } from "./training/compare-descents.ts";
export { type EvaluateOptions, type Evaluation, evaluate } from "./training/evaluate.ts";
export {
  type FindLearningRateOptions,
  findLearningRate,
  type LearningRateSearch,
} from "./training/find-learning-rate.ts";
export { type FitOptions, type FitProgress, type FitReport, fit } from "./training/fit.ts";
export type { Plane } from "./training/plane.ts";
export {
  evaluatePrequentially,
  type PrequentialOptions,
  type PrequentialReport,
} from "./training/prequential.ts";
export type { CurvePoint, DescentRun } from "./training/runs.ts";
export type { Scores } from "./training/scores.ts";
export type { LossSurface } from "./training/surface.ts";
export type { RowOptions } from "./training/training-rows.ts";

// The rows that these take: from memory, from a file, or from a dataset of your own.

export { csvFile, type DataFile, recordingFile } from "./library/data-files.ts";
export type { Dataset, DatasetRead, RowVisitor, SampleRows } from "./training/dataset.ts";
export type { RowValidator } from "./training/usable-rows.ts";

// From a device to samples: sources of bytes, framings whose decoders fill a ring, recordings of what came.

export type { RecordedEvent } from "./recording/events.ts";
export type { RecordingHeader } from "./recording/format.ts";
export {
  type Played,
  type PlayOptions,
  playRecording,
  type RecordedSampleVisitor,
  readRecordingHeader,
} from "./recording/play.ts";
export { type RecordingCounts, RecordingFile } from "./recording/recording-file.ts";
export type { Decoder, DecoderCounts } from "./samples/decoding/decoder.ts";
export type { Field, FieldDescription } from "./samples/decoding/fields.ts";
export type { DecoderOptions, Framing, ReplyOptions } from "./samples/framings/framing.ts";
export { type FramingName, framings } from "./samples/framings/framings.ts";
export { type RingPolicy, SampleRing } from "./samples/ring.ts";
export {
  createSerialSource,
  type SerialCounts,
  type SerialOptions,
  type SerialSource,
} from "./samples/sources/serial.ts";
export type { Receive, Source, SourceCounts, SourceState } from "./samples/sources/source.ts";
export { createStandardInput, type StandardInputOptions } from "./samples/sources/standard-input.ts";
export { createTcpSource, type TcpOptions } from "./samples/sources/tcp.ts";
export { createUdpSource, type UdpOptions } from "./samples/sources/udp.ts";

// Watching a learner in a browser, by Prometheus or by a program.

export {
  type RunningStatusServer,
  type StatusServerSettings,
  startStatusServer,
} from "./library/status-server.ts";
export type {
  CommandAnswer,
  FieldStatus,
  Health,
  RecentEvent,
  ServerCounts,
  StatusDocument,
} from "./status/document.ts";

// Describing a network as plain values: layers, loss, optimizer, schedule; as JSON and back.

export {
  describeModel,
  type ModelDescription,
  type ModelPart,
  modelFromDescription,
  type WrittenPart,
} from "./engine/model/description.ts";
export * from "./engine/model/model.ts";
export {
  constant,
  cosineDecay,
  exponentialDecay,
  reduceOnPlateau,
  type Schedule,
  stepDecay,
} from "./engine/model/schedule.ts";

// Running a network without a learner: its memory plan, predictions, steps, parameters by name, worker threads.

export { availableVariants, type KernelVariant } from "./engine/kernels/kernels.ts";
export type { Plan, PlannedBuffer, PlanOptions } from "./engine/planning/plan.ts";
export { plan } from "./engine/planning/planner.ts";
export { Arena, type ArenaOptions, type Blocks, float32, float64 } from "./engine/running/arena.ts";
export { createNetwork, type Network, type NetworkOptions } from "./engine/running/network.ts";
export type { Tensor } from "./engine/running/network-state.ts";
export type { Threads, ThreadWork } from "./engine/running/shard-workers.ts";
export { threads } from "./library/threads.ts";

// Epochs of a network over rows in memory, or in batch descent over rows that arrive one by one.

export { createRandom, type Random, shuffle } from "./engine/model/random.ts";
export {
  BatchEpoch,
  descendEpoch,
  type Regime,
  type Rows,
  rowOrder,
  updatesPerEpoch,
} from "./training/descent.ts";

// Keeping a learner or a network in a file, or checkpoints in a folder.

export { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "./checkpoint/format.ts";
export { type FoundCheckpoint, openStore, type Store } from "./checkpoint/store.ts";
export { checkpointOf, learnerFrom } from "./continuing/learner-checkpoint.ts";
export {
  modelOf,
  type PublishedDescription,
  type PublishedModel,
  publishedDescription,
  readModel,
  requireFitting,
} from "./continuing/model-file.ts";
export { loadLearner, type SaveLearnerOptions, saveLearner } from "./library/learner-file.ts";
export { loadNetwork, saveNetwork } from "./library/network-file.ts";

// What is thrown where the caller can correct something.

export { type ErrorCode, errorCodes } from "./errors/codes.ts";
export { CheckpointError, type ErrorOrigin, RivuletError } from "./errors/errors.ts";
