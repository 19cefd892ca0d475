import { describe, expect, test } from "vitest";
import { createRandom } from "../../src/engine/model/random.ts";
import { createEnsemble, type Ensemble } from "../../src/learner/ensemble.ts";
import { HeldSamples } from "../../src/learner/held-samples.ts";
import { gaussian } from "./made-streams.ts";

const constantName = "label-frequencies";
const fields = ["a", "b", "label"];

/** Rows of which the first column tells the label; that of one in ten is 1. */
function rowsOf(count: number): Float64Array[] {
  const { uniform } = createRandom(5);
  return Array.from({ length: count }, () => {
    const [a, b] = [gaussian(uniform), gaussian(uniform)];
    return Float64Array.of(a, b, Number(a + 0.05 * b > 1.28));
  });
}

const weightOf = (ensemble: Ensemble) =>
  ensemble.report().experts.find(({ name }) => name === constantName)!.weight;

/**
 * Log losses of the answers that were given while a label was known, of what the experts alone would have answered, and of
 * the label frequencies of then; and how many rare rows there were, and how many were found.
 * @param isDue how many labels have come once so many rows have
 */
function scoresOf(ensemble: Ensemble, rows: readonly Float64Array[], isDue: (rows: number) => number) {
  const held = new HeldSamples(ensemble.heldSizes, rows.length);
  const labels = [0, 0];
  const scores = { rows: 0, loss: 0, withoutConstant: 0, constant: 0, rare: 0, found: 0, foundWithout: 0 };
  let weight = weightOf(ensemble);
  for (const [at, row] of rows.entries()) {
    ensemble.observe(Float64Array.of(row[0], row[1], Number.NaN), 0);
    ensemble.hold(held, held.add(at, at));
    const learned = labels[0] + labels[1];
    if (learned > 0) {
      const label = row[2];
      const [answer, constant] = [ensemble.prediction[label], (labels[label] + 0.5) / (learned + 1)];
      const alone = Math.max(1e-9, (answer - weight * constant) / (1 - weight));
      scores.rows++;
      scores.loss -= Math.log(answer);
      scores.withoutConstant -= Math.log(alone);
      scores.constant -= Math.log(constant);
      if (label === 1) {
        scores.rare++;
        scores.found += Number(answer > 0.5);
        scores.foundWithout += Number(alone > 0.5);
      }
    }
    const due = isDue(at + 1);
    if (due === learned) continue;
    for (let late = learned; late < due; late++) {
      labels[rows[late][2]]++;
      ensemble.learnHeld(held, held.find(late), rows[late], 2);
    }
    weight = weightOf(ensemble);
  }
  return scores;
}

describe.each([
  ["in blocks of 100", 600, (rows: number) => rows - (rows % 100)],
  ["in blocks of 500", 1500, (rows: number) => rows - (rows % 500)],
  ["100 rows late", 600, (rows: number) => Math.max(0, rows - 100)],
  ["500 rows late", 1500, (rows: number) => Math.max(0, rows - 500)],
])("where labels come %s", (_, count, isDue) => {
  const ensemble = createEnsemble({ fields, target: { column: "label", classes: 2 }, effort: "low" });
  const scores = scoresOf(ensemble, rowsOf(count), isDue);

  test("the constant hides no rare class from experts that find it, and costs a few percent at most", () => {
    expect(scores.foundWithout).toBeGreaterThan(0.5 * scores.rare);
    expect(scores.found).toBeGreaterThanOrEqual(scores.foundWithout - 1);
    expect(scores.loss).toBeLessThan(1.03 * scores.withoutConstant);
  });

  test("it is scored by the labels that were known when a row was predicted", () => {
    const { baselines } = ensemble.report();
    const learned = isDue(count);
    const blank = createEnsemble({ fields, target: { column: "label", classes: 2 }, effort: "low" });
    const known = scoresOf(blank, rowsOf(learned), (rows) => (rows === learned ? learned : isDue(rows)));
    const [frequencies] = baselines;
    expect(frequencies.name).toBe("label frequencies");
    expect(frequencies.loss).toBeCloseTo(known.constant / known.rows, 5);
  });
});

test("rows that were predicted without a label do not decide between the constant and the experts", () => {
  const rows = rowsOf(500);
  const ensemble = createEnsemble({ fields, target: { column: "label", classes: 2 }, effort: "low" });
  scoresOf(ensemble, rows, (count) => (count === 500 ? 500 : 0));
  expect(weightOf(ensemble)).toBeLessThan(0.011);
  expect(weightOf(ensemble)).toBeGreaterThan(0.009);
});
