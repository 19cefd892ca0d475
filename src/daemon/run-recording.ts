/** Records what a daemon learns from: its samples, and between them labels that come late, pauses and the like. */
import { existsSync } from "node:fs";
import { RivuletError } from "../errors/errors.ts";
import { loweredEffort } from "../learner/effort.ts";
import { RecordingFile } from "../recording/recording-file.ts";
import type { ConfiguredSource } from "./configured-source.ts";
import type { Log } from "./log.ts";
import type { SamplePath } from "./sample-path.ts";

/** A recording under way. */
export interface RunRecording {
  /** Writes what is left and closes the file. A failure is logged: what was learned is not lost with it. */
  close(): Promise<void>;
}

/**
 * Records the samples of a path from now on. A file that exists is kept, and the recording gets a number after its name:
 * the service starts again after a crash. Where the disk fails, recording ends, and learning continues.
 * @throws RivuletError where the file cannot be made
 */
export function recordRun(
  path: string,
  name: string,
  { ring, fields, place }: ConfiguredSource,
  samples: SamplePath,
  log: Log,
): RunRecording {
  const file = freePath(path);
  const { learner } = samples.stations;
  const header = {
    name,
    createdAt: new Date().toISOString(),
    source: place,
    fields: [...fields],
    hasEvents: true,
  };
  const recording = new RecordingFile(file, header, samples.taken + 1);
  recording.event({ kind: "begin", after: samples.taken, learned: learner.samplesSeen });
  recording.event(samples.clockEvent());
  // Labels and pauses are of no use without the pause that they come in.
  if (samples.isPaused) recording.event({ kind: "pause", after: samples.taken });
  const effort = loweredEffort(learner);
  if (effort !== null) recording.event({ kind: "effort", after: samples.taken, effort });
  samples.recorder = {
    sample(values, offset) {
      const slot = ring.frontSlot;
      recording.append(values, offset, ring.measuredAt[slot], ring.sequences[slot], ring.deviceTimes[slot]);
    },
    event: (event) => recording.event(event),
  };
  log({ event: "recording", text: `recording samples and events to ${file}`, details: { path: file } });
  const fail = (error: unknown) => {
    if (samples.recorder === null) return;
    samples.recorder = null;
    if (!(error instanceof RivuletError)) throw error;
    log({
      event: "recording-fails",
      text: `${error.message}; recording ends, learning continues`,
      problem: true,
    });
  };
  recording.failed.catch(fail);
  return { close: () => recording.close().catch(fail) };
}

/** The path, or that with the first number after its name that no file has: `pump.rec`, `pump-2.rec`. */
function freePath(path: string): string {
  if (!existsSync(path)) return path;
  const dot = path.lastIndexOf(".");
  const end = dot > path.lastIndexOf("/") + 1 ? dot : path.length;
  for (let count = 2; ; count++) {
    const next = `${path.slice(0, end)}-${count}${path.slice(end)}`;
    if (!existsSync(next)) return next;
  }
}
