import { expect, test } from "vitest";
import { measureAllocation } from "../allocation.ts";

test("forty thousand samples of ensembles allocate nothing on the heap", () => {
  const { collections, heapGrowth } = measureAllocation(new URL("./ensemble-repeated.ts", import.meta.url));
  expect(collections).toBe(0);
  expect(heapGrowth).toBeLessThan(20_000);
});
