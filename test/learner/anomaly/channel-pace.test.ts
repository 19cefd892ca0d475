import { expect, test } from "vitest";
import { ChannelPace } from "../../../src/learner/anomaly/channel-pace.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** Takes one value after each of these times since the one before; the places of those that follow a gap. */
function gapsIn(pace: ChannelPace, steps: Iterable<number>, begin = { ms: 1.7e12 }): number[] {
  const gaps: number[] = [];
  let index = 0;
  for (const step of steps) {
    begin.ms += step;
    if (pace.observe(Float64Array.of(begin.ms), 0)) gaps.push(index);
    index++;
  }
  return gaps;
}

const steps = (count: number, stepMs: number): number[] => Array(count).fill(stepMs);

/** So many steps, then a pause, again and again. */
const batches = (count: number, values: number, stepMs: number, pauseMs: number): number[] =>
  Array.from({ length: count }, () => [...steps(values - 1, stepMs), pauseMs]).flat();

test("a gap is more than twenty times the usual time between two values, and not among the first twenty", () => {
  const pace = new ChannelPace();
  expect(gapsIn(pace, [...steps(10, minuteMs), dayMs, minuteMs])).toEqual([]);
  const other = new ChannelPace();
  expect(gapsIn(other, [...steps(100, minuteMs), 19 * minuteMs, ...steps(50, minuteMs), dayMs])).toEqual([
    151,
  ]);
});

test.each([
  ["batches of 60 values in 10 ms each, every five minutes", batches(300, 60, 10, 5 * minuteMs), 6],
  ["days of a value in ten seconds, nights of one in half an hour", batches(14, 5760, 10_000, dayMs / 3), 4],
  ["values that become rare for good", [...steps(1000, 5000), ...steps(100, 60 * minuteMs)], 3],
  ["a machine that is off from Friday to Monday", batches(10, 7200, minuteMs, 2 * dayMs), 5],
])("pauses that come again are gaps no more after a few: %s", (_, list, most) => {
  const gaps = gapsIn(new ChannelPace(), list);
  expect(gaps.length).toBeGreaterThan(0);
  expect(gaps.length).toBeLessThanOrEqual(most);
});

test("a pause that has not come for weeks is a gap again", () => {
  const pace = new ChannelPace();
  const clock = { ms: 0 };
  gapsIn(pace, batches(10, 1000, minuteMs, dayMs), clock);
  expect(gapsIn(pace, [dayMs], clock)).toEqual([]);
  expect(gapsIn(pace, [...steps(60 * 1440, minuteMs), dayMs], clock)).toEqual([60 * 1440]);
});

test.each([
  ["a clock that shows minutes", batches(200, 30, 0, minuteMs)],
  ["values that share a time at the beginning", [...steps(30, 0), ...steps(300, minuteMs)]],
  ["a clock that goes back", [...steps(100, minuteMs), -dayMs, ...steps(100, minuteMs)]],
])("there is no gap by %s", (_, list) => {
  expect(gapsIn(new ChannelPace(), list)).toEqual([]);
});

test("continues from its state, and refuses one that cannot be", () => {
  const pace = new ChannelPace();
  const clock = { ms: 0 };
  gapsIn(pace, batches(3, 40, 1000, dayMs), clock);
  const restored = new ChannelPace();
  restored.restore(structuredClone(pace.state()));
  const more = [...steps(30, 1000), 400 * 1000, 3 * dayMs, 1000];
  expect(gapsIn(restored, more, { ...clock })).toEqual(gapsIn(pace, more, { ...clock }));
  const before = structuredClone(restored.state());
  for (const [place, number] of [
    [0, 0.5],
    [1, Number.NaN],
    [2, -1],
    [2, 1e-9],
    [2, 1e99],
    [3, -1],
    [3, 1e99],
  ]) {
    const damaged = structuredClone(pace.state()) as { scalars: Float64Array };
    damaged.scalars[place] = number;
    expect(() => restored.restore(damaged), `number ${place} as ${number}`).toThrow("pace of a channel");
  }
  expect(restored.state()).toEqual(before);
});
