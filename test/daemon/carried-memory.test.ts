import { expect, test } from "vitest";
import { carryMemory } from "../../src/daemon/carried-memory.ts";
import type { State } from "../../src/state.ts";
import { pathOf } from "./path.ts";

const configOf = (fields: string) => `
source: { tcp: { host: 127.0.0.1, port: 9 }, framing: lines, fields: [${fields}] }
target: { column: label, classes: 3 }
labels: { keep: 10min }
`;
const sample = (...values: number[]) => Float64Array.from(values);

/** A daemon that has taken samples of two fields, one of them without a value. */
function begun() {
  const { path, learner, take } = pathOf(configOf("a, b, label"));
  for (let i = 0; i < 50; i++) take(sample(i % 7, i === 20 ? Number.NaN : i % 5, i % 3));
  take(sample(1, 2, Number.NaN));
  path.pauseFor(3_600_000);
  return { path, learner, state: structuredClone(path.state()) };
}

test("a daemon with a field more goes on with its counts, its pause and what it knows of the other fields", () => {
  const before = begun();
  const { path, learner } = pathOf(configOf("b, c, a, label"));
  const { state, lost } = carryMemory(before.state, before.learner, learner);
  expect(lost).toEqual(["50 samples kept for late labels"]);
  path.restore(state);
  expect([path.taken, path.isPaused, path.stations.validator.skipped]).toEqual([51, true, 1]);
  expect(path.pauseLeftMs).toBeGreaterThan(3_000_000);
  expect(path.stations.validator.report()).toEqual([{ field: "b", notFinite: 1, outOfRange: 0, stuck: 0 }]);
  expect(path.stations.lateLabels?.length).toBe(0);
});

test("where samples and features stay the same nothing is lost, the samples kept for labels neither", () => {
  const before = begun();
  const { path, learner } = pathOf(configOf("a, b, label"));
  const carried = carryMemory(before.state, before.learner, learner);
  expect(carried).toEqual({ state: before.state, lost: [] });
  path.restore(carried.state);
  expect(path.stations.lateLabels?.length).toBe(50);
});

test("classes in another order leave the samples behind that wait for labels, and nothing else", () => {
  const named = (names: string) => configOf("a, b, label").replace("classes: 3", `classes: [${names}]`);
  const before = pathOf(named("idle, run, fault"));
  for (let i = 0; i < 20; i++) before.take(sample(i % 7, i % 5, i % 3));
  const given = structuredClone(before.path.state()) as { [part: string]: State };
  const { state, lost } = carryMemory(given, before.learner, pathOf(named("run, fault, idle")).learner);
  expect(lost).toEqual(["20 samples kept for late labels"]);
  const { labels, ...others } = state as { [part: string]: State };
  const { labels: _, ...same } = given;
  expect(others).toEqual(same);
  const { path } = pathOf(named("run, fault, idle"));
  path.restore(state);
  expect(path.stations.lateLabels?.length).toBe(0);
  // A class more at the end moves none.
  expect(carryMemory(given, before.learner, pathOf(named("idle, run, fault")).learner).lost).toEqual([]);
});

test("a state that is none is left as it is for who restores it to refuse", () => {
  const { learner } = begun();
  const other = pathOf(configOf("b, label")).learner;
  expect(carryMemory(null as State, learner, other)).toEqual({ state: null, lost: [] });
  const { state, lost } = carryMemory({ taken: 3, validator: new Float64Array(5) }, learner, other);
  expect([state, lost]).toEqual([{ taken: 3 }, ["what is known of invalid values"]]);
});
