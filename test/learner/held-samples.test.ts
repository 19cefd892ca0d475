import { describe, expect, test } from "vitest";
import { createRandom } from "../../src/engine/model/random.ts";
import { createLearner } from "../../src/learner/create-learner.ts";
import { HeldSamples } from "../../src/learner/held-samples.ts";
import type { PrequentialLearner } from "../../src/learner/prequential-learner.ts";
import { gaussian } from "./made-streams.ts";

const sizes = { singles: 1, doubles: 2 };

/** A ring into which samples with these numbers were put, each with its number as time and content. */
function holding(numbers: number[], capacity: number): HeldSamples {
  const held = new HeldSamples(sizes, capacity);
  for (const number of numbers) put(held, number);
  return held;
}

function put(held: HeldSamples, number: number): void {
  const slot = held.add(number, 10 * number);
  held.singles[slot] = number;
  held.doubles.fill(number, 2 * slot, 2 * slot + 2);
}

const numbersIn = (held: HeldSamples) =>
  Array.from({ length: held.length }, (_, index) => held.numberIn(held.slotAt(index)));

describe("a ring of held samples", () => {
  test("finds each by its number, gaps or not, and no other", () => {
    const held = holding([3, 4, 9, 10, 17], 8);
    for (const number of [3, 4, 9, 10, 17]) expect(held.numberIn(held.find(number))).toBe(number);
    for (const number of [0, 5, 11, 16, 18]) expect(held.find(number)).toBe(-1);
  });

  test("replaces the oldest when it is full", () => {
    const held = holding([1, 2, 3, 4, 5, 6, 7], 3);
    expect(numbersIn(held)).toEqual([5, 6, 7]);
    expect([held.find(4), held.numberIn(held.find(5))]).toEqual([-1, 5]);
    expect(held.singles[held.find(6)]).toBe(6);
  });

  test.each([
    [[], 4, 4],
    [[1, 2, 3], 4, 4],
    [[1, 2, 3, 4, 5, 6], 4, 4],
    [[1, 2, 3, 4, 5, 6], 4, 9],
    [[1, 2, 3, 4, 5, 6], 4, 2],
  ])("continues from its state: %j in a ring of %i, in one of %i", (numbers, capacity, next) => {
    const held = holding(numbers, capacity);
    if (held.length > 0) held.targets[held.slotAt(held.length - 1)] = 7;
    const resumed = new HeldSamples(sizes, next);
    resumed.restore(structuredClone(held.state()));
    expect(numbersIn(resumed)).toEqual(numbersIn(held).slice(-next));
    for (const number of numbersIn(resumed)) {
      const [slot, before] = [resumed.find(number), held.find(number)];
      expect(resumed.targets[slot]).toBe(held.targets[before]);
      expect([resumed.singles[slot], resumed.doubles[2 * slot + 1], resumed.times[slot]]).toEqual([
        ...[number, number, 10 * number],
      ]);
    }
    put(resumed, 99);
    expect(numbersIn(resumed).at(-1)).toBe(99);
  });

  test("refuses the state of samples of other sizes, and keeps its own", () => {
    const held = holding([1, 2], 4);
    const other = new HeldSamples({ singles: 2, doubles: 2 }, 4);
    put(other, 5);
    expect(() => held.restore(other.state())).toThrow("held samples");
    expect(numbersIn(held)).toEqual([1, 2]);
  });
});

/** Rows of three columns, the target last: which of two slopes two noisy features lie on, or a number of them. */
function rowsOf(classes: number, count: number): Float64Array {
  const { uniform } = createRandom(5);
  const values = new Float64Array(3 * count);
  for (let row = 0; row < count; row++) {
    const [a, b] = [gaussian(uniform), gaussian(uniform)];
    values.set([a, b, classes > 0 ? Number(a + b + 0.2 * gaussian(uniform) > 0) : 50 + 3 * a - b], 3 * row);
  }
  return values;
}

const fields = ["a", "b", "target"];
const learners: [string, number, () => PrequentialLearner][] = [];
for (const classes of [2, 0]) {
  const target = classes > 0 ? { column: "target", classes } : { column: "target" };
  const of = classes > 0 ? "classes" : "a number";
  learners.push([`an ensemble for ${of}`, classes, () => createLearner({ fields, target })]);
  learners.push([`a network for ${of}`, classes, () => createLearner({ fields, target, model: {} })]);
}

/** Observes the rows without their targets, holds each, and returns the answers. */
function observeUnlabelled(learner: PrequentialLearner, values: Float64Array, held: HeldSamples, from = 0) {
  const row = new Float64Array(3);
  const answers: number[][] = [];
  for (let at = 0; at < values.length; at += 3) {
    row.set(values.subarray(at, at + 2));
    row[2] = Number.NaN;
    learner.observe(row, 0);
    answers.push([...learner.prediction]);
    learner.hold(held, held.add(from + at / 3, at));
  }
  return answers;
}

const lossOf = (learner: PrequentialLearner) => {
  const report = learner.report();
  return "logLoss" in report ? report.logLoss : report.mae;
};

describe.each(learners)("%s", (name, classes, create) => {
  test("learns from labels that come later, and scores the predictions that were made when the samples came", () => {
    const learner = create();
    const values = rowsOf(classes, 600);
    const held = new HeldSamples(learner.heldSizes, 1024);
    observeUnlabelled(learner, values.subarray(0, 900), held);
    expect([learner.samplesSeen, learner.unlabelled, learner.metrics.samples]).toEqual([0, 300, 0]);
    for (let row = 0; row < 300; row++) learner.learnHeld(held, held.find(row), values, 3 * row + 2);
    // All were predicted before any target was known: learned from, and not scored.
    expect([learner.samplesSeen, learner.unlabelled, learner.metrics.samples]).toEqual([300, 0, 0]);
    const answers = observeUnlabelled(learner, values.subarray(900), held, 300);
    let expected = 0;
    for (const [index, answer] of answers.entries()) {
      const truth = values[3 * (300 + index) + 2];
      expected += classes > 0 ? -Math.log(answer[truth]) : Math.abs(answer[0] - truth);
    }
    for (let row = 300; row < 600; row++) learner.learnHeld(held, held.find(row), values, 3 * row + 2);
    expect(learner.metrics.samples).toBe(300);
    expect(lossOf(learner)).toBeCloseTo(expected / 300, 5);
  });

  test("continues bit for bit from its state and that of what it holds", () => {
    const values = rowsOf(classes, 400);
    const learner = create();
    const held = new HeldSamples(learner.heldSizes, 128);
    observeUnlabelled(learner, values.subarray(0, 600), held);
    for (let row = 80; row < 150; row++) learner.learnHeld(held, held.find(row), values, 3 * row + 2);
    const twin = create();
    const twins = new HeldSamples(twin.heldSizes, 128);
    twin.restore(structuredClone(learner.state()));
    twins.restore(structuredClone(held.state()));
    for (const [each, own] of [
      [learner, held],
      [twin, twins],
    ] as const) {
      for (let row = 199; row >= 150; row--) each.learnHeld(own, own.find(row), values, 3 * row + 2);
      observeUnlabelled(each, values.subarray(600), own, 200);
      for (let row = 399; row >= 300; row--) each.learnHeld(own, own.find(row), values, 3 * row + 2);
    }
    expect(twin.state()).toEqual(learner.state());
  });

  test("scores a corrected label instead of the first, and learns from it", () => {
    const values = rowsOf(classes, 300);
    const wrong = values.slice();
    const step = classes > 0 ? 1 : 40;
    for (let row = 200; row < 300; row++) {
      wrong[3 * row + 2] = classes > 0 ? 1 - values[3 * row + 2] : values[3 * row + 2] + step;
    }
    const run = (labels: Float64Array[]) => {
      const learner = create();
      for (let row = 0; row < 200; row++) learner.observe(values, 3 * row);
      const held = new HeldSamples(learner.heldSizes, 128);
      observeUnlabelled(learner, values.subarray(600), held, 200);
      for (const each of labels) {
        for (let row = 200; row < 300; row++) learner.learnHeld(held, held.find(row), each, 3 * row + 2);
      }
      return learner;
    };
    const [right, corrected, mistaken] = [run([values]), run([wrong, values]), run([wrong])];
    expect(corrected.metrics.samples).toBe(right.metrics.samples);
    expect(corrected.samplesSeen).toBe(right.samplesSeen);
    expect(lossOf(corrected)).toBeCloseTo(lossOf(right), 6);
    const report = corrected.report();
    if ("confusion" in report)
      expect(report).toMatchObject({ confusion: (right.report() as typeof report).confusion });
    // So is the constant answer beside it.
    type Constants = { baselines?: { name: string; loss: number }[] };
    const constantOf = (each: unknown) =>
      (each as Constants).baselines?.find(({ name }) => /median|frequencies/.test(name))?.loss ?? 0;
    expect(constantOf(report)).toBeCloseTo(constantOf(right.report()), 5);
    // It answers nearer to the truth than where the wrong labels stand.
    const errorOf = (learner: PrequentialLearner) => {
      let sum = 0;
      for (let row = 200; row < 300; row++) {
        learner.predict(values, 3 * row);
        const truth = values[3 * row + 2];
        sum += classes > 0 ? 1 - learner.prediction[truth] : Math.abs(learner.prediction[0] - truth);
      }
      return sum / 100;
    };
    // One expert of this ensemble forgets in 50 rows, the mistaken ones too: less is left to correct.
    const most = name === "an ensemble for a number" ? 0.85 : 0.75;
    expect(errorOf(corrected)).toBeLessThan(most * errorOf(mistaken));
  });
});
