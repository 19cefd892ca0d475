import { describe, expect, test } from "vitest";
import { createRandom } from "../../../src/engine/model/random.ts";
import { Arena, float32 } from "../../../src/engine/running/arena.ts";
import { Neighbours } from "../../../src/learner/experts/neighbours.ts";
import { FeatureMetric } from "../../../src/learner/feature-metric.ts";
import { ReplayRing } from "../../../src/learner/replay-ring.ts";
import { gaussian } from "../made-streams.ts";

/** The nearest rows with their votes, found by sorting all. */
function votes(rows: { inputs: Float32Array; target: number }[], probe: Float32Array, weights: Float32Array) {
  const measured = rows.map(({ inputs, target }) => ({
    target,
    distance: Math.sqrt(inputs.reduce((sum, x, i) => sum + weights[i] * (x - probe[i]) ** 2, 0)),
  }));
  const nearest = measured.sort((a, b) => a.distance - b.distance).slice(0, 12);
  return nearest.map(({ target, distance }) => ({
    target,
    vote: (distance + 0.01 * Math.sqrt(probe.length)) ** -4,
  }));
}

describe.each([1, 4, 9])("neighbours among rows of %i inputs", (inputs) => {
  test.each([5, 12, 37, 90])("answer as the nearest of %i rows do", (count) => {
    const { uniform, below } = createRandom(inputs * 100 + count);
    const arena = new Arena(100_000);
    const ring = new ReplayRing({ rows: 50, inputs }, arena);
    const metric = new FeatureMetric({ inputs }, arena);
    const { gradients } = arena.place({ gradients: float32(25, inputs) });
    for (let i = 0; i < gradients.length; i++) gradients[i] = gaussian(uniform);
    metric.learn(gradients, 25);
    const classifier = new Neighbours({ classes: 3 }, ring, metric, arena);
    const regression = new Neighbours({ classes: 0 }, ring, metric, arena);
    const draw = () => Float32Array.from({ length: inputs }, () => gaussian(uniform));
    let rows: { inputs: Float32Array; target: number }[] = [];
    for (let row = 0; row < count; row++) {
      rows.push({ inputs: draw(), target: below(3) });
      ring.store(rows[row].inputs, Float64Array.of(rows[row].target), 0);
    }
    rows = rows.slice(-50);
    for (const live of [50, 30]) {
      ring.keepNewest(live);
      rows = rows.slice(-live);
      const probe = draw();
      const expected = votes(rows, probe, metric.weights);
      const total = expected.reduce((sum, { vote }) => sum + vote, 0);
      const found = new Float64Array(3);
      classifier.predict(probe, found, 0);
      for (let c = 0; c < 3; c++) {
        const own = expected.reduce((sum, { target, vote }) => sum + (target === c ? vote : 0), 0);
        const probability = (0.2 / 3 + (expected.length * own) / total) / (0.2 + expected.length);
        expect(found[c]).toBeCloseTo(probability, 4);
      }
      regression.predict(probe, found, 2);
      expect(found[2]).toBeCloseTo(
        expected.reduce((sum, { target, vote }) => sum + target * vote, 0) / total,
        4,
      );
    }
  });
});

test("a ring without rows gives even classes", () => {
  const arena = new Arena(10_000);
  const ring = new ReplayRing({ rows: 8, inputs: 2 }, arena);
  const expert = new Neighbours({ classes: 4 }, ring, new FeatureMetric({ inputs: 2 }, arena), arena);
  const found = new Float64Array(4);
  expert.predict(new Float32Array(2), found, 0);
  expect([...found]).toEqual([0.25, 0.25, 0.25, 0.25]);
});

test("ring and metric of another arena are refused", () => {
  const arena = new Arena(10_000);
  const ring = new ReplayRing({ rows: 8, inputs: 2 });
  const metric = new FeatureMetric({ inputs: 2 }, arena);
  expect(() => new Neighbours({ classes: 2 }, ring, metric, arena)).toThrow(/another arena/);
  expect(() => metric.learn(new Float32Array(2), 1)).toThrow(/another arena/);
});
