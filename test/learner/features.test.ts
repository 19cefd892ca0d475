import { describe, expect, test } from "vitest";
import { createRandom } from "../../src/engine/model/random.ts";
import { createLearner } from "../../src/learner/create-learner.ts";
import type { LearnerOptions } from "../../src/learner/learner-options.ts";
import type { PrequentialLearner } from "../../src/learner/prequential-learner.ts";
import { fit as train } from "../../src/training/fit.ts";
import { evaluatePrequentially } from "../../src/training/prequential.ts";

const window = { of: ["a"], size: 16, every: 16, take: ["mean", "sd", "crossings"] };
/** Classes that differ in how the column moves, not in any of its values. */
const options: LearnerOptions = {
  fields: ["a", "label"],
  target: { column: "label", classes: 2 },
  features: [{ window }, "standardize"],
};

/** Rows of waves, 64 rows slow, then 64 rows fast. */
function waves(count: number): Float64Array {
  const random = createRandom(5);
  const rows = new Float64Array(2 * count);
  for (let i = 0; i < count; i++) {
    const label = (i >> 6) & 1;
    rows[2 * i] = Math.sin((label === 1 ? 1.3 : 0.4) * i) + 0.1 * random.uniform();
    rows[2 * i + 1] = label;
  }
  return rows;
}

function observe(learner: PrequentialLearner, rows: Float64Array, from: number, to: number): void {
  for (let i = from; i < to; i++) learner.observe(rows, 2 * i);
}

describe.each([
  ["the ensemble", options],
  ["a network", { ...options, model: {} }],
] as [string, LearnerOptions][])("%s with windows", (_name, described) => {
  test("learns once a window, from what single rows do not show", () => {
    const learner = createLearner(described);
    const rows = waves(16 * 400);
    observe(learner, rows, 0, 16 * 400);
    expect(learner.columns).toEqual(["a_mean", "a_sd", "a_crossings", "label"]);
    expect(learner.samplesSeen).toBe(400);
    expect((learner.report() as { slidingAccuracy: number }).slidingAccuracy).toBeGreaterThan(0.95);
  });

  test("continues in the middle of a window bit for bit", () => {
    const rows = waves(1600);
    const whole = createLearner(described);
    const first = createLearner(described);
    observe(whole, rows, 0, 1600);
    observe(first, rows, 0, 807);
    const second = createLearner(described);
    second.restore(structuredClone(first.state()));
    observe(second, rows, 807, 1600);
    expect(second.state()).toEqual(whole.state());
  });

  test("describes itself so that an equal one can be made", () => {
    const learner = createLearner(described);
    const { features, stream } = learner.describe();
    expect(features).toEqual([{ window }, "standardize"]);
    expect(stream).toEqual({ rate: null, timeZone: null, sequence: null });
  });
});

test("a replay hands rows with their times to the features", async () => {
  const learner = createLearner({
    fields: ["a", "y"],
    target: { column: "y" },
    features: [{ lags: { of: ["y"], at: [1] } }],
  });
  const rows = Array.from({ length: 300 }, (_, i) => [Math.cos(i * i), Math.sin(i / 5)]);
  const { metrics } = await evaluatePrequentially(learner, rows);
  // The first row has no past of the target.
  expect(learner.samplesSeen).toBe(299);
  expect((metrics as { r2: number }).r2).toBeGreaterThan(0.8);
});

test("epochs over a file train on the rows that windows make", async () => {
  const learner = createLearner({ ...options, model: {} });
  const report = await train(learner, waves(16 * 200), { epochs: 30 });
  expect(report.trainingRows).toBe(160);
  expect((report.heldOut as { accuracy: number }).accuracy).toBeGreaterThan(0.9);
});
