import { loadConfig } from "../config/config.ts";
import { createClockWatch } from "../daemon/clock-watch.ts";
import { type ConfiguredSource, configuredSource } from "../daemon/configured-source.ts";
import { createPlainLog, type Log } from "../daemon/log.ts";
import { lossText, notUnderstood, type Reception, receptionOf } from "../daemon/reception.ts";
import { SampleReader } from "../daemon/sample-reader.ts";
import type { RivuletError } from "../errors/errors.ts";
import { createLogOutput, standardError, standardOutput } from "../machine/output.ts";
import { RecordingFile } from "../recording/recording-file.ts";
import { steadyClock } from "../samples/sources/clock.ts";
import { formatSize } from "../wording/quantities.ts";
import { required, wholeNumber } from "./command-line/call.ts";
import type { Invocation, Report } from "./command-line/command.ts";
import { untilSignalled } from "./command-line/signals.ts";
import { facts } from "./terminal/text-table.ts";

const lineEveryMs = 1000;
/** A recording may take weeks: after the first minute a line each minute is enough, and spares the card. */
const secondsOfEagerLines = 60;
const laterLineEverySeconds = 60;

/** Writes the samples of a source to a recording until it is stopped. */
export async function run(invocation: Invocation): Promise<Report> {
  const { positionals, json } = invocation;
  const out = required(invocation, "record", "out", "FILE");
  // Node's timers count milliseconds in 31 bits.
  const seconds = wholeNumber(invocation, "seconds", 0, { minimum: 1, maximum: 2_000_000 });
  const config = loadConfig(positionals[0]);
  const log = createPlainLog(
    createLogOutput(json ? standardError : standardOutput),
    createLogOutput(standardError),
  );
  const input = configuredSource(config, log);
  const { source, ring, fields, place } = input;
  const signalled = untilSignalled();
  const recording = new RecordingFile(out, {
    name: config.name,
    createdAt: new Date().toISOString(),
    source: place,
    fields: [...fields],
  });
  const reader = new SampleReader(input, (values, offset) => {
    const slot = ring.frontSlot;
    recording.append(values, offset, ring.measuredAt[slot], ring.sequences[slot], ring.deviceTimes[slot]);
  });
  const result = () => resultOf(recording, input);
  try {
    await reader.open();
  } catch (error) {
    recording.discard();
    throw error;
  }
  const line = reportProgress(log, result);
  const timer = timeOf(seconds);
  let hasEnded = false;
  let fault: RivuletError | null = null;
  try {
    const ends = [signalled, timer.over, recording.failed, ...(source.ended ? [source.ended] : [])];
    const reason = await Promise.race(ends);
    hasEnded = reason === undefined;
    if (reason !== undefined) log({ event: "stop", text: `${reason}: stopping` });
  } finally {
    clearInterval(line);
    timer.stop();
    await reader.close();
    for (const watched of input.watched) watched.stopWatching();
    fault = await notUnderstood(input, hasEnded);
    if (fault === null) await recording.close();
    else recording.discard();
  }
  if (fault !== null) throw fault;
  return reportOf(out, place, result());
}

/** A promise that is kept after the given time, never where that is 0. */
function timeOf(seconds: number): { over: Promise<string>; stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<string>((resolve) => {
    if (seconds > 0) timer = setTimeout(() => resolve(`${seconds} s have passed`), 1000 * seconds);
  });
  return { over, stop: () => clearTimeout(timer) };
}

function reportOf(out: string, source: string, { reception, ...counts }: Result): Report {
  const { refused, unfinishedBytes } = reception;
  return {
    data: { out, source, ...counts, refused, unfinishedBytes },
    text: facts([
      ["recording", `${out}, ${formatSize(counts.bytes)}`],
      ["samples", `${counts.samples}; ${troubles({ ...counts, reception })}`],
      ["source", source],
    ]),
  };
}

interface Result {
  samples: number;
  synced: number;
  bytes: number;
  missing: number;
  damaged: number;
  unmatched: number;
  dropped: number;
  reception: Reception;
}

function resultOf({ counts }: RecordingFile, input: ConfiguredSource): Result {
  const { source, decoder, ring } = input;
  return {
    samples: counts.samples,
    synced: counts.syncedSamples,
    bytes: counts.bytes,
    missing: decoder.counts.missing,
    damaged: decoder.counts.damaged,
    unmatched: decoder.counts.unmatched ?? 0,
    dropped: ring.dropped + (source.counts.discarded ?? 0),
    reception: receptionOf(input),
  };
}

function reportProgress(log: Log, result: () => Result): NodeJS.Timeout {
  const beganAt = process.uptime();
  let before = { samples: 0, at: beganAt };
  const lookAtClock = createClockWatch(steadyClock, log);
  return setInterval(() => {
    lookAtClock();
    const at = process.uptime();
    if (at - beganAt > secondsOfEagerLines && at - before.at < laterLineEverySeconds) return;
    const now = result();
    const rate = (now.samples - before.samples) / (at - before.at);
    before = { samples: now.samples, at };
    log({
      event: "status",
      text: `${now.samples} samples, ${rate.toFixed(1)} a second; ${now.synced} on the disk in ${formatSize(now.bytes)}; ${troubles(now)}`,
    });
  }, lineEveryMs);
}

function troubles({ missing, damaged, unmatched, dropped, reception }: Result): string {
  const others = Object.entries({ missing, damaged, unmatched, dropped });
  return (
    lossText(
      reception,
      others.map(([name, count]) => [count, name]),
    ) ?? "none lost"
  );
}
