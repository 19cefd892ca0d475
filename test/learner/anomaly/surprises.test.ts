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
  surprises.settleOne(0);
  expect([...surprises.nats]).toEqual([Math.log(4), 3, 1, 2]);
  surprises.settle();
  surprises.settle();
  expect([...surprises.nats]).toEqual([Math.log(4), 3, Math.log(4), 2]);
  surprises.clear(1);
  surprises.settle();
  expect(surprises.nats[1]).toBe(0);
});

test("takes over what is stronger elsewhere, of nats and parts alike", () => {
  const all = surprisesOf({ part: 0.5 }, { nats: 2 }, {});
  all.takeStronger(surprisesOf({ nats: 1 }, { nats: 1, part: 0.2 }));
  expect([...all.nats]).toEqual([1, 2, 0]);
  expect([...all.parts]).toEqual([0.5, 0.2, 1]);
});
