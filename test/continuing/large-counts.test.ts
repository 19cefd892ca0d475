/** Learners whose counters have come to what 32 bits hold, and to the largest that is believed of a file. */
import { describe, expect, test } from "vitest";
import { withCounts } from "../../scripts/proof/year/with-counts.ts";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../../src/checkpoint/format.ts";
import { checkpointOf, learnerFrom } from "../../src/continuing/learner-checkpoint.ts";
import { dense, mse, type Optimizer, tanh } from "../../src/engine/model/model.ts";
import * as optimizers from "../../src/engine/optimizers/kinds.ts";
import { createNetwork } from "../../src/engine/running/network.ts";
import { createLearner } from "../../src/learner/create-learner.ts";
import type { LearnerOptions } from "../../src/learner/learner-options.ts";
import type { PrequentialLearner } from "../../src/learner/prequential-learner.ts";
import { encodeEvents } from "../../src/recording/events.ts";
import type { State } from "../../src/state.ts";

const samples = 137;
const fields = ["a", "b", "t"];
const network = (optimizer: object): LearnerOptions => ({
  ...{ fields, target: { column: "t" } },
  model: { layers: [{ dense: 3 }, "tanh"], optimizer } as never,
});
const kinds: Record<string, LearnerOptions> = {
  "an ensemble of classes": { fields, target: { column: "t", classes: 3 }, training: { effort: "normal" } },
  "an ensemble of numbers": { fields, target: { column: "t" }, training: { effort: "normal" } },
  "a network with a schedule": {
    ...network({ adam: {} }),
    model: { layers: [{ dense: 3 }, "tanh"], schedule: { plateau: { window: 9, patience: 1 } } },
  },
};

function observe(learner: PrequentialLearner, from: number, rows: number): number[][] {
  return Array.from({ length: rows }, (_, index) => {
    const i = from + index;
    learner.observe(Float64Array.of(Math.sin(i), Math.cos(1.3 * i), i % 3), 0);
    return [...learner.prediction];
  });
}

/** A checkpoint of a learner whose counts of its samples, and of its updates, are `count`. */
function checkpointAt(options: LearnerOptions, count: number): Checkpoint {
  const learner = createLearner(options);
  observe(learner, 0, samples);
  const checkpoint = checkpointOf(learner);
  return withCounts(checkpoint as unknown as State, samples, count) as unknown as Checkpoint;
}

const written = (checkpoint: Checkpoint) =>
  decodeCheckpoint(Buffer.concat(encodeCheckpoint(checkpoint)), "large.msgpack");

describe.each(Object.entries(kinds))("%s", (_, options) => {
  test.each([
    ["2^31", 2 ** 31 - 5],
    ["2^32", 2 ** 32 - 5],
    ["2^52", 2 ** 52 - 30],
  ])("counts over %s, answers, and goes on from what it saves", (_, begin) => {
    const learner = learnerFrom(written(checkpointAt(options, begin)), "large.msgpack");
    const first = observe(learner, samples, 10);
    expect(first.flat().every(Number.isFinite)).toBe(true);
    expect(learner.samplesSeen).toBe(begin + 10);
    const again = learnerFrom(written(checkpointOf(learner)), "again.msgpack");
    expect(observe(again, 200, 5)).toEqual(observe(learner, 200, 5));
    expect(again.samplesSeen).toBe(begin + 15);
  });

  test("is refused beyond 2^52, in one sentence", () => {
    const { samplesSeen: _, ...rest } = checkpointAt(options, 2 ** 52 + 1);
    const checkpoint = { ...rest, samplesSeen: samples, step: samples };
    expect(() => learnerFrom(written(checkpoint), "large.msgpack")).toThrow(
      /expected a whole number from 0 to 2\^52/,
    );
  });
});

describe("an optimizer steps at", () => {
  const step = (optimizer: Optimizer, updates: number) => {
    const model = { inputShape: [3], layers: [dense(2), tanh(), dense(1)], loss: mse(), optimizer };
    const network = createNetwork(model, { seed: 4 });
    network.input.set([0.1, -0.4, 0.7]);
    network.target.set([0.3]);
    for (let i = 0; i < 3; i++) network.step();
    network.restore({ ...(network.state() as object), updates });
    for (let i = 0; i < 8; i++) network.step();
    return { updates: network.updates, weights: network.parameters().map(({ data }) => [...data]) };
  };

  // No power of a decay is left by two million updates: what follows must be equal from there on.
  test.each(Object.entries(optimizers))("2^31, 2^32 and 2^52 updates as at two million: %s", (_, kind) => {
    const { weights } = step(kind() as Optimizer, 2e6);
    for (const updates of [2 ** 31 - 4, 2 ** 32 - 4, 2 ** 52 - 8])
      expect(step(kind() as Optimizer, updates)).toEqual({ updates: updates + 8, weights });
  });
});

test("events of a recording hold numbers beyond 32 bits", () => {
  const number = 2 ** 52 - 1;
  const block = Buffer.from(encodeEvents(number, [{ kind: "pause", after: number - 1 }]));
  expect(block.includes(Buffer.from("000ffffffffffffe", "hex"))).toBe(true);
});
