import { expect, test } from "vitest";
import { measureAllocation } from "../allocation.ts";

test.each([
  ["decoding", "frames", "decoding/frames"],
  ["decoding", "lines of cells", "decoding/lines"],
  ["decoding", "lines of JSON and of pairs", "decoding/named-lines"],
  ["decoding", "blocks, telegrams, sentences and frames of other makers", "framings/framings"],
  ["validating", "samples, many with values that cannot be true,", "sample-validator"],
])("%s a million %s allocates nothing on the heap", (_verb, _what, script) => {
  const { collections, heapGrowth } = measureAllocation(new URL(`./${script}-repeated.ts`, import.meta.url));
  expect(collections).toBe(0);
  // 16 bytes a sample, the smallest thing V8 can allocate, would be 16 million.
  expect(heapGrowth).toBeLessThan(100_000);
});
