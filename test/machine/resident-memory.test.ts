import { afterEach, expect, test, vi } from "vitest";
import { residentBytes } from "../../src/machine/resident-memory.ts";

afterEach(() => void vi.restoreAllMocks());

test("a process that may open no more files has the resident memory of the reading before", () => {
  const before = residentBytes();
  expect(before).toBeGreaterThan(2 ** 20);
  vi.spyOn(process.memoryUsage, "rss").mockImplementation(() => {
    throw Object.assign(new Error("EMFILE: too many open files, uv_resident_set_memory"), { code: "EMFILE" });
  });
  expect(residentBytes()).toBe(before);
});
