/**
 * How long after it is started the daemon learns from its first sample, beside Node's own start: processes in turn, from
 * the call that starts each to the first line that says so. The sample waits for the port to open, then for the device
 * to send it and for the daemon to look, 10 ms at most.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { type FedDaemonOptions, frugal, startFedDaemon } from "../../src/commands/bench/fed-daemon.ts";
import type { Figure } from "../../src/commands/bench/figure.ts";
import { spreadOf, takeInTurn } from "../../src/commands/bench/timing.ts";
import { program } from "./program.ts";

async function bareNode(): Promise<number> {
  const start = performance.now();
  await once(spawn(process.execPath, ["-e", "0"], { stdio: "ignore" }), "close");
  return performance.now() - start;
}

async function firstStep(settings: Partial<FedDaemonOptions>): Promise<number> {
  const daemon = await startFedDaemon({ program, rate: 1000, statusEvery: "1ms", ...settings });
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

/** Measures all in turn, twice as often as `rounds`: starting varies more than running. */
export async function startFigures(rounds: number): Promise<Figure[]> {
  const spreads = (await takeInTurn(Object.values(subjects), 2 * rounds)).map(spreadOf);
  const bare = spreads[0].median;
  return Object.keys(subjects).map((name, index) => ({
    group: "start",
    name,
    value: spreads[index],
    unit: "ms",
    note: `${(spreads[index].median - bare).toFixed(0)} over bare node`,
  }));
}
