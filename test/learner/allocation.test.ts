import { expect, test } from "vitest";
import { measureAllocation } from "../allocation.ts";

test("three hundred thousand samples allocate nothing on the heap", () => {
  const { collections, heapGrowth } = measureAllocation(new URL("./observe-repeated.ts", import.meta.url));
  expect(collections).toBe(0);
  expect(heapGrowth).toBeLessThan(20_000);
});
