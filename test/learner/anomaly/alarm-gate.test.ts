import { expect, test } from "vitest";
import { createRandom } from "../../../src/engine/model/random.ts";
import { AlarmGate } from "../../../src/learner/anomaly/alarm-gate.ts";

const rowMs = 5 * 60_000;
const rowsPerWeek = 2016;

/** Evidence of rows where nothing happens: exponential, three nats on average. */
function quietEvidence(seed: number) {
  const random = createRandom(seed);
  return () => -3 * Math.log(1 - random.uniform());
}

/** Rows at which alarms begin, where `faults` give the evidence of some rows. */
function alarmsOf(gate: AlarmGate, rows: number, faults: ReadonlyMap<number, number>): number[] {
  const next = quietEvidence(5);
  const alarms: number[] = [];
  for (let row = 0; row < rows; row++) {
    const evidence = Float64Array.of(faults.get(row) ?? Math.min(next(), 16));
    if (gate.observe(evidence, Float64Array.of(row * rowMs), 0)) alarms.push(row);
  }
  return alarms;
}

const gateOf = (alarmsPerWeek: number) =>
  new AlarmGate({ alarmsPerWeek, warmUpRows: 500, warmUpMs: 24 * 60 * 60_000 });

test("strong faults, as many as are asked for, do not hide weaker ones after them", () => {
  const strong = Array.from({ length: 8 }, (_, index) => Math.round((0.6 + 0.5 * index) * rowsPerWeek));
  const weak = 5 * rowsPerWeek;
  const faults = new Map([...strong.map((row): [number, number] => [row, 200]), [weak, 60]]);
  expect(alarmsOf(gateOf(2), weak + 1, faults)).toEqual([...strong, weak]);
});

test("of faults that come ten times as often as is asked for, few are reported", () => {
  const often = Array.from({ length: 400 }, (_, index) => 600 + 100 * index);
  const random = createRandom(2);
  const faults = new Map(often.map((row): [number, number] => [row, 40 + 20 * random.uniform()]));
  const weeks = 20;
  const alarms = alarmsOf(gateOf(2), weeks * rowsPerWeek, faults);
  expect(alarms.length).toBeGreaterThan(0.5 * weeks);
  expect(alarms.length).toBeLessThanOrEqual(2 * weeks);
});

test("says how many moments were at least as unusual as the latest alarm, however they count", () => {
  const gate = gateOf(2);
  const faults = new Map([
    [1500, 300],
    [3500, 200],
    [6000, 250],
  ]);
  expect(alarmsOf(gate, 6001, faults)).toEqual([1500, 3500, 6000]);
  expect(gate.rank).toBe(1);
});
