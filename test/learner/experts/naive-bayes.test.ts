import { expect, test } from "vitest";
import { createRandom } from "../../../src/engine/model/random.ts";
import { NaiveBayes } from "../../../src/learner/experts/naive-bayes.ts";
import { gaussian } from "../made-streams.ts";

/** Posterior by the definition: sums over all rows so far, each weighted by 0.99 to the power of its age. */
function posterior(rows: { inputs: number[]; label: number }[], probe: number[], classes: number): number[] {
  const weighted = rows.map((row, index) => ({ ...row, weight: 0.99 ** (rows.length - 1 - index) }));
  const counts = Array.from({ length: classes }, (_, c) =>
    weighted.filter(({ label }) => label === c).reduce((sum, { weight }) => sum + weight, 0),
  );
  const total = counts.reduce((sum, count) => sum + count, 0);
  const scores = counts.map((count, c) => {
    const own = weighted.filter(({ label }) => label === c);
    let score = Math.log((count + 0.5) / (total + 0.5 * classes));
    for (const [i, x] of probe.entries()) {
      const mean =
        count === 0 ? 0 : own.reduce((sum, { inputs, weight }) => sum + weight * inputs[i], 0) / count;
      const squares = own.reduce((sum, { inputs, weight }) => sum + weight * (inputs[i] - mean) ** 2, 0);
      const variance = count > 1 ? (squares + 2) / (count + 2) : 1;
      score -= 0.5 * ((x - mean) ** 2 / variance + Math.log(variance));
    }
    return Math.exp(0.5 * score);
  });
  const sum = scores.reduce((a, b) => a + b, 0);
  return scores.map((score) => score / sum);
}

test.each([1, 3, 8, 17])("naive Bayes of %i inputs is the posterior by its definition", (width) => {
  const { uniform, below } = createRandom(width);
  const expert = new NaiveBayes({ inputs: width, classes: 3 });
  const rows: { inputs: number[]; label: number }[] = [];
  for (let row = 0; row < 250; row++) {
    const label = row < 5 ? 0 : below(3);
    const inputs = [
      ...Float32Array.from({ length: width }, (_, i) => gaussian(uniform) + (i % 2 ? label : 0)),
    ];
    const found = new Float64Array(4);
    expert.predict(Float32Array.from(inputs), found, 1);
    for (const [c, probability] of posterior(rows, inputs, 3).entries()) {
      expect(Math.abs(found[1 + c] - probability)).toBeLessThan(2e-5);
    }
    expert.learn(Float32Array.from(inputs), Float64Array.of(label), 0);
    rows.push({ inputs, label });
  }
});
