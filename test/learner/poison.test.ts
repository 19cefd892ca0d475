/** One value that cannot be true spoils nothing, wherever it comes, in the ensemble and in a single network. */
import { describe, expect, test } from "vitest";
import { createRandom } from "../../src/engine/model/random.ts";
import { createLearner } from "../../src/learner/create-learner.ts";
import { glitchText, rangeFor } from "../../src/learner/glitches.ts";
import type { PrequentialLearner } from "../../src/learner/prequential-learner.ts";
import { classStream, gaussian, type MadeStream, numberStream } from "./made-streams.ts";

const kinds = [
  { learner: "a network", task: "classes", make: classStream, target: { column: "target", classes: 3 } },
  { learner: "a network", task: "numbers", make: numberStream, target: { column: "target" } },
  { learner: "the ensemble", task: "classes", make: classStream, target: { column: "target", classes: 3 } },
  { learner: "the ensemble", task: "numbers", make: numberStream, target: { column: "target" } },
];

const targetAt = 3;
/** Rows where each impossible value comes, in the long suite each of the first 40: the rest with one of the values in turn. */
const places = [0, 1, 2, 9, 31, 33, 300];
const placesOf = (poison: number) =>
  process.env["RIVULET_TEST_LONG"] === undefined
    ? places
    : [...Array(40).keys(), 100].filter((row) => row % poisons.length === poison).concat(places);

const poisons = [
  { name: "65535", value: () => 65535 },
  { name: "a lost decimal point", value: (number: number) => 1000 * number },
  { name: "a sentinel", value: () => -9999 },
  { name: "1e30", value: () => 1e30 },
];

describe.each(kinds)("$learner for $task", ({ learner, make, target }) => {
  const isNetwork = learner === "a network";
  const rows = isNetwork ? 1500 : 1000;

  const created = (fields: string[]): PrequentialLearner =>
    isNetwork ? createLearner({ fields, target, model: {} }) : createLearner({ fields, target });

  /** Mean loss over the last 400 rows, by the targets of the clean stream: of the class or of the number. */
  function lossOver(stream: MadeStream, clean = stream, learner = created(stream.fields)): number {
    let sum = 0;
    for (let row = 0; row < stream.rows; row++) {
      learner.observe(stream.values, row * stream.width);
      const truth = clean.values[row * stream.width + targetAt];
      const { prediction } = learner;
      const loss = prediction.length > 1 ? -Math.log(prediction[truth]) : Math.abs(prediction[0] - truth);
      if (row >= stream.rows - 400) sum += loss / 400;
    }
    return sum;
  }

  function spoiled(stream: MadeStream, at: number, value: number): MadeStream {
    const values = stream.values.slice();
    values[at] = value;
    return { ...stream, values };
  }

  const clean = make(rows);
  const best = lossOver(clean);

  test.each(poisons.map((poison, index) => ({ ...poison, index })))(
    "is not spoiled by $name in a feature of one of the first 40 rows or later",
    ({ name, value, index }) => {
      for (const row of placesOf(index)) {
        const at = row * clean.width;
        const loss = lossOver(spoiled(clean, at, value(clean.values[at])), clean);
        // Of numbers around 0 that is some 30 deviations, no glitch yet: it is held, and widens the deviation for a while.
        const most = name === "a lost decimal point" ? 1.3 : 1.12;
        expect(loss, `row ${row}: ${loss} after ${best}`).toBeLessThan(most * best + 0.01);
      }
    },
  );

  const ofNumbers = target.classes === undefined ? poisons : [];
  for (const [index, { name, value }] of ofNumbers.entries()) {
    test(`is not spoiled by ${name} in a target of one of the first 40 rows or later`, () => {
      for (const row of placesOf(index)) {
        const at = row * clean.width + targetAt;
        const loss = lossOver(spoiled(clean, at, value(clean.values[at])), clean);
        expect(loss, `row ${row}: ${loss} after ${best}`).toBeLessThan(1.15 * best + 0.01);
      }
    });
  }

  test("says of the first impossible value what it was, where, and which range excludes it", () => {
    for (const row of [5, 200]) {
      const learner = created(clean.fields);
      const stream = spoiled(clean, row * clean.width + 1, 65535);
      lossOver(spoiled(stream, 400 * clean.width + 1, 65534), clean, learner);
      const [glitch, ...others] = learner.glitches.report();
      expect(others).toEqual([]);
      expect(glitch).toMatchObject({ field: "x1", count: 2, value: 65535, sample: row + 1 });
      const seen = Array.from(clean.values).filter((_, at) => at % clean.width === 1);
      expect([glitch.lowest, glitch.highest]).toEqual([Math.min(...seen), Math.max(...seen)]);
      const [low, high] = rangeFor(glitch);
      expect(low).toBeLessThan(glitch.lowest);
      expect(high).toBeGreaterThan(glitch.highest);
      expect(high).toBeLessThan(65534);
      expect(glitchText(glitch)).toContain(`set range: [${low}, ${high}] for x1`);
    }
  });

  test("counts the same impossible values after a restart", () => {
    const stream = spoiled(spoiled(clean, 50 * clean.width, 1e30), 450 * clean.width, -1e30);
    const whole = created(clean.fields);
    lossOver(stream, clean, whole);
    let killed = created(clean.fields);
    for (let row = 0; row < stream.rows; row++) {
      killed.observe(stream.values, row * stream.width);
      if (row % 149 !== 148) continue;
      const state = structuredClone(killed.state());
      killed = created(clean.fields);
      killed.restore(state);
    }
    expect(killed.glitches.report()).toEqual(whole.glitches.report());
    expect(killed.glitches.report()).toMatchObject([{ field: "x0", count: 2, value: 1e30, sample: 51 }]);
    expect(killed.state()).toEqual(whole.state());
  });

  test.each([1e6, 1e-6])("is about as good again once all features are %f times as large", (factor) => {
    const long = make(rows + 2500);
    const values = long.values.slice();
    const change = rows;
    for (let row = change; row < long.rows; row++) {
      for (let i = 0; i < 3; i++) values[row * long.width + i] *= factor;
    }
    const learner = created(long.fields);
    const unchanged = lossOver(long);
    const loss = lossOver({ ...long, values }, long, learner);
    expect(loss, `${loss} where ${unchanged} without`).toBeLessThan(1.5 * unchanged);
    expect(learner.glitches.report().length).toBe(factor > 1 ? 3 : 0);
  });

  test("learns from a constant column that wakes up by 10^6", () => {
    const { uniform } = createRandom(8);
    const own = target.classes ? { ...target, classes: 2 } : target;
    const fields = ["x0", "x1", "target"];
    const learner: PrequentialLearner = isNetwork
      ? createLearner({ fields, target: own, model: {} })
      : createLearner({ fields, target: own });
    const row = new Float64Array(3);
    let hidden = 0;
    let off = 0;
    for (let index = 0; index < 4000; index++) {
      const awake = index < 1500 ? 0 : gaussian(uniform);
      row[0] = gaussian(uniform);
      row[1] = 5 + 1e6 * awake;
      const number = row[0] + 2 * awake + 0.1 * gaussian(uniform);
      row[2] = target.classes ? Number(number > 0) : number;
      learner.observe(row, 0);
      if (index < 3500) continue;
      const { prediction } = learner;
      off += prediction.length > 1 ? -Math.log(prediction[row[2]]) : Math.abs(prediction[0] - row[2]);
      hidden += target.classes ? 0.44 : 2 * Math.sqrt(2 / Math.PI);
    }
    expect(off).toBeLessThan((isNetwork ? 0.35 : 0.2) * hidden);
  });
});

test("suggests ranges in round numbers around the values", () => {
  expect(rangeFor({ lowest: 18.23, highest: 25.1 })).toEqual([11, 32]);
  expect(rangeFor({ lowest: 0, highest: 0 })).toEqual([-1, 1]);
  expect(rangeFor({ lowest: 0.0012, highest: 0.0019 })).toEqual([0.0004, 0.0026]);
  expect(rangeFor({ lowest: -1013, highest: 5020 })).toEqual([-8000, 12000]);
});
