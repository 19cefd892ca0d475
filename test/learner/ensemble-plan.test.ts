import { expect, test } from "vitest";
import { createEnsemble, type Ensemble } from "../../src/learner/ensemble.ts";
import { type EnsembleOptions, planEnsemble } from "../../src/learner/ensemble-plan.ts";
import { HeldSamples } from "../../src/learner/held-samples.ts";
import { classStream, numberStream } from "./made-streams.ts";

/** Options of an ensemble for as many features and classes, 0 for a number. */
function optionsFor(features: number, classes: number): EnsembleOptions {
  const fields = [...Array.from({ length: features }, (_, index) => `feature ${index}`), "target"];
  return { fields, target: classes > 0 ? { column: "target", classes } : { column: "target" } };
}

/** Ring of 1000 rows, networks of 64 and 32 units, linear model, naive Bayes, labels' transitions, columns, stacking. */
const bytesForClasses = (d: number, c: number) =>
  1000 * (4 * d + 8) +
  16 * (64 * (d + 1) + 65 * c) +
  12 * (32 * (2 * d + c + 1) + 33 * c) +
  12 * c * (d + c + 1) +
  8 * c * d +
  4 * c ** 2 +
  216 * d +
  8 * 6 ** 2;

/** Rings of levels and changes, their networks of 32 and 32 units, the fast one, two regressions, columns. */
const bytesForNumbers = (d: number) =>
  1000 * (8 * d + 24) +
  16 * (64 * (d + 2) + 2178) +
  12 * (32 * (2 * d + 3) + 33) +
  8 * (2 * d + 3) ** 2 +
  8 * (d + 1) ** 2 +
  216 * (d + 1);

test.each([
  ["elec2", 8, 2],
  ["image-segments", 18, 7],
  ["digits8x8", 64, 10],
  ["bike-sharing", 12, 0],
  ["a number of 16 columns", 16, 0],
  ["a number of 64 columns", 64, 0],
])(
  "an ensemble of the shape of %s takes at most 1.1 times the bytes of its formula",
  (_, features, classes) => {
    const { totalBytes } = planEnsemble(optionsFor(features, classes));
    const formula = classes > 0 ? bytesForClasses(features, classes) : bytesForNumbers(features);
    expect(totalBytes / formula).toBeLessThanOrEqual(1.1);
  },
);

test.each([3, 0])(
  "an ensemble places what is planned, the scratch of its parts once (%i classes)",
  (classes) => {
    const own = { layers: [{ conv1d: { outputs: 2, kernel: 3 } }, "relu", "flatten", "dense"] };
    const variants: Partial<EnsembleOptions>[] = [
      {},
      { guest: true },
      { effort: "low" },
      { effort: "normal", guest: true },
      { without: ["network", "replayed"] },
      { without: ["network", "replayed", "neighbours", "linear", "least"] },
      { ...own, inputShape: [1, 6] },
      { layers: [{ dense: 300 }, "tanh", "dense"], guest: true },
    ];
    for (const variant of variants) {
      const options = { ...optionsFor(6, classes), ...variant };
      const { parts, totalBytes, scratchBytes } = planEnsemble(options);
      const { bytes, placedBytes } = createEnsemble(options);
      expect([bytes, placedBytes], JSON.stringify(variant)).toEqual([totalBytes, totalBytes]);
      expect(parts.filter(({ name }) => name === "scratch")).toEqual([
        { name: "scratch", bytes: scratchBytes },
      ]);
      expect(parts.reduce((sum, part) => sum + part.bytes, 0)).toBe(totalBytes);
      for (const part of parts) expect(part.scratchBytes ?? 0).toBeLessThanOrEqual(scratchBytes);
    }
  },
);

test.each([
  ["classes", classStream, { column: "target", classes: 3 }],
  ["numbers", numberStream, { column: "target" }],
] as const)(
  "an ensemble for %s with a guest learns the same, whatever it predicts between",
  (_, make, target) => {
    const rows = 240;
    const { values, width, fields } = make(rows);
    const [plain, asked] = [0, 1].map(() => createEnsemble({ fields, target, guest: true }));
    const held = [plain, asked].map(({ heldSizes }) => new HeldSamples(heldSizes, 30));
    const predictAnother = (row: number) => asked.predict(values, ((row * 7) % rows) * width);
    for (let row = 0; row < rows; row++) {
      if (row === 60) for (const each of [plain, asked]) each.takeIn(plain.outgoing() as never);
      const sample = values.slice(row * width, (row + 1) * width);
      const isLate = row % 3 === 0;
      if (isLate) sample[width - 1] = Number.NaN;
      predictAnother(row);
      for (const [index, ensemble] of [plain, asked].entries()) {
        ensemble.observe(sample, 0);
        if (isLate) ensemble.hold(held[index], held[index].add(row, row));
      }
      // Between the row and its label, as a reply over the network is.
      predictAnother(row + 1);
      const late = row - 9;
      for (const [index, ensemble] of [plain, asked].entries()) {
        const slot = late >= 0 && late % 3 === 0 ? held[index].find(late) : -1;
        if (slot >= 0) ensemble.learnHeld(held[index], slot, values, (late + 1) * width - 1);
      }
    }
    const stateOf = (ensemble: Ensemble) => structuredClone(ensemble.state());
    expect(stateOf(asked)).toEqual(stateOf(plain));
  },
);
