import { expect, test } from "vitest";
import { createRandom } from "../../src/engine/model/random.ts";
import { createLearner } from "../../src/learner/create-learner.ts";
import { createEnsemble, type Ensemble } from "../../src/learner/ensemble.ts";
import { planEnsemble } from "../../src/learner/ensemble-plan.ts";
import { gaussian } from "./made-streams.ts";

const width = 24;
const fields = [...Array.from({ length: width }, (_, i) => `t${i}`), "target"];
const layers = [{ conv1d: { outputs: 6, kernel: 5 } }, "relu", "globalMaxPool", "dense"];
const model = { ensemble: true, inputShape: [1, width], layers } as const;
const classes = { column: "target", classes: 2 };

/** Windows of noise with a bump of one of two shapes somewhere: only a filter that is moved along finds which. */
function bumps(rows: number, isNumber = false): Float64Array[] {
  const { uniform, below } = createRandom(4);
  return Array.from({ length: rows }, () => {
    const row = Float64Array.from({ length: width + 1 }, () => 0.3 * gaussian(uniform));
    const label = below(2);
    const at = 2 + below(width - 6);
    for (const [i, height] of (label === 0 ? [2, 0, -2] : [-2, 0, 2]).entries()) row[at + i] += height;
    row[width] = isNumber ? 50 + 10 * label + row[at] : label;
    return row;
  });
}

const named = (ensemble: Ensemble, name: string) =>
  ensemble.report().experts.find((expert) => expert.name === name) as { loss: number };

test("layers of one's own stand in the replayed network's place, and convolutions find what the usual ones do not", () => {
  const ensemble = createLearner({ fields, target: classes, model });
  const usual = createLearner({ fields, target: classes });
  for (const row of bumps(2000)) {
    ensemble.observe(row, 0);
    usual.observe(row, 0);
  }
  const own = named(ensemble, "replayed-network").loss;
  expect(own).toBeLessThan(0.75 * named(usual, "replayed-network").loss);
  // Their input gradients weigh the features for the neighbours.
  const weights = ensemble.importance() as Float32Array;
  expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(width, 2);
  expect(Math.max(...weights)).toBeGreaterThan(1.2 * Math.min(...weights));
});

test("they are planned to the byte, described, and continue from a state bit for bit", () => {
  for (const target of [classes, { column: "target" }]) {
    const options = { fields, target, layers, inputShape: [1, width] };
    const first = createEnsemble(options);
    expect(first.placedBytes).toBe(planEnsemble(options).totalBytes);
    const { ensemble } = first.describe().model;
    expect(ensemble.inputShape).toEqual([1, width]);
    expect(ensemble.layers).toHaveLength(3);
    const second = createEnsemble({ fields, target, ...ensemble });
    const rows = bumps(300, !("classes" in target));
    for (const row of rows.slice(0, 150)) first.observe(row, 0);
    second.restore(structuredClone(first.state()));
    for (const row of rows.slice(150)) {
      first.observe(row, 0);
      second.observe(row, 0);
      expect([...second.prediction]).toEqual([...first.prediction]);
    }
  }
});

test("layers that do not fit, and parts of a network that learns alone, are refused", () => {
  const refused = (parts: object) => () =>
    createLearner({ fields, target: classes, model: { ...model, ...parts } as typeof model });
  expect(refused({ inputShape: [1, 7] })).toThrow(
    "model.inputShape is [1,7], 7 numbers, but a sample has 24",
  );
  expect(refused({ layers: [{ conv1d: { outputs: 2, kernel: 3 } }] })).toThrow(
    /model.layers turn a sample of shape/,
  );
  expect(refused({ layers: [{ dense: 3 }] })).toThrow(/takes 2/);
  expect(refused({ optimizer: "adam" })).toThrow(/found model.optimizer beside model.ensemble/);
});
