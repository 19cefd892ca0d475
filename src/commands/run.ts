import { fstatSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Config, loadConfig } from "../config/config.ts";
import { Daemon } from "../daemon/daemon.ts";
import type { DaemonStatus } from "../daemon/daemon-status.ts";
import type { LabelOutcome } from "../daemon/labels/late-labels.ts";
import { createJsonLog, createPlainLog, type Log } from "../daemon/log.ts";
import { LogLimit } from "../daemon/log-limit.ts";
import { qualityText } from "../daemon/quality.ts";
import { lossText, type Reception } from "../daemon/reception.ts";
import type { Service, ServiceOptions } from "../device/systemd.ts";
import { UsageError } from "../errors/errors.ts";
import {
  createLogOutput,
  type Output,
  standardError,
  standardOutput,
  writtenBytes,
} from "../machine/output.ts";
import { rivuletVersion } from "../machine/version.ts";
import { clockText } from "../samples/sample-clock.ts";
import { faultsText } from "../samples/sample-validator.ts";
import { formatCount, formatDuration, formatRate, formatSize, parseDuration } from "../wording/quantities.ts";
import type { Invocation } from "./command-line/command.ts";
import { untilSignalled } from "./command-line/signals.ts";

/** A process that gets SIGTERM must end within a second, with its checkpoint. */
const signalledMs = 500;

/** Runs the daemon: learns from a source until a signal, or until the source ends. */
export async function run({ positionals: [file], options, json }: Invocation): Promise<null> {
  const statusEvery = options["status-every"] ?? "1min";
  const statusEveryMs = parseDuration(statusEvery);
  if (statusEveryMs === null || statusEveryMs <= 0) {
    throw new UsageError(
      `--status-every must be a duration such as 30s or 1min, up to 24d, found "${statusEvery}"`,
    );
  }
  const config = loadConfig(file);
  // Loaded only where systemd listens, as child processes cost memory.
  const systemd = process.env["NOTIFY_SOCKET"] === undefined ? null : await import("../device/systemd.ts");
  // In a pipe the predictions have standard output to themselves.
  const problems = createLogOutput(standardError);
  const out = config.predictions?.stdout ? problems : createLogOutput(standardOutput);
  const isLive = !json && systemd === null && options["status-every"] === undefined && isTerminal();
  const { log, limit } = createLog(json, out, problems, options["status-every"] !== undefined);
  const screen = isLive ? (await import("./live/watched-run.ts")).createRunView(log) : null;
  // A service starts at boot, perhaps before its port exists: it waits for it.
  const waiting = systemd && { waitForPort: true, reopenCeilingMs: systemd.longestLookMs(process.env) };
  const daemon = new Daemon(config, {
    log: screen?.log ?? log,
    recording: options["record"] ?? null,
    version: rivuletVersion(),
    isWatched: isLive,
    ...waiting,
  });
  // Registered before the port opens, so that a signal in the meantime is not lost.
  const signalled = untilSignalled();
  await daemon.start();
  const service = systemd && (await serviceOf(daemon, systemd.createService, log));
  service?.ready();
  const endSync = await syncTimer(config, file, systemd !== null, log);
  screen?.start(await daemon.view());
  const tell = statusTeller(daemon, log, limit);
  const stopTelling = isLive ? () => {} : tellRegularly(daemon, () => tell("status"), statusEveryMs);
  let withinMs: number | undefined;
  let hasEnded = true;
  try {
    // At its end a source says so itself, and then all that it gave is learned.
    const signal = await Promise.race([signalled, daemon.ended]);
    screen?.close();
    if (signal !== undefined) {
      withinMs = signalledMs;
      hasEnded = false;
      log({ event: "stop", text: `${signal}: stopping` });
    }
  } finally {
    // Also where the rest of a file cannot be read: what was learned from its beginning is kept.
    screen?.close();
    stopTelling();
    endSync?.();
    service?.stopping();
    await daemon.stop(withinMs, () => tell("totals"));
  }
  const fault = await daemon.notUnderstood(hasEnded);
  if (fault !== null) throw fault;
  return null;
}

/** Whether standard output is a terminal. Asks Node's streams only where it may be, as they cost memory. */
function isTerminal(): boolean {
  try {
    return fstatSync(1).isCharacterDevice() && process.stdout.isTTY && process.env["TERM"] !== "dumb";
  } catch {
    return false; // it is closed
  }
}

function createLog(
  json: boolean,
  out: Output,
  problems: Output,
  isStatusAsked: boolean,
): { log: Log; limit: LogLimit } {
  // Who names an interval gets every one of these lines; the default is limited to what a card can bear.
  const limit = new LogLimit({ unlimited: isStatusAsked ? ["status"] : [] });
  const log = json ? createJsonLog(out, limit) : createPlainLog(out, problems, { limit });
  return { log, limit };
}

/** Logs all that matters on one line, with the rate of samples since the time before. */
function statusTeller(daemon: Daemon, log: Log, limit: LogLimit): (event: "status" | "totals") => void {
  let before = { samples: 0, at: process.uptime() };
  const predicts = daemon.config.target !== null;
  return (event) => {
    const status = daemon.status();
    const now = { samples: status.samples, at: process.uptime() };
    const rate = (now.samples - before.samples) / (now.at - before.at);
    before = now;
    const logBytes = writtenBytes();
    log({
      event,
      text: statusLine(
        status,
        daemon.reception(),
        rate,
        status.checkpointBytes + logBytes,
        limit.leftOut,
        predicts,
      ),
      details: { ...status, logBytes, logLinesLeftOut: limit.leftOut, samplesPerSecond: rate },
    });
  };
}

/** Longest time from the first sample to the first status line. */
const firstStatusMs = 1000;

/** Calls now and then, for the first time soon after the first sample; returns what ends it. */
function tellRegularly(daemon: Daemon, tell: () => void, everyMs: number): () => void {
  const timer = setInterval(tell, everyMs);
  const first = setInterval(() => {
    if (daemon.pulse().handled === 0) return;
    clearInterval(first);
    if (everyMs > firstStatusMs) tell();
  }, firstStatusMs);
  return () => {
    clearInterval(timer);
    clearInterval(first);
  };
}

const commandLine = fileURLToPath(new URL("../../dist/bin/rivulet.cjs", import.meta.url));

/** Sends checkpoints from time to time where no timer of systemd does; returns what ends that, null where nothing began. */
async function syncTimer(
  { sync }: Config,
  file: string,
  isService: boolean,
  log: Log,
): Promise<(() => void) | null> {
  if (sync === null || isService) return null;
  const { startSyncTimer } = await import("./run/sync-timer.ts");
  return startSyncTimer({ cli: commandLine, file, everyMs: sync.everyMs, log });
}

/** Notifies systemd of what the daemon does. */
async function serviceOf(
  daemon: Daemon,
  createService: (options: ServiceOptions) => Service,
  log: Log,
): Promise<Service> {
  const { createWatchdog } = await import("../device/watchdog.ts");
  const watchdog = createWatchdog(daemon.pulse());
  const standing = {
    opening: "opening",
    open: "at",
    waiting: "waiting for",
    silent: "silence from",
    ended: "at the end of",
    closed: "done with",
  };
  return createService({
    environment: process.env,
    fault: () => watchdog.look(daemon.pulse()),
    status: () => {
      const status = daemon.status();
      return `${standing[status.source]} ${daemon.place}; ${status.samples} samples; ${daemon.config.target === null ? status.anomaly?.text : qualityText(status.scores)}`;
    },
    onTrouble: (text) => log({ event: "service-trouble", text, problem: true }),
  });
}

/** Labels that came late, by what became of them. */
function lateLabelsText(labels: LabelOutcome): string[] {
  const counts = Object.entries(labels).filter(([, count]) => count > 0);
  return counts.length === 0
    ? []
    : [`late labels ${counts.map(([name, count]) => `${count} ${name}`).join(", ")}`];
}

/** All that matters on one line. `written`: bytes of checkpoints and log; `leftOut`: lines that the log left out. */
function statusLine(
  status: DaemonStatus,
  reception: Reception,
  rate: number,
  written: number,
  leftOut: number,
  predicts: boolean,
): string {
  const losses = lossText(reception, [
    [status.missing, "missing"],
    [status.damaged, "damaged"],
    [status.rejected, "rejected"],
    [status.unmatched, "unmatched"],
    [status.dropped, "dropped"],
    [status.unanswered, "unanswered"],
    [status.skippedSteps, "steps skipped"],
    [status.droppedWrites, "replies not sent"],
  ]);
  const { rate: declared } = status;
  return [
    `${status.samples} samples, ${status.paused ? "paused" : `${rate.toFixed(1)} a second`}`,
    ...(predicts ? [qualityText(status.scores), `loss ${status.loss.toPrecision(3)}`] : []),
    ...(status.anomaly === null ? [] : [status.anomaly.text]),
    losses ?? "none lost",
    ...status.faults.map((faults) => `${faults.field} ${faultsText(faults)}`),
    ...(status.clock === null ? [] : [clockText(status.clock)].flatMap((text) => text ?? [])),
    ...status.glitches.map(({ field, count }) => `${field} ${formatCount(count, "glitch", "glitches")}`),
    ...(status.recoveries > 0 ? [formatCount(status.recoveries, "recovery", "recoveries")] : []),
    ...(status.loweredEffort === null ? [] : [`effort ${status.loweredEffort}`]),
    ...(declared?.isFar ? [`${formatRate(declared.declared)} declared`] : []),
    ...(status.unlabelled > 0 ? [`${status.unlabelled} unlabelled`] : []),
    ...(status.labels === null ? [] : lateLabelsText(status.labels)),
    ...(status.drifts > 0 ? [status.drifts === 1 ? "1 drift" : `${status.drifts} drifts`] : []),
    ...(status.replies > 0 ? [`${status.replies} replies`] : []),
    ...(status.source === "open" || status.source === "ended" ? [] : [`source ${status.source}`]),
    ...(leftOut > 0 ? [`${leftOut} log lines left out`] : []),
    `${formatSize(written)} written, saved every ${formatDuration(status.checkpointEveryMs)}`,
    `${formatSize(status.residentBytes)} resident`,
  ].join("; ");
}
