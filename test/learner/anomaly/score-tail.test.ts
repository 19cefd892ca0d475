import fc from "fast-check";
import { expect, test } from "vitest";
import { createRandom } from "../../../src/engine/model/random.ts";
import { ScoreTail, type ScoreTailOptions } from "../../../src/learner/anomaly/score-tail.ts";
import { Surprises } from "../../../src/learner/anomaly/surprises.ts";

const surprises = new Surprises(1);

function natsOf(tail: ScoreTail, score: number): number {
  tail.measure(Float64Array.of(score), 0, surprises, 0);
  surprises.settle();
  return surprises.nats[0];
}

const logTail = (options: ScoreTailOptions = {}) => new ScoreTail({ ...options, areLogarithms: true });

/** A tail that has seen so many exponential scores with mean 1, as their logarithms. */
function exponentialTail(rows: number, seed = 1): ScoreTail {
  const random = createRandom(seed);
  const tail = logTail();
  const cell = new Float64Array(1);
  for (let row = 0; row < rows; row++) {
    cell[0] = Math.log(-Math.log(1 - random.uniform()));
    tail.observe(cell, 0, surprises, 0);
  }
  return tail;
}

test("measures a score as it measures its logarithm, and at once where it takes it in", () => {
  const random = createRandom(4);
  const [scored, logged] = [new ScoreTail(), logTail()];
  const cell = new Float64Array(1);
  for (let row = 0; row < 3000; row++) {
    const score = -Math.log(1 - random.uniform()) * (row % 500 === 499 ? 100 : 1);
    const nats = natsOf(scored, score);
    expect(nats).toBeCloseTo(natsOf(logged, Math.log(score)), 9);
    cell[0] = score;
    scored.observe(cell, 0, surprises, 0);
    surprises.settle();
    expect(surprises.nats[0]).toBe(nats);
    cell[0] = Math.log(score);
    logged.add(cell, 0);
  }
});

test("takes as normal what its logarithm says, where it is rarer than that", () => {
  const random = createRandom(6);
  const cell = new Float64Array(1);
  for (let trial = 0; trial < 200; trial++) {
    const [scored, logged] = [new ScoreTail(), logTail()];
    for (let row = 0; row < 300; row++) {
      const score = -Math.log(1 - random.uniform());
      cell[0] = score;
      scored.add(cell, 0);
      cell[0] = Math.log(score);
      logged.add(cell, 0);
    }
    cell[0] = 6 * random.uniform() - 3;
    const part = 10 ** (-5 * random.uniform() - 0.3);
    for (const tail of [scored, logged]) tail.takeAsNormal(cell, 0, part);
    expect((scored.state() as { weights: Float32Array }).weights).toEqual(
      (logged.state() as { weights: Float32Array }).weights,
    );
  }
});

test("gives the nats of a score's rank: of an exponential score about the score itself", () => {
  const tail = exponentialTail(20_000);
  for (const score of [0.5, 1, 2, 3]) {
    expect(natsOf(tail, Math.log(score)) / score).toBeCloseTo(1, 0.7);
  }
});

test("gives more nats for a higher score, also far beyond all that it has seen", () => {
  const tail = exponentialTail(5000);
  fc.assert(
    fc.property(
      fc.double({ min: -5, max: 25, noNaN: true }),
      fc.double({ min: 0.13, max: 3, noNaN: true }),
      (log, more) => {
        expect(natsOf(tail, log + more)).toBeGreaterThanOrEqual(natsOf(tail, log));
      },
    ),
  );
});

test("knows nothing of the first 20 rows", () => {
  const tail = exponentialTail(19);
  expect(natsOf(tail, 10)).toBe(0);
  expect(natsOf(exponentialTail(21), 10)).toBeGreaterThan(0);
});

test("forgets: what was common a hundred thousand rows ago is rare now", () => {
  const tail = logTail({ halfLife: 1000 });
  const cell = Float64Array.of(2);
  for (let row = 0; row < 5000; row++) tail.add(cell, 0);
  const common = natsOf(tail, cell[0]);
  cell[0] = 0;
  // Far enough for the weights to be scaled down on the way.
  for (let row = 0; row < 100_000; row++) tail.add(cell, 0);
  cell[0] = 2;
  expect(common).toBeLessThan(1);
  expect(natsOf(tail, cell[0])).toBeGreaterThan(8);
});

test("continues from its state bit for bit, also where a weight has vanished with time", () => {
  const tail = logTail({ halfLife: 100 });
  const cell = Float64Array.of(-13.9);
  tail.add(cell, 0);
  cell[0] = 20;
  tail.add(cell, 0);
  for (let row = 0; row < 20_000; row++) {
    cell[0] = (row % 37) / 10 - 3;
    tail.observe(cell, 0, surprises, 0);
  }
  const restored = logTail({ halfLife: 100 });
  restored.restore(structuredClone(tail.state()));
  for (let log = -14; log < 24; log += 1 / 16) {
    cell[0] = log;
    expect(natsOf(restored, log)).toBe(natsOf(tail, log));
    if (log % 1 === 0) for (const each of [tail, restored]) each.add(cell, 0);
  }
  expect(restored.state()).toEqual(tail.state());
});

test("a score below all others says at once that the common ones are above it, before it is summed again", () => {
  const tail = exponentialTail(1000);
  expect(natsOf(tail, -12)).toBeLessThan(0.01);
  tail.add(Float64Array.of(-13), 0);
  // Most rows lie above -5, which lay below all that were used.
  for (const log of [-12.5, -11, -10]) expect(natsOf(tail, log)).toBeLessThan(0.01);
});

test("measures right after the weights were scaled down what it measured before", () => {
  // So many rows count that not every one is followed by a look at all of them.
  const tail = logTail({ halfLife: 400 });
  const weightOf = () => (tail.state() as { scalars: Float64Array }).scalars[0];
  const cell = new Float64Array(1);
  const logs = [-1.2, 0.3];
  let before: number[] = [];
  for (let row = 0, weight = 0; weight <= weightOf(); row++) {
    weight = weightOf();
    before = logs.map((log) => natsOf(tail, log));
    cell[0] = (row % 37) / 10 - 3;
    tail.add(cell, 0);
  }
  // About half of the scores are higher than the first, a tenth than the second.
  expect(before[0]).toBeGreaterThan(0.4);
  for (const [index, log] of logs.entries())
    expect(Math.abs(natsOf(tail, log) - before[index])).toBeLessThan(0.2);
});

test("tells scores apart where most are in the last bin, which has no end", () => {
  const tail = logTail();
  for (let row = 0; row < 100; row++) tail.add(Float64Array.of(26), 0);
  expect(natsOf(tail, 60)).toBeGreaterThan(natsOf(tail, 40) + 100);
});
