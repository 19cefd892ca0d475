import { expect, test } from "vitest";
import { Surprises } from "../../../src/learner/anomaly/surprises.ts";

/** Places with known nats where they are given, and with parts of rows. */
function surprisesOf(...places: { nats?: number; part?: number }[]): Surprises {
  const surprises = new Surprises(places.length);
  for (const [which, { nats = 0, part = 1 }] of places.entries()) {
    surprises.nats[which] = nats;
    surprises.parts[which] = part;
  }
  return surprises;
}

test("settles the larger one of the nats and -ln of the part, once", () => {
  const surprises = surprisesOf(
    { part: 0.25 },
    { nats: 3 },
    { nats: 1, part: 0.25 },
    { nats: 2, part: 0.25 },
  );
  for (const which of [0, 1, 2, 3, 0, 1, 2, 3]) surprises.settle(which);
  expect([...surprises.nats]).toEqual([Math.log(4), 3, Math.log(4), 2]);
  surprises.clear(1);
  surprises.settle(1);
  expect(surprises.nats[1]).toBe(0);
});

test("compares by parts, by nats, and one with the other", () => {
  const surprises = surprisesOf({ part: 0.5 }, { part: 0.1 }, { nats: 2 }, { nats: 3 }, {});
  const isWeaker = (first: number, second: number) => [
    surprises.isWeaker(first, second),
    surprises.isWeaker(second, first),
  ];
  expect(isWeaker(0, 1)).toEqual([true, false]);
  expect(isWeaker(2, 3)).toEqual([true, false]);
  // -ln 0.1 is 2.3.
  expect(isWeaker(2, 1)).toEqual([true, false]);
  expect(isWeaker(1, 3)).toEqual([true, false]);
  expect(isWeaker(4, 0)).toEqual([true, false]);
  expect(isWeaker(4, 4)).toEqual([false, false]);
});

test("takes over what is stronger elsewhere, of nats and parts alike", () => {
  const all = surprisesOf({ part: 0.5 }, { nats: 2 }, {});
  all.takeStronger(surprisesOf({ nats: 1 }, { nats: 1, part: 0.2 }));
  expect([...all.nats]).toEqual([1, 2, 0]);
  expect([...all.parts]).toEqual([0.5, 0.2, 1]);
});
