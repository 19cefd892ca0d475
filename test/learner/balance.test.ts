import { expect, test } from "vitest";
import { createRandom } from "../../src/engine/model/random.ts";
import type { ClassificationReport } from "../../src/learner/classification-metrics.ts";
import { createLearner } from "../../src/learner/create-learner.ts";
import { createEnsemble } from "../../src/learner/ensemble.ts";
import { HeldSamples } from "../../src/learner/held-samples.ts";
import type { PrequentialLearner } from "../../src/learner/prequential-learner.ts";
import { ReplayRing } from "../../src/learner/replay-ring.ts";
import { gaussian } from "./made-streams.ts";

const fields = ["a", "b", "label"];
const target = { column: "label", classes: 2 };

/** A class at 1 % that overlaps the other one: seldom more probable than it, and seldom without a sign. */
function rareClass(rows: number): Float64Array[] {
  const { uniform } = createRandom(8);
  return Array.from({ length: rows }, () => {
    const label = uniform() < 0.01 ? 1 : 0;
    return Float64Array.of(gaussian(uniform) + 2 * label, gaussian(uniform) + label, label);
  });
}

const rows = rareClass(6000);
function scored(learner: PrequentialLearner): ClassificationReport {
  for (const row of rows) learner.observe(row, 0);
  return learner.report() as ClassificationReport;
}

test.each([
  ["the ensemble", undefined],
  ["a single network", {}],
])("balanced, %s finds a class at 1 % at least twice as often, with the same probabilities", (_, model) => {
  const make = (balance: boolean) => createLearner({ fields, target, model, training: { balance } });
  const [plain, balanced] = [scored(make(false)), scored(make(true))];
  expect(plain.perClass[1].recall).toBeLessThan(0.5);
  expect(balanced.perClass[1].recall).toBeGreaterThan(2 * plain.perClass[1].recall);
  expect(balanced.perClass[1].recall).toBeGreaterThan(0.6);
  expect(balanced.balancedAccuracy).toBeGreaterThan(plain.balancedAccuracy + 0.15);
  expect(balanced.logLoss).toBe(plain.logLoss);
});

test("a class that nobody has seen is not named for nothing", () => {
  const learner = createEnsemble({ fields, target: { column: "label", classes: 5 }, balance: true });
  const named = new Set<number>();
  for (const row of rows.slice(0, 3000)) {
    learner.observe(row, 0);
    named.add(learner.predictedClass);
  }
  expect([...named].filter((label) => label > 1)).toEqual([]);
});

test("a label that comes late is scored with the class that was named then", () => {
  const learner = createEnsemble({ fields, target, balance: true, effort: "low" });
  const held = new HeldSamples(learner.heldSizes, 50);
  const named: number[] = [];
  let right = 0;
  for (const [number, row] of rows.slice(0, 1500).entries()) {
    learner.observe(Float64Array.of(row[0], row[1], Number.NaN), 0);
    learner.hold(held, held.add(number, 0));
    named.push(learner.predictedClass);
    const due = number - 40;
    if (due < 0) continue;
    const isScored = due > 40;
    learner.learnHeld(held, held.find(due), rows[due], 2);
    if (isScored && named[due] === rows[due][2]) right++;
  }
  const { confusion } = learner.report() as ClassificationReport;
  // The first answers, before any label, are not scored.
  expect(confusion[0][0] + confusion[1][1]).toBeGreaterThanOrEqual(right);
  expect(confusion[0][0] + confusion[1][1] - right).toBeLessThanOrEqual(41);
});

/** Stores rows of these classes, and returns the rows that are there, the newest first. */
function balancedRing(labels: number[], rows = 6): ReplayRing {
  const ring = new ReplayRing({ rows, inputs: 1, balancedClasses: 3 });
  for (const [row, label] of labels.entries()) ring.store(Float32Array.of(row), Float64Array.of(label), 0);
  return ring;
}
const rowsIn = (ring: ReplayRing) =>
  Array.from({ length: ring.live }, (_, age) => ring.columns[ring.placeOf(age)]);

test("a full ring of all classes forgets the oldest row of the most frequent one", () => {
  const labels = [0, 1, 0, 2, 0, 0];
  expect(rowsIn(balancedRing(labels))).toEqual([5, 4, 3, 2, 1, 0]);
  expect(rowsIn(balancedRing([...labels, 1]))).toEqual([6, 5, 4, 3, 2, 1]);
  expect(rowsIn(balancedRing([...labels, 1, 1]))).toEqual([7, 6, 5, 4, 3, 1]);
  const long = balancedRing([...labels, ...Array.from({ length: 50 }, () => 2)]);
  expect(rowsIn(long).slice(0, 2)).toEqual([55, 54]);
  expect(rowsIn(long)).toContain(1);
});

/** The state of a ring of all classes with three rows in its four places; `counts` stand where the order counts them. */
function storedBalanced(counts: number[]) {
  const state = structuredClone(balancedRing([0, 1, 0], 4).state()) as { place: Float64Array };
  state.place.set(counts);
  return state;
}

test.each([-3, Number.NaN, 1.5, 5, 1e9])(
  "a ring of all classes refuses %d stored rows in four places",
  (rows) => {
    const ring = balancedRing([2, 2], 4);
    expect(() => ring.restore(storedBalanced([0, rows, rows]))).toThrow(/the stored ring \(place\)/);
    expect(rowsIn(ring)).toEqual([1, 0]);
  },
);

test.each([-3, 0, 1, 9])("its rows are those of one stored count, whatever stands beside it: %d", (other) => {
  const ring = balancedRing([], 4);
  ring.restore(storedBalanced([other, 3, other]));
  expect(rowsIn(ring)).toEqual([2, 1, 0]);
  for (const row of [7, 8]) ring.store(Float32Array.of(row), Float64Array.of(2), 0);
  expect(rowsIn(ring)).toEqual([8, 7, 2, 1]);
  ring.limit(2);
  const again = balancedRing([], 4);
  again.limit(2);
  again.restore(structuredClone(ring.state()));
  expect(rowsIn(again)).toEqual([8, 7]);
});

test("an alarm of drift excludes none of its rows, and a lower limit keeps the newest", () => {
  const ring = balancedRing([0, 0, 0, 0, 1, 2]);
  ring.keepNewest(2);
  for (const row of [6, 7]) ring.store(Float32Array.of(row), Float64Array.of(1), 0);
  expect(rowsIn(ring)).toEqual([7, 6, 5, 4, 3, 2]);
  ring.limit(3);
  expect(rowsIn(ring)).toEqual([7, 6, 5]);
  ring.store(Float32Array.of(8), Float64Array.of(0), 0);
  expect(rowsIn(ring)).toEqual([8, 7, 5]);
});

test("rows of all classes let an ensemble still know the classes of an earlier phase", () => {
  const phase = ({ uniform, below }: ReturnType<typeof createRandom>, first: number) => {
    const label = first + below(3);
    const angle = label + 0.35 * gaussian(uniform);
    return Float64Array.of(Math.cos(angle), Math.sin(angle), label);
  };
  const losses = ([undefined, "classes"] as const).map((eviction) => {
    const ensemble = createEnsemble({
      fields,
      target: { column: "label", classes: 6 },
      eviction,
      without: ["naive", "label", "linear", "network"],
    });
    const random = createRandom(3);
    for (let row = 0; row < 1200; row++) ensemble.observe(phase(random, 0), 0);
    for (let row = 0; row < 1200; row++) ensemble.observe(phase(random, 3), 0);
    let loss = 0;
    for (let row = 0; row < 60; row++) {
      const again = phase(random, row % 2 === 0 ? 0 : 3);
      ensemble.observe(again, 0);
      loss -= Math.log(ensemble.prediction[again[2]]) / 60;
    }
    return loss;
  });
  expect(losses[1]).toBeLessThan(0.8 * losses[0]);
});

test("an ensemble that keeps rows of all classes continues bit for bit, and refuses to balance numbers", () => {
  const make = () => createEnsemble({ fields, target, eviction: "classes" });
  const [first, second] = [make(), make()];
  for (const row of rows.slice(0, 1300)) first.observe(row, 0);
  second.restore(structuredClone(first.state()));
  for (const row of rows.slice(1300, 1500)) for (const each of [first, second]) each.observe(row, 0);
  expect(second.state()).toEqual(first.state());
  expect(first.describe().model.ensemble.eviction).toBe("classes");
  for (const options of [{ balance: true }, { eviction: "classes" as const }]) {
    const number = { column: "label" };
    expect(() => createEnsemble({ fields, target: number, ...options })).toThrow(
      /the target "label" is a number/,
    );
  }
});
