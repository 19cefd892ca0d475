import { expect, test } from "vitest";
import { measureAllocation } from "../allocation.ts";

test("a hundred and fifty thousand samples and the replies to them allocate nothing on the heap", () => {
  const { collections, heapGrowth } = measureAllocation(new URL("./take-repeated.ts", import.meta.url));
  expect(collections).toBe(0);
  expect(heapGrowth).toBeLessThan(20_000);
});

test("twenty thousand samples and the forecasts in reply to them allocate nothing on the heap", () => {
  const { collections, heapGrowth } = measureAllocation(new URL("./forecast-repeated.ts", import.meta.url));
  expect(collections).toBe(0);
  // Code that is compiled anew takes up to 25,000; 16 bytes a row, the smallest thing V8 can allocate, would be 320,000.
  expect(heapGrowth).toBeLessThan(100_000);
});
