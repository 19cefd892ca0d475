import { describe, expect, test } from "vitest";
import { readRangeTest } from "../../src/training/range-test.ts";

const points = 400;
const rates = Array.from({ length: points }, (_, i) => 1e-7 * 10 ** ((8 * i) / (points - 1)));
/** Rises from 0 to 1 around a rate, within about a power of ten. */
const turn = (rate: number, around: number) => 1 / (1 + (around / rate) ** 3);
const noise = (i: number) => Math.sin(12.9898 * i * i);

/** Falls from 1 to 0.2 around 1e-3, and leaves upwards around 1. */
const usual = rates.map((rate) => 1 - 0.8 * turn(rate, 1e-3) + 5 * turn(rate, 1));

describe("a range test", () => {
  test("shows where the loss falls fastest and where it leaves", () => {
    const { steepest, diverging, suggested } = readRangeTest(rates, usual, false);
    expect(Math.log10(steepest as number)).toBeCloseTo(-3, 1);
    expect(diverging).toBeGreaterThan(0.3);
    expect(diverging).toBeLessThan(1);
    expect(suggested).toBe(steepest);
  });

  test("is not misled by noise", () => {
    const noisy = usual.map((loss, i) => loss * (1 + 0.03 * noise(i)));
    const { steepest, diverging } = readRangeTest(rates, noisy, false);
    expect(Math.abs(Math.log10(steepest as number) + 3)).toBeLessThan(0.3);
    expect(diverging).toBeGreaterThan(0.3);
    expect(diverging).toBeLessThan(1);
  });

  test("never suggests more than a third of the diverging rate", () => {
    const cliff = rates.map((rate) => 1 - 0.8 * turn(rate, 0.5) + (rate > 0.6 ? 5 : 0));
    const { steepest, diverging, suggested } = readRangeTest(rates, cliff, false);
    expect(steepest).toBeGreaterThan((diverging as number) / 3);
    expect(suggested).toBe((diverging as number) / 3);
  });

  test("that ended early before the loss had risen diverges at its last rate", () => {
    const end = 250;
    const { diverging, steepest } = readRangeTest(rates.slice(0, end), usual.slice(0, end), true);
    expect(diverging).toBe(rates[end - 1]);
    expect(Math.log10(steepest as number)).toBeCloseTo(-3, 1);
  });

  test("whose loss never leaves has no diverging rate", () => {
    const calm = rates.map((rate) => 1 - 0.8 * turn(rate, 1e-3));
    const { steepest, diverging, suggested } = readRangeTest(rates, calm, false);
    expect(diverging).toBeNull();
    expect(steepest).not.toBeNull();
    expect(suggested).toBe(steepest);
  });

  test("suggests nothing where the loss does not fall", () => {
    const flat = rates.map((rate, i) => 1 + 0.02 * noise(i) + 5 * turn(rate, 1));
    const { steepest, diverging, suggested } = readRangeTest(rates, flat, false);
    expect([steepest, suggested]).toEqual([null, null]);
    expect(diverging).toBeGreaterThan(0.1);
  });

  test("of a point or two shows nothing", () => {
    const nothing = { steepest: null, diverging: null, suggested: null };
    expect(readRangeTest([], [], true)).toEqual(nothing);
    expect(readRangeTest([1e-7, 2e-7], [1, 5], true)).toEqual(nothing);
  });
});

/** Reads a curve of few points, `perDecade` of them to a power of ten; gives the indices of the points it shows. */
function read(losses: number[], perDecade = 8, endedEarly = false) {
  const few = losses.map((_, i) => 10 ** (i / perDecade));
  const { steepest, diverging } = readRangeTest(few, losses, endedEarly);
  const indexOf = (rate: number | null) => (rate === null ? null : few.indexOf(rate));
  return { steepest: indexOf(steepest), diverging: indexOf(diverging) };
}
const repeated = (loss: number, count: number) => Array<number>(count).fill(loss);
/** Losses that fall (or rise) in a line, from behind `from` on. */
const line = (from: number, by: number, count: number) =>
  Array.from({ length: count }, (_, i) => from + by * (i + 1));

describe("the steepest fall", () => {
  test("is taken over half a power of ten, neither less nor more", () => {
    // Eight points a decade: five points around a rate. A step of 0.3, a line over five points, one over seven.
    const step = [...repeated(2, 6), ...repeated(1.7, 6)];
    const five = [...step, ...line(1.7, -0.1, 4), ...repeated(1.3, 6)];
    const seven = [...five, ...line(1.3, -0.085, 6), ...repeated(0.79, 6)];
    expect(read(seven)).toEqual({ steepest: step.length + 1, diverging: null });
  });

  test("is taken over three points where they are a power of ten apart", () => {
    // A step of 3, and a line of the same fall over five points.
    const losses = [20, 20, 20, 17, 17, 17, 16, 15, 14, 13, 13, 13];
    expect(read(losses, 1)).toEqual({ steepest: 2, diverging: null });
  });

  test("is taken over fewer points at the end of the curve", () => {
    expect(read([1, 1, 1, 1, 0.9, 0.5], 4).steepest).toBe(5);
  });

  test("is the first of those that are equally steep", () => {
    expect(read([1, 1, 1, 0.75, 0.5, 0.25, 0.25], 4).steepest).toBe(3);
  });

  test("is not looked for behind the best loss, where it may fall back from a height", () => {
    const losses = [...repeated(1, 4), 0.875, 0.75, 0.625, 0.5, 0.5, 2, 2, 0.5, 0.5];
    expect(read(losses, 4).steepest).toBe(4);
  });

  test("is not looked for among the first smoothed losses, which are means of few, nor is the best", () => {
    const losses = [0.1, 1, 1, 1, 1, 1, 0.875, 0.625, 0.5, 0.5, 0.5, 9, 9];
    expect(read(losses)).toEqual({ steepest: 6, diverging: 11 });
  });

  test("is none where the best loss is more than 0.95 of the start", () => {
    expect(read([2, 2, 2, 2, 1.9, 1.9, 1.9]).steepest).not.toBeNull();
    expect(read([2, 2, 2, 2, 1.91, 1.91, 1.91]).steepest).toBeNull();
  });

  test("is shown from three points on, also where they stand closer than the slope is wide", () => {
    expect(read([1, 0.5, 0.4], 1).steepest).toBe(1);
    expect(read([4, 1, 2], 100).steepest).toBe(2);
  });
});

describe("the diverging rate", () => {
  test("is the first from which on half of the gain is lost, the start being the mean of the first stretch", () => {
    const fall = [3, 2.5, 1.5, 1, 0.75, 0.5, 0.5];
    expect(read([...fall, 1.25, 1.26, 1.3]).diverging).toBe(fall.length + 1);
    expect(read([...fall, 1.3, 1.2, 1.3]).diverging).toBe(fall.length + 2);
  });

  test("is not reached below 1.5 times the best loss", () => {
    const fall = [1.25, 1.25, 1.25, 1.25, 1, 1, 1];
    expect(read([...fall, 1.2, 1.5, 1.51, 1.6]).diverging).toBe(fall.length + 2);
  });

  test("is reached above 4 times the best loss", () => {
    const fall = [16, 16, 16, 16, 8, 1, 1];
    expect(read([...fall, 3, 4, 4.1, 5]).diverging).toBe(fall.length + 2);
  });

  test("is that behind the best loss where all are too high from there on", () => {
    expect(read([2, 2, 2, 2, 1, 0.5, 7, 7, 7]).diverging).toBe(6);
  });
});
