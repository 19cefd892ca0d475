import { expect, test } from "vitest";
import { measureAllocation } from "../../allocation.ts";

test("twenty thousand rows of forecasts allocate nothing on the heap", () => {
  const { collections, heapGrowth } = measureAllocation(new URL("./forecast-repeated.ts", import.meta.url));
  expect(collections).toBe(0);
  // Code that is compiled anew takes up to 25,000; 16 bytes a row, the smallest thing V8 can allocate, would be 320,000.
  expect(heapGrowth).toBeLessThan(100_000);
});
