/** The demonstration of `rivulet demo --anomaly`: normal is learned, and faults are reported. */
import { join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type Config, configOf } from "../../config/config.ts";
import { Daemon } from "../../daemon/daemon.ts";
import type { LogEntry } from "../../daemon/log.ts";
import { RivuletError } from "../../errors/errors.ts";
import type { AnomalyStatus } from "../../status/document.ts";
import { formatCount, formatDuration } from "../../wording/quantities.ts";
import { wholeNumber } from "../command-line/call.ts";
import type { Invocation, Report } from "../command-line/command.ts";
import { untilSignalled } from "../command-line/signals.ts";
import { type AnomalyDemoState, createAnomalyView, type Moment, type ToldEntry } from "./anomaly-view.ts";
import { freeFolder, fromHere } from "./folders.ts";
import { stopAtCheckpoint } from "./last-checkpoint.ts";
import {
  type MadeMachine,
  machineColumns,
  machineCourse,
  machineIntervalMs,
  machineSpeed,
  startMachine,
} from "./made-machine.ts";

/** How often the view is painted, in milliseconds. */
const tickMs = 100;
const ticksPerSecond = 10;
/** What the daemon says of anomalies. */
const shownEvents = new Set(["anomaly-begin", "anomaly-warm", "anomaly", "anomaly-end"]);

/**
 * Watches a made machine for anomalies, and shows it.
 *
 * @param examples folder of the examples, which what to try next names
 */
export async function runAnomalyDemo(invocation: Invocation, examples: string): Promise<Report> {
  // In less, the second fault would begin before the first is over.
  const seconds = wholeNumber(invocation, "seconds", 30, { minimum: 8, maximum: 3600 });
  const directory = freeFolder(resolve(invocation.options["checkpoints"] ?? join("checkpoints", "demo")));
  const signalled = untilSignalled();
  const view = createAnomalyView(invocation.json);
  const machine = startMachine(machineCourse(seconds));
  try {
    return await watch(machine, { seconds, directory, examples, signalled, view });
  } finally {
    view.close();
    machine.close();
  }
}

interface Setting {
  seconds: number;
  directory: string;
  examples: string;
  signalled: Promise<string>;
  view: ReturnType<typeof createAnomalyView>;
}

async function watch(
  machine: MadeMachine,
  { seconds, directory, examples, signalled, view }: Setting,
): Promise<Report> {
  const told: ToldEntry[] = [];
  const problems: string[] = [];
  let taken = () => 0;
  const log = ({ event, text, problem }: LogEntry) => {
    const machineMs = taken() * machineIntervalMs;
    if (shownEvents.has(event)) told.push({ event, machineMs, text });
    else if (problem) problems.push(text);
  };
  const daemon = new Daemon(demoConfig(machine.path, directory), { log, isWatched: true });
  taken = () => daemon.status().sequence;
  await daemon.start();
  const { document } = await daemon.view();
  const started = performance.now();
  const course: Moment[] = [];
  const state = (): AnomalyDemoState => {
    const { anomaly, fields } = document();
    return {
      ...{ seconds, port: daemon.place, fields, course, told },
      elapsed: Math.min((performance.now() - started) / 1000, seconds),
      samples: taken(),
      anomaly: anomaly as AnomalyStatus,
    };
  };
  let ticks = 0;
  const timer = setInterval(() => {
    const now = state();
    course.push({ values: now.fields.map(({ latest }) => latest ?? 0), evidence: now.anomaly.evidence });
    view.show(now, ++ticks % ticksPerSecond === 0);
  }, tickMs);
  await Promise.race([signalled, machine.ended.then(() => untilQuiet(taken))]);
  clearInterval(timer);
  const checkpoint = await stopAtCheckpoint(daemon);
  const last = state();
  view.show(last, false);
  if (checkpoint === null || last.samples === 0) {
    throw new RivuletError(
      "demo.failed",
      `the demo ended without a sample of ${machine.sent}: ${problems.join("; ") || "none arrived"}`,
    );
  }
  return reportOf(last, daemon, checkpoint, examples);
}

/** Waits until nothing that was sent waits in the port any more: closing it discards that. */
async function untilQuiet(taken: () => number): Promise<void> {
  for (let before = -1; taken() !== before; ) {
    before = taken();
    await setTimeout(tickMs);
  }
}

/** The demonstration in the words of a config file. */
function demoConfig(path: string, directory: string): Config {
  const config = {
    name: "demo",
    source: {
      serial: { path, baudRate: 115_200 },
      framing: "lines",
      fields: ["time", ...machineColumns],
      time: { column: "time", unit: "ms" },
    },
    anomaly: { alarmsPerWeek: 2 },
    checkpoint: { directory, every: "10s" },
  };
  return configOf(config, "the demo");
}

function reportOf(
  { anomaly, elapsed, samples, told }: AnomalyDemoState,
  daemon: Daemon,
  checkpoint: string,
  examples: string,
): Report {
  const { damaged, missing, dropped, rejected } = daemon.status();
  const file = fromHere(checkpoint);
  const next = [
    `npx rivulet inspect ${file}`,
    `npx rivulet replay --anomaly --data ${fromHere(`${examples}pump.csv`)} --interval 1min`,
  ];
  const machineMs = samples * machineIntervalMs;
  return {
    data: {
      ...{ seconds: elapsed, speed: machineSpeed, samples, machineSeconds: machineMs / 1000 },
      ...{ damaged, missing, dropped, rejected, anomaly, told, checkpoint, next },
    },
    text: [
      "",
      `In ${formatDuration(machineMs)} of a clock that ran ${machineSpeed} times faster than yours it reported ${formatCount(anomaly.alarms, "anomaly", "anomalies")}:`,
      ...[...anomaly.episodes]
        .reverse()
        .map(({ number, text, outcome }) => `  ${number}  ${text}; ${outcome ?? "it goes on"}`),
      "",
      `What it knows is in ${file}, and would continue from there bit for bit.`,
      "",
      "Try next:",
      ...next.map((command) => `  ${command}`),
    ].join("\n"),
  };
}
