import { expect, test } from "vitest";
import { createRandom } from "../../../src/engine/model/random.ts";
import { createEnsemble } from "../../../src/learner/ensemble.ts";
import { gaussian } from "../made-streams.ts";

/** An ensemble that has seen rows of noise whose target is noise too. */
function learnedNoise(features: number, rows: number, without: string[] = []) {
  const { uniform } = createRandom(3);
  const fields = [...Array.from({ length: features }, (_, i) => `x${i}`), "target"];
  const ensemble = createEnsemble({ fields, target: { column: "target" }, effort: "low", without });
  for (let row = 0; row < rows; row++)
    ensemble.observe(
      Float64Array.from(fields, () => 5 + gaussian(uniform)),
      0,
    );
  return ensemble;
}

test("the mean is an expert where there are too many features for least squares, and scores as the mean does", () => {
  const { experts, baselines } = learnedNoise(65, 400).report();
  expect(experts.map(({ name }) => name)).toEqual(["last-value", "mean", "network"]);
  const expert = experts.find(({ name }) => name === "mean");
  expect(expert?.loss).toBeCloseTo(baselines.find(({ name }) => name === "mean")!.loss, 2);
  expect(learnedNoise(64, 1).namesInUse).not.toContain("mean");
});

test("of many columns of noise the ensemble with the mean is hardly worse than the mean", () => {
  expect(learnedNoise(80, 1500).report().skill).toBeGreaterThan(-0.02);
  expect(learnedNoise(80, 1500, ["mean"]).report().skill).toBeLessThan(-0.02);
});
