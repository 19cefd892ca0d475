import { expect, test } from "vitest";
import { createRandom } from "../../src/engine/model/random.ts";
import { createEnsemble } from "../../src/learner/ensemble.ts";
import type { EnsembleReport } from "../../src/learner/ensemble-report.ts";
import { gaussian } from "./made-streams.ts";

type Target = { column: string; classes: number } | { column: string };
const number: Target = { column: "target" };
const twoClasses: Target = { column: "target", classes: 2 };

/** What is reported after rows of noise whose target is drawn without a look at them. */
function reportOfNoise(
  rows: number,
  target: Target,
  draw: (uniform: () => number) => number,
  { features = 5, effort = "high" }: { features?: number; effort?: "high" | "low" } = {},
): EnsembleReport {
  const { uniform } = createRandom(3);
  const fields = [...Array.from({ length: features }, (_, i) => `x${i}`), "target"];
  const ensemble = createEnsemble({ fields, target, effort });
  for (let row = 0; row < rows; row++) {
    const values = Float64Array.from(fields, () => 5 + gaussian(uniform));
    values[features] = draw(uniform);
    ensemble.observe(values, 0);
  }
  return ensemble.report();
}

const constantOf = ({ experts }: EnsembleReport, called: string) =>
  experts.find(({ name }) => name === called)!;
const rare = (uniform: () => number) => (uniform() < 0.02 ? 1 : 0);

test("of columns of noise the ensemble is hardly worse than the median, however many they are", () => {
  for (const features of [5, 80]) {
    const report = reportOfNoise(1500, number, gaussian, { features, effort: "low" });
    expect(report.skill).toBeGreaterThan(-0.01);
    expect(constantOf(report, "median").weight).toBeGreaterThan(0.5);
  }
});

test("where most targets are 0 the answer is the median, which is nearer than any mean", () => {
  const report = reportOfNoise(2000, number, rare);
  const [mean, median] = ["mean", "median"].map((called) =>
    report.baselines.find(({ name }) => name === called),
  );
  expect(median!.loss).toBeLessThan(0.7 * mean!.loss);
  expect(report.skill).toBeGreaterThan(-0.05);
  expect("mae" in report && report.mae).toBeLessThan(0.7 * mean!.loss);
});

test("a rare class that nothing foretells costs hardly more than its frequency does", () => {
  const report = reportOfNoise(3000, twoClasses, rare);
  expect(report.skill).toBeGreaterThan(-0.02);
  expect(constantOf(report, "label-frequencies").weight).toBeGreaterThan(0.5);
});

test("beside experts that know more the constant does not count", () => {
  const { uniform } = createRandom(5);
  for (const [target, called] of [
    [number, "median"],
    [twoClasses, "label-frequencies"],
  ] as const) {
    const ensemble = createEnsemble({ fields: ["a", "b", "target"], target });
    for (let row = 0; row < 600; row++) {
      const [a, b] = [gaussian(uniform), gaussian(uniform)];
      ensemble.observe(Float64Array.of(a, b, target === number ? 2 * a + b : Number(a + b > 0)), 0);
    }
    const report = ensemble.report();
    expect(constantOf(report, called).weight).toBeLessThan(0.01);
    expect(report.experts.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 9);
  }
});
