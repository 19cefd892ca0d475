import { expect, test } from "vitest";
import { createRandom } from "../../src/engine/model/random.ts";
import { createEnsemble } from "../../src/learner/ensemble.ts";
import { gaussian } from "./made-streams.ts";

/** The mean absolute error of the last 1,000 of 3,000 rows whose two weights turn around once in 5,000. */
function errorOf(without: string[]): number {
  const { uniform } = createRandom(6);
  const ensemble = createEnsemble({
    fields: ["a", "b", "target"],
    target: { column: "target" },
    effort: "low",
    without,
  });
  const row = new Float64Array(3);
  let sum = 0;
  for (let index = 0; index < 3000; index++) {
    const angle = index / 800;
    row[0] = gaussian(uniform);
    row[1] = gaussian(uniform);
    row[2] = 3 * (Math.cos(angle) * row[0] + Math.sin(angle) * row[1]) + 0.3 * gaussian(uniform);
    ensemble.observe(row, 0);
    if (index >= 2000) sum += Math.abs(ensemble.prediction[0] - row[2]);
  }
  return sum / 1000;
}

test("a relation that keeps changing is followed by least squares of the recent rows", () => {
  expect(errorOf([])).toBeLessThan(0.7 * errorOf(["least-squares-recent"]));
});
