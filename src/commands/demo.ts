import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Config, configOf } from "../config/config.ts";
import { configuredNetworkLearner } from "../config/configured-learner.ts";
import { Daemon } from "../daemon/daemon.ts";
import { demoFirmware } from "../emulation/demo-firmware.ts";
import { type Board, startBoard } from "../emulation/start-board.ts";
import { RivuletError } from "../errors/errors.ts";
import type { ClassificationReport } from "../learner/classification-metrics.ts";
import { formatShare } from "../wording/quantities.ts";
import { wholeNumber } from "./command-line/call.ts";
import type { Invocation, Report } from "./command-line/command.ts";
import { untilSignalled } from "./command-line/signals.ts";
import { freeFolder, fromHere } from "./demo/folders.ts";
import { stopAtCheckpoint } from "./demo/last-checkpoint.ts";
import { type CourseEntry, createDemoView, type DemoState } from "./demo/view.ts";

/** How often the view is painted, in milliseconds. */
const tickMs = 100;
/** The examples that come with the package, wherever it is installed. */
const examples = fileURLToPath(new URL("../../devices/examples/", import.meta.url));

/** Trains on an emulated microcontroller behind a real pseudo-terminal, or watches a made machine for anomalies, and shows it. */
export async function run(invocation: Invocation): Promise<Report> {
  if (invocation.switches.has("anomaly")) {
    const { runAnomalyDemo } = await import("./demo/anomaly-demo.ts");
    return runAnomalyDemo(invocation, examples);
  }
  const seconds = wholeNumber(invocation, "seconds", 20, { minimum: 1, maximum: 86_400 });
  const directory = resolve(invocation.options["checkpoints"] ?? join("checkpoints", "demo"));
  const signalled = untilSignalled();
  const view = createDemoView(invocation.json);
  view.say("starting an emulated ATmega328P with devices/firmware/pump ...");
  const board = await startBoard(demoFirmware.path);
  try {
    return await watch(board, { seconds, directory, signalled, view });
  } finally {
    view.close();
    await board.close();
  }
}

interface Setting {
  seconds: number;
  directory: string;
  signalled: Promise<string>;
  view: ReturnType<typeof createDemoView>;
}

async function watch(board: Board, { seconds, directory, signalled, view }: Setting): Promise<Report> {
  const config = demoConfig(board.path, directory);
  const columns = demoFirmware.fields.map(({ name }) => name);
  const linear = configuredNetworkLearner(
    { ...config, model: { ...config.model, layers: ["dense"] } },
    columns,
  );
  const problems: string[] = [];
  const daemon = new Daemon(config, {
    log: ({ text, problem }) => problem && problems.push(text),
    beside: [linear],
  });
  await daemon.start();
  const started = performance.now();
  const state = (): DemoState => {
    const elapsed = (performance.now() - started) / 1000;
    const status = daemon.status() as DemoState["status"];
    return {
      seconds,
      elapsed: Math.min(elapsed, seconds),
      port: daemon.place,
      samplesPerSecond: status.samples / elapsed,
      status,
      linear: linear.report() as ClassificationReport,
      course,
      samplesPerRule: demoFirmware.samplesPerRule,
    };
  };
  const course: CourseEntry[] = [];
  const timer = setInterval(() => {
    const now = state();
    // By the clock: a busy machine skips ticks. One entry a second, and none for a second without a tick.
    const second = Math.floor(now.elapsed);
    const isNew = second > (course.at(-1)?.second ?? 0);
    if (isNew) course.push(entryOf(now, second));
    view.show(now, isNew);
  }, tickMs);
  let timeUp: NodeJS.Timeout | undefined;
  await Promise.race([
    signalled,
    board.ended,
    new Promise((resolve) => {
      timeUp = setTimeout(resolve, seconds * 1000);
    }),
  ]);
  clearTimeout(timeUp);
  clearInterval(timer);
  const last = state();
  const checkpoint = await stopAtCheckpoint(daemon);
  view.show(last, false);
  if (checkpoint === null) {
    throw new RivuletError(
      "demo.failed",
      `the demo ended without a checkpoint: ${problems.join("; ") || "no sample arrived"}`,
    );
  }
  return reportOf(last, checkpoint);
}

/** The demo in the words of a config file. */
function demoConfig(path: string, directory: string): Config {
  const { baudRate, fields, label, classes } = demoFirmware;
  const config = {
    name: "demo",
    source: {
      serial: { path, baudRate },
      fields: fields.map(({ name, type, scale, offset }) => ({ name, type, scale, offset })),
    },
    target: { column: label, classes: classes.length },
    checkpoint: { directory: freeFolder(directory), every: "10s" },
  };
  return configOf(config, "the demo");
}

function entryOf({ status, linear }: DemoState, second: number): CourseEntry {
  return {
    second,
    samples: status.samples,
    accuracy: status.scores.fadingAccuracy,
    linearAccuracy: linear.fadingAccuracy,
    loss: status.loss,
  };
}

function reportOf(
  { status, linear, course, elapsed, samplesPerSecond }: DemoState,
  checkpoint: string,
): Report {
  const { scores, ...counts } = status;
  const file = fromHere(checkpoint);
  const drifts = Math.floor(status.samples / demoFirmware.samplesPerRule);
  const changed =
    drifts === 0 ? "" : `, and the rule has changed ${drifts === 1 ? "once" : `${drifts} times`}`;
  const next = [
    `npx rivulet inspect ${file}`,
    `npx rivulet replay --data ${fromHere(`${examples}pump.csv`)}`,
    `npx rivulet plan ${fromHere(`${examples}pump.yaml`)}`,
  ];
  return {
    data: {
      seconds: elapsed,
      samplesPerSecond,
      ...counts,
      accuracy: scores.accuracy,
      slidingAccuracy: scores.slidingAccuracy,
      baselineAccuracy: scores.baselineAccuracy,
      linearAccuracy: linear.accuracy,
      linearSlidingAccuracy: linear.slidingAccuracy,
      metrics: scores,
      course,
      checkpoint,
      next,
    },
    text: [
      "",
      `The ensemble was right about ${formatShare(scores.slidingAccuracy)} of the last ${Math.min(scores.samples, 500)} samples, each predicted before it was learned from${changed}.`,
      `A linear model on the same samples reaches ${formatShare(linear.slidingAccuracy)}; always naming the most frequent class ${formatShare(scores.baselineAccuracy)}.`,
      `What it learned is in ${file}, and would continue from there bit for bit.`,
      "",
      "Try next:",
      ...next.map((command) => `  ${command}`),
    ].join("\n"),
  };
}
