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
    expect(readRangeTest(rates, calm, false)).toMatchObject({ diverging: null });
    expect(readRangeTest(rates, calm, false).suggested).not.toBeNull();
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
