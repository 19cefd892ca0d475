/** What is known of a daemon at one moment. */
import type { ClassificationReport } from "../learner/classification-metrics.ts";
import type { EnsembleReport } from "../learner/ensemble-report.ts";
import type { Glitch } from "../learner/glitches.ts";
import type { RegressionReport } from "../learner/regression-metrics.ts";
import type { ModelStatus } from "../model-status.ts";
import type { ClockReport } from "../samples/sample-clock.ts";
import type { FieldFaults } from "../samples/sample-validator.ts";
import type { SourceState } from "../samples/sources/source.ts";
import type { AnomalyStatus } from "../status/document.ts";
import type { LabelOutcome } from "./labels/late-labels.ts";
import type { RateStatus } from "./rate-watch.ts";

/** State of the daemon: counts since the process began, scores since learning began. */
export interface DaemonStatus {
  /** Samples that were learned from. */
  samples: number;
  /** Samples that the device numbered and that never arrived. */
  missing: number;
  /** Frames or lines that arrived damaged. */
  damaged: number;
  /** The same by reason, with those whose values are not finite where these are refused at once. */
  refused: Record<string, number>;
  /** Bytes since the latest end of a frame or line, where these are more than a whole one can have; else 0. */
  unfinishedBytes: number;
  /**
   * Samples that arrived whole but were not learned from: skipped for a value that cannot be true, or of a class that
   * does not exist.
   */
  rejected: number;
  /** Number of the newest sample: they are counted since learning began, whatever became of them. */
  sequence: number;
  /** Samples that came without their target and have no label yet: predicted, and not learned from until one comes. */
  unlabelled: number;
  /** What became of labels that came late, in samples; null where the config keeps none for them. */
  labels: LabelOutcome | null;
  /** The latest model from outside, and what became of it; null where none has come. */
  model: ModelStatus | null;
  /** What the clock of the device has shown; null where source.time names none. */
  clock: ClockReport | null;
  /** Samples of the first of several devices that no other one completed. */
  unmatched: number;
  /** Values that cannot be true, of each field that has had any; the policies of source.values say what became of them. */
  faults: FieldFaults[];
  /** Values that no declared range excludes and that cannot be true beside the others of their field, since learning began. */
  glitches: Glitch[];
  /** Times that a network or an expert that was not healthy went back to what it was, since learning began. */
  recoveries: number;
  /** The effort to which learning stepped down because it fell behind; null where it did not. */
  loweredEffort: string | null;
  /** Null where the config declares none. */
  rate: RateStatus | null;
  /** Times that predictions became worse than they were: what is measured may have changed. */
  drifts: number;
  /** What is unlike normal; null where that is not watched. */
  anomaly: AnomalyStatus | null;
  /** Samples that were discarded because training fell behind: by the ring, and by the system as unread datagrams. */
  dropped: number;
  /** Samples for which the network had no finite answer, scored on what is known without it. */
  unanswered: number;
  /** Steps left out because their loss or gradient was not finite. */
  skippedSteps: number;
  updates: number;
  /** Mean loss of the latest step. */
  loss: number;
  /** Those of an ensemble are beside its baselines and its experts. */
  scores: ClassificationReport | RegressionReport | EnsembleReport;
  source: SourceState;
  /** Why the source is not open, in a sentence; null while it is, and while nothing is known of it. */
  sourceTrouble: string | null;
  /** Times that the source was lost. */
  portLosses: number;
  /** Attempts to open the source that failed. */
  portFailures: number;
  /** Bytes that the source received. */
  bytes: number;
  /** Predictions, scores and alarms that were sent to the device. */
  replies: number;
  /** Replies that were dropped, because the device is away or does not read them fast enough. */
  droppedWrites: number;
  /** Where predictions go besides the device, with those that were left out because a reader was slow or away. */
  outputs: { name: string; sent: number; dropped: number }[];
  checkpoints: number;
  /** Bytes of all checkpoints that were saved. */
  checkpointBytes: number;
  /** Milliseconds from one save to the next. */
  checkpointEveryMs: number;
  /** Samples that came with their target while learning was paused: predicted, and not learned from. */
  passedInPause: number;
  /** Whether learning was paused, by a button or a request: samples are predicted and not learned from. */
  paused: boolean;
  /** Milliseconds after which the pause ends by itself; null where there is none, or somebody has to end it. */
  pauseLeftMs: number | null;
  residentBytes: number;
  arenaBytes: number;
}
