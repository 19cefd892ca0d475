/** What can be seen of a daemon from outside: the type of `/status.json`, which the page, `rivulet top` and others read. */
import type { ClassificationReport } from "../learner/classification-metrics.ts";
import type { EnsembleParts, EnsembleReport } from "../learner/ensemble-report.ts";
import type { RegressionReport } from "../learner/regression-metrics.ts";
import type { ModelStatus } from "../model-status.ts";
import type { ClockReport } from "../samples/sample-clock.ts";

/** What the daemon does, in a word. */
export type Health = "learning" | "watching" | "paused" | "predicting" | "waiting" | "hung" | "ended";

/** A line of the log. */
export interface RecentEvent {
  /** ISO 8601. */
  time: string;
  event: string;
  text: string;
  problem: boolean;
}

/** A field of the samples. Statistics are of the validated values since the process began; null before the first. */
export interface FieldStatus {
  name: string;
  isTarget: boolean;
  latest: number | null;
  mean: number | null;
  deviation: number | null;
  minimum: number | null;
  maximum: number | null;
  /** The range that the config declares. */
  range: readonly [number, number] | null;
  /** Values that cannot be true. */
  notFinite: number;
  outOfRange: number;
  stuck: number;
  /** How much it matters to the prediction, 1 on average; null where the learner does not say. */
  importance: number | null;
}

/** An episode in which something was unlike normal. */
export interface AnomalyEpisode {
  /** Counted from 1 since learning began. */
  number: number;
  column: string;
  /** In which way it was unusual. */
  ingredient: string;
  /** ISO 8601; null while it goes on. */
  since: string;
  until: string | null;
  seen: number;
  expected: number;
  /** How unusual it was, in nats, and how much an alarm needed. */
  evidence: number;
  threshold: number;
  /** Moments of the time remembered that were at least as unusual. */
  rank: number;
  /** All of it in words. */
  text: string;
  /** How it ended, in words; null while it goes on. */
  outcome: string | null;
  /** Whether somebody said that it was normal. */
  saidNormal: boolean;
}

/** State of a daemon that watches for anomalies. */
export interface AnomalyStatus {
  /** In a few words. */
  text: string;
  columns: string[];
  alarmsPerWeek: number;
  /** Episodes since learning began; of them lasting changes that became normal, and those that somebody said were normal. */
  alarms: number;
  accepted: number;
  saidNormal: number;
  /** Whether alarms are possible; what is missing before. */
  isWarm: boolean;
  samplesToWarm: number;
  secondsToWarm: number;
  /** Whether an episode is under way. */
  isOpen: boolean;
  /** How unusual the latest sample is, in nats, and how much an alarm needs. */
  evidence: number;
  threshold: number;
  /** Whether the time of day is known, so that what is usual at an hour is learned. */
  knowsLocalTime: boolean;
  localTimeChanges: number;
  /** The latest episodes, the newest first. */
  episodes: AnomalyEpisode[];
}

export interface StatusDocument {
  name: string;
  version: string;
  /** ISO 8601, by the system's clock. */
  time: string;
  uptimeSeconds: number;
  health: Health;
  /** Why, in a sentence without a full stop. */
  reason: string;
  /** What somebody should look at, in words. */
  problems: string[];
  /** Null where nothing is predicted. */
  target: { column: string; classes: string[] | null } | null;
  /** Null where anomalies are not watched for. */
  anomaly: AnomalyStatus | null;
  source: { place: string; state: string; losses: number; failures: number; bytes: number };
  /** Counts since the process began. */
  samples: {
    learned: number;
    perSecond: number;
    declaredPerSecond: number | null;
    missing: number;
    damaged: number;
    rejected: number;
    unlabelled: number;
    /** With their target, in a pause. */
    passedInPause: number;
    unmatched: number;
    dropped: number;
    unanswered: number;
  };
  /** What the clock of the device has shown since the process began; null where source.time names none. */
  clock: ClockReport | null;
  training: {
    /** Samples since learning began, maybe in an earlier process. */
    samplesSeen: number;
    updates: number;
    skippedSteps: number;
    loss: number;
    drifts: number;
    paused: boolean;
    /** The effort to which learning stepped down because it fell behind; null where it did not. */
    loweredEffort: string | null;
  };
  /** Those of an ensemble are beside its baselines and its experts. */
  scores: ClassificationReport | RegressionReport | EnsembleReport;
  fields: FieldStatus[];
  memory: { residentBytes: number; arenaBytes: number };
  checkpoint: {
    directory: string;
    saved: number;
    bytes: number;
    path: string | null;
    ageSeconds: number | null;
  };
  /** State of sending to the host; null where the config has none. */
  sync: SyncDocument | null;
  replies: { sent: number; dropped: number };
  /** What became of labels that came late, in samples; null where the config keeps none for them. */
  labels: Readonly<Record<string, number>> | null;
  /** The latest model from the host, and what became of it; null where none has come. */
  model: ModelStatus | null;
  /** Where predictions go besides the device. */
  outputs: { name: string; sent: number; dropped: number }[];
  server: ServerCounts;
  recent: RecentEvent[];
}

/** How checkpoints reach their host. */
export interface SyncDocument {
  /** Seconds since the last run that reached the host; null: none has. */
  ageSeconds: number | null;
  /** Checkpoints that the host has, that wait in the folder, and that were deleted before they could be sent. */
  sent: number;
  waiting: number;
  dropped: number;
  /** What to do about another board of the same name, in one sentence; null where none was found lately. */
  problem: string | null;
}

/** The answer to a command: a sentence, and whether it was carried out. */
export interface CommandAnswer {
  done: boolean;
  text: string;
  /** Further values. */
  [key: string]: unknown;
}

/** Counts of the server itself. */
export interface ServerCounts {
  requests: number;
  refused: number;
  /** Clients that did not read what they asked for. */
  slowReaders: number;
  errors: number;
  watching: number;
}

/** Scores of numbers, with what an ensemble or a forecast says besides. */
export type NumberScores = RegressionReport & {
  interval?: { asked: number; coverage: number; halfWidth: number };
  forecast?: {
    horizon: number;
    horizonMs: number | null;
    latest: { value: number; lower: number; upper: number } | null;
  };
};

/** The baselines and experts of an ensemble; null for a single network. */
export const ensembleParts = (scores: StatusDocument["scores"]): EnsembleParts | null =>
  "experts" in scores ? scores : null;
