/** Labels that come 1 to 500 samples late, one in twenty never, in random order: joined, learned from, replayed. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { recordRun } from "../../../src/daemon/run-recording.ts";
import { createRandom } from "../../../src/engine/model/random.ts";
import type { Effort } from "../../../src/learner/effort.ts";
import { Ensemble } from "../../../src/learner/ensemble.ts";
import { HeldSamples } from "../../../src/learner/held-samples.ts";
import type { PrequentialLearner } from "../../../src/learner/prequential-learner.ts";
import { recordingFile } from "../../../src/library/data-files.ts";
import { evaluatePrequentially } from "../../../src/training/prequential.ts";
import { temporaryFolder } from "../../checkpoint/folder.ts";
import { gaussian } from "../../learner/made-streams.ts";
import { pathOf } from "../path.ts";

const samples = 3000;
const kept = 700;
const longestDelay = 500;

/** Samples of the path come from 1970 on, one every 10 ms: none is too old for its label. */
const clock = { now: () => 0, systemAhead: () => 0 };

interface Stream {
  /** [samples, 2] */
  features: Float64Array;
  labels: number[];
  /** Numbers of the samples whose labels come after each sample, in random order. */
  due: number[][];
}

/** A price that walks and a demand; the label is whether the price is above its mean of the last 48 samples. */
function makeStream(isNumber: boolean): Stream {
  const { uniform } = createRandom(21);
  const features = new Float64Array(2 * samples);
  const labels: number[] = [];
  const due: number[][] = Array.from({ length: samples + longestDelay + 1 }, () => []);
  let price = 0;
  for (let sample = 0; sample < samples; sample++) {
    price = 0.95 * price + gaussian(uniform);
    features.set(
      [Math.fround(price), Math.fround(Math.sin(sample / 24) + 0.3 * gaussian(uniform))],
      2 * sample,
    );
    let mean = 0;
    for (let back = 0; back < 48; back++) mean += features[2 * Math.max(0, sample - back)] / 48;
    labels.push(isNumber ? Math.fround(40 + 3 * (price - mean)) : Number(price > mean));
    const delay = 1 + Math.floor(longestDelay * uniform());
    if (uniform() >= 0.05) due[sample + delay].push(sample + 1);
  }
  for (const each of due) each.sort(() => uniform() - 0.5);
  return { features, labels, due };
}

const configs = {
  "an ensemble for classes": {
    isNumber: false,
    text: "target: { column: label, classes: 2 }\ntraining: { effort: low }",
  },
  "an ensemble for a number": {
    isNumber: true,
    text: "target: { column: label }",
  },
  "a network in batches": {
    isNumber: false,
    text: "target: { column: label, classes: 2 }\nmodel: { layers: [{ dense: 8 }, tanh, dense] }\ntraining: { batchSize: 4 }",
  },
};

/** An ensemble steps down in between, unless it began at low. */
const efforts: readonly (readonly [after: number, Effort])[] = [
  [1200, "normal"],
  [1700, "low"],
];

const isLowered = (learner: PrequentialLearner): learner is Ensemble =>
  learner instanceof Ensemble && learner.describe().model.ensemble.effort !== "low";

const configFor = (text: string) =>
  `
source:
  tcp: { host: 127.0.0.1, port: 9 }
  framing: lines
  fields: [price, demand]
labels: { samples: ${kept}, keep: 24d }
${text}
`;

/** Lets the samples come, and posts each label when it is due; the process ends and begins again after `restartAfter`. */
async function live(config: string, { features, labels, due }: Stream, file: string, restartAfter = -1) {
  let bench = pathOf(config, [], clock);
  const recording = recordRun(file, "bench", bench.input, bench.path, bench.log);
  const row = new Float64Array(2);
  const outcomes = { joined: 0, corrected: 0, expired: 0, unknown: 0, repeated: 0 };
  for (let sample = 0; sample < due.length; sample++) {
    if (sample < samples) {
      row.set(features.subarray(2 * sample, 2 * sample + 2));
      bench.take(row);
    }
    const text = due[sample]
      .map((sequence) => JSON.stringify({ sequence, label: labels[sequence - 1] }))
      .join("\n");
    if (text !== "") {
      const outcome = bench.path.stations.lateLabels?.post(text) ?? outcomes;
      for (const key of Object.keys(outcomes) as (keyof typeof outcomes)[]) outcomes[key] += outcome[key];
      bench.path.stations.lateLabels?.flush();
    }
    if (isLowered(bench.learner)) {
      for (const [after, effort] of efforts) if (sample === after) bench.path.setEffort(effort);
    }
    if (sample === restartAfter) bench = restarted(bench, config);
  }
  await recording.close();
  return { ...bench, outcomes };
}

/** Another process that continues from the state of the first. */
function restarted(before: ReturnType<typeof pathOf>, config: string): ReturnType<typeof pathOf> {
  const after = pathOf(config, [], clock);
  const memory = structuredClone(before.path.state());
  after.learner.restore(structuredClone(before.learner.state()));
  after.path.restore(memory);
  return after;
}

/** The same by arrays alone: which label belongs to which sample is known here, and not found. */
function joinedOffline(learner: PrequentialLearner, { features, labels, due }: Stream): void {
  const held = new HeldSamples(learner.heldSizes, samples);
  const row = new Float64Array(3);
  const label = new Float64Array(1);
  for (let sample = 0; sample < due.length; sample++) {
    if (sample < samples) {
      row.set(features.subarray(2 * sample, 2 * sample + 2));
      row[2] = Number.NaN;
      learner.observe(row, 0);
      learner.hold(held, held.add(sample, 0));
    }
    for (const sequence of due[sample]) {
      label[0] = labels[sequence - 1];
      learner.learnHeld(held, sequence - 1, label, 0);
    }
    if (!isLowered(learner)) continue;
    for (const [after, effort] of efforts) if (sample === after) learner.setEffort(effort);
  }
}

describe.each(Object.entries(configs))("%s", (_, { isNumber, text }) => {
  const stream = makeStream(isNumber);
  const config = configFor(text);
  const posted = stream.due.reduce((sum, each) => sum + each.length, 0);

  test("joins each label to its sample: the same bits as where nothing had to be joined, and again when replayed", async () => {
    const file = join(temporaryFolder(), "run.rec");
    const { learner, path, outcomes } = await live(config, stream, file);
    expect(outcomes).toEqual({ joined: posted, corrected: 0, expired: 0, unknown: 0, repeated: 0 });
    expect([path.taken, learner.samplesSeen, learner.unlabelled]).toEqual([
      samples,
      posted,
      samples - posted,
    ]);
    const { learner: offline } = pathOf(config);
    joinedOffline(offline, stream);
    expect(learner.state()).toEqual(offline.state());
    const { learner: replayed } = pathOf(config);
    const report = await evaluatePrequentially(replayed, recordingFile(file), { heldRows: kept });
    expect(report).toMatchObject({
      rows: samples,
      rejected: 0,
      damaged: 0,
      events: { labels: posted, lostLabels: 0, efforts: isLowered(learner) ? 2 : 0 },
    });
    expect(replayed.state()).toEqual(learner.state());
  });

  test("is the same after a restart in the middle, with samples that wait", async () => {
    const folder = temporaryFolder();
    const { learner } = await live(config, stream, join(folder, "one.rec"));
    const again = await live(config, stream, join(folder, "two.rec"), 1500);
    expect(again.outcomes.joined).toBe(posted);
    expect(again.path.taken).toBe(samples);
    expect(again.learner.state()).toEqual(learner.state());
  });
});
