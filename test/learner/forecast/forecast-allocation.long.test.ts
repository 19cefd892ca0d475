import { expect, test } from "vitest";
import { measureAllocation } from "../../allocation.ts";

test("thirty thousand rows of forecasts allocate nothing on the heap", () => {
  const { collections, heapGrowth } = measureAllocation(new URL("./forecast-repeated.ts", import.meta.url));
  expect(collections).toBe(0);
  expect(heapGrowth).toBeLessThan(20_000);
});
