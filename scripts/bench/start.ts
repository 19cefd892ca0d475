/**
 * How long after it is started the daemon learns from its first sample, beside Node's own start: processes in turn, from
 * the call that starts each to the first line that says so. The sample waits for the port to open, then for the device
 * to send it and for the daemon to look, 10 ms at most.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { type FedDaemonOptions, frugal, startFedDaemon } from "./fed-daemon.ts";
import { type Spread, spreadOf } from "./timing.ts";

export interface StartFigures {
  subject: string;
  milliseconds: Spread;
  /** Of the medians, over bare Node. */
  overBare: number;
}

async function bareNode(): Promise<number> {
  const start = performance.now();
  await once(spawn(process.execPath, ["-e", "0"], { stdio: "ignore" }), "close");
  return performance.now() - start;
}

async function firstStep(settings: Partial<FedDaemonOptions>): Promise<number> {
  const daemon = await startFedDaemon({ rate: 1000, statusEvery: "1ms", ...settings });
  try {
    return await daemon.untilLearning;
  } finally {
    await daemon.stop();
  }
}

const subjects: Record<string, () => Promise<number>> = {
  "bare node, start to end": bareNode,
  "rivulet run, start to first step": () => firstStep({}),
  "the same, with the frugal settings": () => firstStep(frugal),
};

/** Measures all in turn, `rounds` times. */
export async function benchStart(rounds = 15): Promise<StartFigures[]> {
  const names = Object.keys(subjects);
  const values = names.map(() => [] as number[]);
  for (let round = 0; round < rounds; round++) {
    for (const [index, name] of names.entries()) values[index].push(await subjects[name]());
  }
  const spreads = values.map(spreadOf);
  return names.map((subject, index) => ({
    subject,
    milliseconds: spreads[index],
    overBare: spreads[index].median - spreads[0].median,
  }));
}

/** The figures as a table for people. */
export function printStart(figures: StartFigures[]): void {
  console.log(`Node ${process.version}, ${process.arch}. Milliseconds, medians (smallest to largest).\n`);
  for (const { subject, milliseconds, overBare } of figures) {
    const { median, minimum, maximum } = milliseconds;
    const range = `${median.toFixed(0)} (${minimum.toFixed(0)} to ${maximum.toFixed(0)})`;
    console.log(`${subject.padEnd(36)} ${range.padStart(20)}   +${overBare.toFixed(0)}`);
  }
}
