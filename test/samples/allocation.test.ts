import { expect, test } from "vitest";
import { measureAllocation } from "../allocation.ts";

test.each([
  ["frames", "frames"],
  ["lines of cells", "lines"],
  ["lines of JSON and of pairs", "named-lines"],
])("decoding a million %s allocates nothing on the heap", (_, script) => {
  const { collections, heapGrowth } = measureAllocation(new URL(`./${script}-repeated.ts`, import.meta.url));
  expect(collections).toBe(0);
  // 16 bytes a sample, the smallest thing V8 can allocate, would be 16 million.
  expect(heapGrowth).toBeLessThan(100_000);
});
