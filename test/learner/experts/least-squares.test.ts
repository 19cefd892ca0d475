import { describe, expect, test } from "vitest";
import { createRandom } from "../../../src/engine/model/random.ts";
import { LeastSquares } from "../../../src/learner/experts/least-squares.ts";
import { solve } from "../linear-algebra.ts";
import { gaussian } from "../made-streams.ts";

describe("recursive least squares", () => {
  test("is the solution of the weighted normal equations", () => {
    const { uniform } = createRandom(1);
    const forgetting = 0.99;
    const expert = new LeastSquares({ inputs: 3, forgetting });
    // (sum of weighted x x' + weight of the start I) w = sum of weighted x y.
    const normal = [0, 1, 2, 3].map((i) => [0, 1, 2, 3].map<number>((j) => (i === j ? 1 : 0)));
    const right = [0, 0, 0, 0];
    for (let row = 0; row < 300; row++) {
      const inputs = Float32Array.from({ length: 3 }, () => gaussian(uniform));
      const extended = [...inputs, 1];
      const target = 0.2 * inputs[0] - 0.1 * inputs[1] + 0.05 + 0.02 * gaussian(uniform);
      expert.learn(inputs, Float64Array.of(target), 0);
      for (let i = 0; i < 4; i++) {
        right[i] = forgetting * right[i] + extended[i] * target;
        for (let j = 0; j < 4; j++) normal[i][j] = forgetting * normal[i][j] + extended[i] * extended[j];
      }
    }
    const weights = solve(normal, right);
    const probe = Float32Array.of(0.5, -2, 1.5);
    const out = new Float64Array(1);
    expert.predict(probe, out, 0);
    expect(out[0]).toBeCloseTo(weights[0] * 0.5 - weights[1] * 2 + weights[2] * 1.5 + weights[3], 7);
  });

  test("keeps its numbers over 100,000 rows in which one input hardly varies", () => {
    const { uniform } = createRandom(2);
    const expert = new LeastSquares({ inputs: 9 });
    const inputs = new Float32Array(9);
    const target = new Float64Array(1);
    const out = new Float64Array(1);
    let late = 0;
    for (let row = 0; row < 100_000; row++) {
      let sum = 0;
      for (let i = 0; i < 9; i++) {
        // Correlated inputs, as lags are, and one that is 0 for long stretches.
        inputs[i] = i === 8 ? (row % 5000 === 0 ? 1 : 0) : 0.9 * (inputs[i - 1] ?? 0) + gaussian(uniform);
        sum += inputs[i] * (i % 3 === 0 ? 0.1 : -0.05);
      }
      target[0] = sum + 0.1 * gaussian(uniform);
      expert.predict(inputs, out, 0);
      if (row >= 99_000) late += Math.abs(out[0] - target[0]) / 1000;
      expert.learn(inputs, target, 0);
    }
    expect(late).toBeLessThan(0.09);
    const { covariance } = expert.state() as { covariance: Float64Array };
    for (let i = 0; i < 10; i++) {
      expect(covariance[i * 11]).toBeGreaterThan(0);
      // What a covariance must be: no correlation beyond 1.
      for (let j = 0; j < i; j++) {
        expect(covariance[i * 10 + j] ** 2).toBeLessThanOrEqual(covariance[i * 11] * covariance[j * 11]);
      }
    }
  });
});
