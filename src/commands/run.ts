import { loadConfig } from "../daemon/config.ts";
import { Daemon, type DaemonStatus } from "../daemon/daemon.ts";
import { createJsonLog, createPlainLog } from "../daemon/log.ts";
import { formatSize, parseDuration } from "../daemon/quantities.ts";
import { UsageError } from "../errors.ts";
import { standardError, standardOutput } from "../output.ts";
import type { Invocation } from "./command.ts";
import { untilSignalled } from "./signals.ts";

/** Learns from a source until told to stop, or until there is no more to come. */
export async function run({ positionals: [file], options, json }: Invocation): Promise<null> {
  const statusEvery = options["status-every"] ?? "1min";
  const statusEveryMs = parseDuration(statusEvery);
  if (statusEveryMs === null || statusEveryMs <= 0) {
    throw new UsageError(
      `--status-every must be a duration such as 30s or 1min, up to 24d, found "${statusEvery}"`,
    );
  }
  const config = loadConfig(file);
  const log = json ? createJsonLog(standardOutput) : createPlainLog(standardOutput, standardError);
  const daemon = new Daemon(config, { log });
  // Listened for before the port is open: a stop that comes meanwhile is not lost.
  const signalled = untilSignalled();
  await daemon.start();
  let before = { samples: 0, at: process.uptime() };
  const timer = setInterval(() => {
    const status = daemon.status();
    const now = { samples: status.samples, at: process.uptime() };
    const rate = (now.samples - before.samples) / (now.at - before.at);
    before = now;
    log({ event: "status", text: statusLine(status, rate), details: { ...status, samplesPerSecond: rate } });
  }, statusEveryMs);
  try {
    // At its end a source says so itself.
    const signal = await Promise.race([signalled, daemon.ended]);
    if (signal !== undefined) log({ event: "stop", text: `${signal}: stopping` });
  } finally {
    // Also where the rest of a file cannot be read: what was learned from its beginning is kept.
    clearInterval(timer);
    await daemon.stop();
  }
  return null;
}

/** All that matters on one line. */
function statusLine(status: DaemonStatus, rate: number): string {
  const { scores } = status;
  const quality =
    "accuracy" in scores
      ? `accuracy ${percent(scores.slidingAccuracy)} lately, ${percent(scores.accuracy)} in all (baseline ${percent(scores.baselineAccuracy)})`
      : `mean absolute error ${scores.fadingMae.toPrecision(4)} lately, ${scores.mae.toPrecision(4)} in all (baseline ${scores.baselineMae.toPrecision(4)})`;
  const troubles = [
    [status.missing, "missing"],
    [status.damaged, "damaged"],
    [status.rejected, "rejected"],
    [status.dropped, "dropped"],
    [status.unanswered, "unanswered"],
    [status.skippedSteps, "steps skipped"],
  ].flatMap(([count, name]) => (count ? [`${count} ${name}`] : []));
  return [
    `${status.samples} samples, ${status.paused ? "paused" : `${rate.toFixed(1)} a second`}`,
    quality,
    `loss ${status.loss.toPrecision(3)}`,
    troubles.length === 0 ? "none lost" : troubles.join(", "),
    ...(status.source === "open" || status.source === "ended" ? [] : [`source ${status.source}`]),
    `${formatSize(status.residentBytes)} resident`,
  ].join("; ");
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
