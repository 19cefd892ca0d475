import { expect, onTestFinished, test, vi } from "vitest";
import { DelayedLabels } from "../../src/daemon/delayed-labels.ts";
import { createSteadyClock } from "../../src/samples/sources/clock.ts";
import { until } from "../until.ts";

function delayedLabels(columns = 3, targetAt = 2, clock = createSteadyClock()) {
  const learned: number[][] = [];
  const observe = (values: Float64Array, offset: number) => {
    learned.push([...values.subarray(offset, offset + columns)]);
  };
  const held = new DelayedLabels(columns, targetAt, observe, clock);
  return { held, learned };
}

const sample = (...values: number[]) => Float64Array.from(values);

test("samples of the last seconds are learned with the label, oldest first, and older ones are not", async () => {
  const { held, learned } = delayedLabels();
  for (let i = 0; i < 5; i++) held.hold(sample(i, 10 * i, 0), 0, 3, 1000 * i);
  expect(held.label(2, 3000)).toBe(2);
  await until(() => learned.length > 1);
  expect(learned).toEqual([
    [3, 30, 2],
    [4, 40, 2],
  ]);
});

test("a sample is labelled once", () => {
  const { held, learned } = delayedLabels();
  held.hold(sample(1, 2, 0), 0, 3, 1000);
  expect(held.label(1, 0)).toBe(1);
  held.hold(sample(3, 4, 0), 0, 3, 2000);
  expect(held.label(2, 0)).toBe(1);
  held.flush();
  expect(learned).toEqual([
    [1, 2, 1],
    [3, 4, 2],
  ]);
});

test("the label stands behind the columns of a port that does not send it", () => {
  const { held, learned } = delayedLabels();
  held.hold(sample(9, 9, 5, 6), 2, 2, 0);
  held.label(1, 0);
  held.flush();
  expect(learned).toEqual([[5, 6, 1]]);
});

test("the newest are kept when more come than it can hold", () => {
  const { held, learned } = delayedLabels();
  for (let i = 0; i < 3000; i++) held.hold(sample(i, 0, 0), 0, 3, i);
  expect(held.label(1, 0)).toBe(1024);
  held.flush();
  expect([learned.length, learned[0][0], learned.at(-1)?.[0]]).toEqual([1024, 1976, 2999]);
});

test("what comes while labelled samples wait is held for the next label", () => {
  const { held, learned } = delayedLabels();
  held.hold(sample(1, 1, 0), 0, 3, 1);
  held.label(1, 0);
  held.hold(sample(2, 2, 0), 0, 3, 2);
  held.flush();
  held.flush();
  expect(learned).toEqual([[1, 1, 1]]);
  held.label(0, 0);
  held.flush();
  expect(learned).toEqual([
    [1, 1, 1],
    [2, 2, 0],
  ]);
});

test("labelled samples are learned ten milliseconds at a time, and then nothing is scheduled any more", () => {
  vi.useFakeTimers({ toFake: ["setImmediate", "clearImmediate"] });
  onTestFinished(() => void vi.useRealTimers());
  // Two milliseconds go by from look to look, and it looks before each sample.
  let looks = 0;
  const uptime = () => 0.002 * looks++;
  const { held, learned } = delayedLabels(3, 2, createSteadyClock({ uptime }));
  const slices = () => {
    const sizes: number[] = [];
    for (let before = 0; vi.getTimerCount() > 0 && sizes.length < 100; ) {
      before = learned.length;
      vi.advanceTimersToNextTimer();
      sizes.push(learned.length - before);
    }
    return sizes;
  };
  for (let i = 0; i < 10; i++) held.hold(sample(i, i, 0), 0, 3, i);
  held.label(1, 0);
  expect(learned).toEqual([]);
  expect(slices()).toEqual([4, 4, 2]);
  // What the first label is about is learned at once when the next one comes, and its turn serves the second.
  for (let i = 0; i < 3; i++) {
    held.hold(sample(i, i, 0), 0, 3, 100 + i);
    held.label(0, 0);
  }
  expect(learned).toHaveLength(12);
  expect(slices()).toEqual([1]);
});
