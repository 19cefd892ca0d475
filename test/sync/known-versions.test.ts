import { expect, test } from "vitest";
import {
  isKnownVersions,
  type KnownVersions,
  versionOf,
  withVersion,
} from "../../src/sync/known-versions.ts";

test("the newest version of each source is known, of sixteen sources at most", () => {
  let known: KnownVersions = [];
  for (let source = 0; source < 20; source++) known = withVersion(known, String(source), 5);
  known = withVersion(known, "4", 7);
  known = withVersion(known, "20", 1);
  expect(known).toHaveLength(16);
  expect(["4", "5", "6", "20", "never"].map((source) => versionOf(known, source))).toEqual([7, 0, 5, 1, 0]);
  expect(withVersion(known, "4", 6)).toEqual(known);
  expect(isKnownVersions(JSON.parse(JSON.stringify(known)))).toBe(true);
});

test.each([[null], [{}], [[["a"]]], [[["a", -1]]], [[[1, 1]]], [Array(17).fill(["a", 1])]])(
  "%j is no list of versions",
  (stored) => {
    expect(isKnownVersions(stored)).toBe(false);
  },
);
