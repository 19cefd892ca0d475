import { expect, test } from "vitest";
import { measureAllocation } from "../allocation.ts";

test("two hundred thousand rows through every transform of the past allocate nothing on the heap", () => {
  const { collections, heapGrowth } = measureAllocation(new URL("./push-repeated.ts", import.meta.url));
  expect(collections).toBe(0);
  // 16 bytes a row, the smallest thing V8 can allocate, would be 3.2 million.
  expect(heapGrowth).toBeLessThan(100_000);
});
