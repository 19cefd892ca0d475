import { expect, test } from "vitest";
import { measureAllocation } from "../allocation.ts";

test("forty thousand samples of ensembles allocate nothing on the heap", () => {
  const { collections, heapGrowth } = measureAllocation(new URL("./ensemble-repeated.ts", import.meta.url));
  expect(collections).toBe(0);
  expect(heapGrowth).toBeLessThan(20_000);
});

test("a hundred and fifty thousand samples of two networks side by side allocate nothing on the heap", () => {
  const { collections, heapGrowth } = measureAllocation(
    new URL("./side-by-side-repeated.ts", import.meta.url),
  );
  expect(collections).toBe(0);
  expect(heapGrowth).toBeLessThan(20_000);
});
