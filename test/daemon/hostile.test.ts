import { describe, expect, test } from "vitest";
import { tryChanges } from "../../scripts/proof/hostile/hostile.ts";
import { makeSubjects } from "../../scripts/proof/hostile/subjects.ts";

describe("a checkpoint with one changed leaf, under a valid digest, is refused in one sentence or works:", () => {
  test.each(makeSubjects().map((subject) => [subject.name, subject] as const))("%s", (_, subject) => {
    // A prime, so that kinds of changes take turns.
    const step = 307;
    const { faults, refused } = tryChanges(subject, step, 11);
    expect(faults).toEqual([]);
    expect(refused).toBeGreaterThan(0);
  });
});
