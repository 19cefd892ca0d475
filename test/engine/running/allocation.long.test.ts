import { expect, test } from "vitest";
import { measureAllocation } from "../../allocation.ts";

test("a million predictions and steps allocate nothing on the heap", () => {
  const { collections, heapGrowth } = measureAllocation(new URL("./step-repeated.ts", import.meta.url));
  expect(collections).toBe(0);
  // 16 bytes a step, the smallest thing V8 can allocate, would be 16 million.
  expect(heapGrowth).toBeLessThan(20_000);
});

test("200,000 steps through layers of every kind, updated in place, allocate nothing on the heap", () => {
  const { collections, heapGrowth } = measureAllocation(new URL("./layers-repeated.ts", import.meta.url));
  expect(collections).toBe(0);
  expect(heapGrowth).toBeLessThan(20_000);
});

test("200,000 steps on two threads allocate nothing on the heap", () => {
  const { collections, heapGrowth } = measureAllocation(
    new URL("../planning/shards-repeated.ts", import.meta.url),
  );
  expect(collections).toBe(0);
  expect(heapGrowth).toBeLessThan(20_000);
});

test.each(["step", "exponential", "cosine", "plateau"])(
  "steps under the schedule %s allocate nothing on the heap",
  (schedule) => {
    const script = new URL(`../model/schedule-repeated.ts?${schedule}`, import.meta.url);
    const { collections, heapGrowth } = measureAllocation(script);
    expect(collections).toBe(0);
    expect(heapGrowth).toBeLessThan(20_000);
  },
);

test("the measure sees a single number boxed per repetition", () => {
  const { collections } = measureAllocation(new URL("./boxing-repeated.ts", import.meta.url));
  expect(collections).toBeGreaterThan(5);
});
