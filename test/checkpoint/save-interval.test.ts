import { expect, test } from "vitest";
import { dailySaves, savingInterval } from "../../src/checkpoint/save-interval.ts";

const minute = 60_000;

test("small checkpoints are saved every ten minutes, the largest of them 36,676 bytes", () => {
  expect(savingInterval(0)).toBe(10 * minute);
  expect(savingInterval(36_676)).toBe(10 * minute);
  expect(savingInterval(36_677)).toBeGreaterThan(10 * minute);
});

test("larger ones are saved so rarely that a day's saves write at most 10 MB, and no more rarely than that", () => {
  for (const bytes of [62_000, 133_000, 423_000, 4_500_000]) {
    const { checkpoints, bytes: written } = dailySaves(savingInterval(bytes), bytes);
    expect(written, `${bytes}`).toBeLessThanOrEqual(10_000_000 + bytes + 32 * 1024);
    expect((checkpoints + 1) * (bytes + 32 * 1024), `${bytes}`).toBeGreaterThan(10_000_000);
  }
  // Half a day for the ensemble of a stream of 768 columns.
  expect(savingInterval(4_500_000) / (60 * minute)).toBeCloseTo(10.88, 2);
});
