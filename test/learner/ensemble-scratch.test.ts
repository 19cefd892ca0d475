/** The experts of an ensemble use one scratch in turn: whatever others leave there must not matter. */
import { expect, onTestFinished, test, vi } from "vitest";
import { createRandom } from "../../src/engine/model/random.ts";
import { Arena } from "../../src/engine/running/arena.ts";
import { NewtonStacking } from "../../src/learner/aggregation/newton-stacking.ts";
import { createEnsemble } from "../../src/learner/ensemble.ts";
import { type EnsembleOptions, planEnsemble } from "../../src/learner/ensemble-plan.ts";
import { LeastSquares } from "../../src/learner/experts/least-squares.ts";
import { NaiveBayes } from "../../src/learner/experts/naive-bayes.ts";
import { Neighbours } from "../../src/learner/experts/neighbours.ts";
import { NetworkExpert, ReplayedNetwork } from "../../src/learner/experts/network.ts";

const features = 6;
const rows = 150;
const fields = [...Array.from({ length: features }, (_, i) => `x${i}`), "y"];

/** State and answers after a made stream. */
function outcome(options: EnsembleOptions, classes: number) {
  const random = createRandom(5);
  const ensemble = createEnsemble(options);
  const answers: number[] = [];
  const row = new Float64Array(features + 1);
  for (let i = 0; i < rows; i++) {
    for (let at = 0; at < features; at++) row[at] = random.uniform();
    const sum = row[0] + row[1] * row[2];
    row[features] = classes > 0 ? Math.min(classes - 1, Math.floor(classes * sum * 0.6)) : sum;
    // Forgotten once it was answered: what the statistics were before it is kept until then.
    if (i % 7 === 6)
      ensemble.predict(
        row.map((value) => 10 * value),
        0,
      );
    ensemble.observe(row, 0);
    answers.push(...ensemble.prediction);
  }
  return { answers, state: JSON.stringify(ensemble.state()) };
}

/** Fills the scratch of every arena with NaN around each call of an expert, but for what is kept while others predict. */
function poisonScratch(kept: number): { calls: number } {
  const seen = { calls: 0 };
  const arenas = new Set<Arena>();
  const place = Arena.prototype.place;
  vi.spyOn(Arena.prototype, "place").mockImplementation(function (this: Arena, blocks) {
    if (this.scratchBytes > 0) arenas.add(this);
    return place.call(this, blocks);
  } as typeof place);
  const poison = (bytesKept: number) => {
    for (const { bytes, scratchBytes, kernels } of arenas) {
      const start = 16 * Math.floor((bytes - scratchBytes) / 16);
      new Float32Array(kernels.buffer, start, Math.floor((scratchBytes - bytesKept) / 4)).fill(Number.NaN);
    }
  };
  const around = (prototype: object, method: string, bytesKept: number) => {
    const methods = prototype as Record<string, (...args: unknown[]) => unknown>;
    const call = methods[method];
    vi.spyOn(methods, method).mockImplementation(function (this: unknown, ...args) {
      poison(bytesKept);
      const result = call.apply(this, args);
      poison(bytesKept);
      seen.calls++;
      return result;
    });
  };
  for (const { prototype } of [NetworkExpert, ReplayedNetwork, NaiveBayes, Neighbours, LeastSquares]) {
    around(prototype, "predict", kept);
    around(prototype, "learn", 0);
  }
  around(NewtonStacking.prototype, "mix", kept);
  around(NewtonStacking.prototype, "learn", 0);
  onTestFinished(() => void vi.restoreAllMocks());
  return seen;
}

test.each([3, 0])("nothing counts on what another expert left in the scratch (%i classes)", (classes) => {
  const target = classes > 0 ? { column: "y", classes } : { column: "y" };
  const options: EnsembleOptions = { fields, target, arena: {} };
  const expected = outcome(options, classes);
  const { parts } = planEnsemble(options);
  const seen = poisonScratch(parts.find(({ name }) => name === "features")?.scratchBytes ?? 0);
  expect(outcome(options, classes)).toEqual(expected);
  expect(seen.calls).toBeGreaterThan(8 * rows);
});
