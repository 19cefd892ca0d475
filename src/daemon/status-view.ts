/** The daemon as others see it: its whole state as one document. */
import { type Config, sampleColumns } from "../config/config.ts";
import { createWatchdog, type Pulse } from "../device/watchdog.ts";
import { RivuletError } from "../errors/errors.ts";
import { Ensemble } from "../learner/ensemble.ts";
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import { shownClasses } from "../learner/target.ts";
import type { Field } from "../samples/decoding/fields.ts";
import { faultsText } from "../samples/sample-validator.ts";
import type { FieldStatus, Health, ServerCounts, StatusDocument, SyncDocument } from "../status/document.ts";
import type { History } from "../status/history.ts";
import { createRateMeter } from "../status/sample-rate.ts";
import type { SyncConfig } from "../sync/sync-config.ts";
import { readSyncState, type SyncState } from "../sync/sync-state.ts";
import { countWas, formatDuration } from "../wording/quantities.ts";
import type { CheckpointSaver } from "./checkpoint-saver.ts";
import type { DaemonStatus } from "./daemon-status.ts";
import type { Log } from "./log.ts";
import type { RecentEvents } from "./recent-events.ts";
import type { SamplePath } from "./sample-path.ts";

/** A confusion matrix of more classes than that is nothing to look at, and takes long to write. */
const mostClassesInMatrix = 50;
/** The scores of more classes than that are left out too. */
const mostClassesScored = 256;

/** Parts of the daemon that the status shows. */
export interface Shown {
  daemon: {
    config: Config;
    learner: PrequentialLearner;
    place: string;
    status(): DaemonStatus;
    pulse(): Pulse;
  };
  path: SamplePath;
  saver: CheckpointSaver;
  history: History;
  recent: RecentEvents;
  fields: readonly Field[];
  version: string;
  log: Log;
}

/** A view of the daemon. */
export interface StatusView {
  /** @param server counts of the status server, where there is one */
  document(server?: ServerCounts): StatusDocument;
  /** To be called every few seconds: finds out whether the daemon handles what it receives. */
  checkPulse(): void;
}

const noServer: ServerCounts = { requests: 0, refused: 0, slowReaders: 0, errors: 0, watching: 0 };

/** Creates the view of a running daemon that page, metrics and events share. */
export function createStatusView(shown: Shown): StatusView {
  const { daemon, recent } = shown;
  const watchdog = createWatchdog(daemon.pulse());
  const syncNow = createSyncLook(daemon.config);
  let fault: string | null = null;
  const rateNow = createRateMeter(handledBy(daemon.status()));

  function document(server = noServer): StatusDocument {
    const status = daemon.status();
    const parts = partsOf(shown, status, rateNow(handledBy(status)), syncNow);
    const { health, reason } = healthOf(
      status,
      fault,
      daemon.place,
      parts.samples.perSecond,
      daemon.config.target === null,
    );
    const intervals = {
      everyMs: shown.saver.everyMs,
      syncEveryMs: daemon.config.sync?.everyMs ?? Number.POSITIVE_INFINITY,
    };
    const { failure } = shown.saver;
    const whole = { ...parts, health, reason, problems: [], server: { ...server }, recent: recent.list };
    return { ...whole, problems: problemsOf(whole, status, intervals, failure) };
  }

  return {
    document,
    checkPulse() {
      fault = watchdog.look(daemon.pulse());
    },
  };
}

/** The record of what was sent is read again after this many seconds. */
const syncLookSeconds = 10;

/** Looks now and then at what another process has sent to the host. */
function createSyncLook({ sync, checkpoint: { directory } }: Config): () => SyncDocument | null {
  if (sync === null) return () => null;
  let found = { at: Number.NEGATIVE_INFINITY, state: null as SyncState | null };
  return () => {
    const at = process.uptime();
    if (at - found.at >= syncLookSeconds) found = { at, state: readable(directory, sync) };
    if (found.state === null) return null;
    const { lastSuccess, ...counts } = found.state;
    const age = lastSuccess === null ? null : Math.max(0, (Date.now() - Date.parse(lastSuccess)) / 1000);
    return { ageSeconds: age === null ? null : Math.round(age), ...counts };
  };
}

/** Null while the folder cannot be read, which the saver of checkpoints reports. */
function readable(directory: string, sync: SyncConfig): SyncState | null {
  try {
    return readSyncState(directory, sync);
  } catch (error) {
    if (error instanceof RivuletError) return null;
    throw error;
  }
}

const handledBy = ({ samples, unlabelled, passedInPause }: DaemonStatus) =>
  samples + unlabelled + passedInPause;

type Parts = Omit<StatusDocument, "health" | "reason" | "problems" | "server" | "recent">;

function partsOf(
  shown: Shown,
  status: DaemonStatus,
  perSecond: number,
  syncNow: () => SyncDocument | null,
): Parts {
  const { daemon, saver, version } = shown;
  const { config, learner } = daemon;
  return {
    name: config.name,
    version,
    time: new Date().toISOString(),
    uptimeSeconds: Math.round(process.uptime()),
    target: config.target && { column: config.target.column, classes: shownClasses(learner) },
    anomaly: status.anomaly,
    source: {
      place: daemon.place,
      state: status.source,
      losses: status.portLosses,
      failures: status.portFailures,
      bytes: status.bytes,
    },
    samples: samplesOf(status, perSecond),
    clock: status.clock,
    training: trainingOf(status, learner),
    scores: scoresOf(status),
    fields: fieldsOf(shown, status),
    memory: { residentBytes: status.residentBytes, arenaBytes: status.arenaBytes },
    checkpoint: {
      directory: saver.directory,
      saved: status.checkpoints,
      bytes: status.checkpointBytes,
      ...saver.latest(),
    },
    sync: syncNow(),
    replies: { sent: status.replies, dropped: status.droppedWrites },
    labels: status.labels === null ? null : { ...status.labels },
    model: status.model,
    outputs: status.outputs,
  };
}

const samplesOf = (status: DaemonStatus, perSecond: number): Parts["samples"] => ({
  learned: status.samples,
  perSecond,
  declaredPerSecond: status.rate?.declared ?? null,
  missing: status.missing,
  damaged: status.damaged,
  rejected: status.rejected,
  unlabelled: status.unlabelled,
  passedInPause: status.passedInPause,
  unmatched: status.unmatched,
  dropped: status.dropped,
  unanswered: status.unanswered,
});

const trainingOf = (status: DaemonStatus, { samplesSeen }: PrequentialLearner): Parts["training"] => ({
  samplesSeen,
  updates: status.updates,
  skippedSteps: status.skippedSteps,
  loss: status.loss,
  drifts: status.drifts,
  paused: status.paused,
  loweredEffort: status.loweredEffort,
});

function scoresOf({ scores }: DaemonStatus): Parts["scores"] {
  if (!("confusion" in scores) || scores.confusion.length <= mostClassesInMatrix) return scores;
  const perClass = scores.perClass.length > mostClassesScored ? [] : scores.perClass;
  return { ...scores, confusion: [], perClass };
}

function fieldsOf({ daemon, fields, path }: Shown, { faults }: DaemonStatus): FieldStatus[] {
  const { config, learner } = daemon;
  const column = config.target?.column ?? null;
  const features = (sampleColumns(config) as string[]).filter((name) => name !== column);
  const importance = learner instanceof Ensemble ? learner.importance() : null;
  return fields.map(({ name, range }, index) => {
    const { notFinite = 0, outOfRange = 0, stuck = 0 } = faults.find(({ field }) => field === name) ?? {};
    const isTarget = name === column;
    return {
      name,
      isTarget,
      // Without statistics there is no server that asks.
      ...(path.fieldStatistics as NonNullable<typeof path.fieldStatistics>).summary(index),
      range: range ?? null,
      ...{ notFinite, outOfRange, stuck },
      importance: isTarget ? null : (importance?.[features.indexOf(name)] ?? null),
    };
  });
}

const pausedText = ({ anomaly, pauseLeftMs }: DaemonStatus) =>
  `samples are predicted, and not learned from${anomaly === null ? "" : "; no anomaly is reported"}${pauseLeftMs === null ? "" : `; learning continues in ${formatDuration(pauseLeftMs)}`}`;

const predictingText = ({ labels }: DaemonStatus) =>
  labels === null
    ? "no sample since the start had its target; samples are predicted only"
    : "no sample since the start has a label; samples are predicted only, until labels come from the device, a button, `rivulet label` or POST /labels";

function healthOf(
  status: DaemonStatus,
  fault: string | null,
  place: string,
  perSecond: number,
  isWatchOnly: boolean,
): { health: Health; reason: string } {
  const { source, samples, unlabelled, paused } = status;
  if (fault !== null) return { health: "hung", reason: fault };
  if (source === "ended" || source === "closed") return { health: "ended", reason: `${place} has ended` };
  if (paused) return { health: "paused", reason: pausedText(status) };
  if (source !== "open") {
    return { health: "waiting", reason: status.sourceTrouble ?? `the source ${place} is ${source}` };
  }
  if (samples === 0 && unlabelled === 0) return { health: "waiting", reason: "no sample has come yet" };
  if (samples === 0) return { health: "predicting", reason: predictingText(status) };
  if (isWatchOnly) return { health: "watching", reason: status.anomaly?.text ?? "" };
  return { health: "learning", reason: `${Number(perSecond.toPrecision(3))} samples a second` };
}

/** A checkpoint that is older than this many intervals is late. */
const lateIntervals = 3;
/** With fewer scored samples a simple rule may be ahead by chance. */
const fewestForSkill = 200;

function problemsOf(
  document: StatusDocument,
  status: DaemonStatus,
  { everyMs, syncEveryMs }: { everyMs: number; syncEveryMs: number },
  saveFailure: string | null,
): string[] {
  const { health, reason, scores, checkpoint } = document;
  const problems: string[] = [];
  if (health === "hung" || health === "waiting" || health === "predicting") problems.push(reason);
  for (const faults of status.faults) {
    if (faults.notFinite + faults.outOfRange + faults.stuck > 0)
      problems.push(`${faults.field}: ${faultsText(faults)}`);
  }
  if (document.anomaly?.isOpen) problems.push(document.anomaly.text);
  const { rate } = status;
  if (rate?.isFar) {
    const [measured, declared] = [rate.measured ?? 0, rate.declared].map((each) =>
      Number(each.toPrecision(3)),
    );
    const how = rate.isByOwnTimes ? "are in the data, by its own times" : "come";
    problems.push(`${measured} samples a second ${how}, and source.rate declares ${declared}`);
  }
  if ("skill" in scores && scores.samples >= fewestForSkill && scores.skill < 0) {
    const best = scores.baselines.reduce((a, b) => (b.loss < a.loss ? b : a));
    problems.push(`the simple rule "${best.name}" predicts better than what was learned`);
  }
  if (status.dropped > 0)
    problems.push(`${countWas(status.dropped, "sample")} dropped, because learning fell behind`);
  if (status.loweredEffort !== null)
    problems.push(`learning fell behind, and stepped down to effort ${status.loweredEffort}`);
  const { ageSeconds } = checkpoint;
  // Without samples there is nothing new to save.
  const isFed = health !== "waiting" && health !== "ended" && status.samples > 0;
  if (ageSeconds !== null && 1000 * ageSeconds > lateIntervals * everyMs && isFed)
    problems.push(`the latest checkpoint is ${formatDuration(1000 * ageSeconds)} old`);
  const { sync } = document;
  if (sync !== null && sync.problem !== null) problems.push(sync.problem);
  if (sync !== null && sync.dropped > 0)
    problems.push(
      `${countWas(sync.dropped, "checkpoint")} deleted before the host had ${sync.dropped === 1 ? "it" : "them"}`,
    );
  if (sync?.ageSeconds != null && 1000 * sync.ageSeconds > lateIntervals * syncEveryMs)
    problems.push(`nothing has reached the host for ${formatDuration(1000 * sync.ageSeconds)}`);
  const { model } = document;
  if (model?.state === "refused")
    problems.push(`version ${model.version} of the models is refused: ${model.reason}`);
  if (saveFailure !== null) problems.push(saveFailure);
  return problems;
}
