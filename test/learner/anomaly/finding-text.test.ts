import { expect, test } from "vitest";
import type {
  AnomalyFinding,
  AnomalyOutcome,
  StrongestFinding,
} from "../../../src/learner/anomaly/anomaly-detector.ts";
import {
  outcomeText,
  rankText,
  reasonText,
  strongestText,
} from "../../../src/learner/anomaly/finding-text.ts";

const hour = 3_600_000;

test.each([
  [
    { ingredient: "range", seen: 30, lowest: 18.2, highest: 25 },
    "30 seen, above all that it has been so far, 18.2 to 25",
  ],
  [
    { ingredient: "range", seen: 3, lowest: 18.2, highest: 25 },
    "3 seen, below all that it has been so far, 18.2 to 25",
  ],
  [
    { ingredient: "bounds", seen: 1510, bound: 1480, boundRows: 40, expected: 2 },
    "not below 1480 for 40 samples, where it usually comes down to 2; 1510 seen",
  ],
  [
    { ingredient: "bounds", seen: 1, bound: 3, boundRows: 40, expected: 1500 },
    "not above 3 for 40 samples, where it usually comes up to 1500; 1 seen",
  ],
])("says in which direction: %o", (finding, text) => {
  expect(reasonText(finding as unknown as AnomalyFinding)).toBe(text);
});

test.each([
  [20 * 60_000, 0, "the most unusual moment of the last 20 min (evidence 25.0, an alarm needs 17.3)"],
  [23 * hour, 1, "the second most unusual moment of the last day (evidence 25.0, an alarm needs 17.3)"],
  [
    5 * 24 * hour,
    4,
    "one of the 5 most unusual moments of the last 5 days (evidence 25.0, an alarm needs 17.3)",
  ],
  [
    28 * 24 * hour,
    2,
    "the third most unusual moment of the last 4 weeks (evidence 25.0, an alarm needs 17.3)",
  ],
])("of %d ms remembered, rank %d is told in words and as a number", (remembered, rank, text) => {
  const finding = { rank, evidence: 25, threshold: 17.3 } as AnomalyFinding;
  expect(rankText(finding, remembered)).toBe(text);
});

test("tells the strongest moment of an episode where it is not the first", () => {
  const first = { evidence: 18.2, since: 0 };
  const later = {
    ...{
      column: "current",
      ingredient: "residual",
      seen: 9.1,
      expected: 3.2,
      evidence: 80.13,
      since: 2 * hour,
    },
  } as StrongestFinding;
  expect(strongestText(first, { ...later, ...first })).toBe("18.2");
  const told = strongestText(first, later);
  expect(told).toBe("80.1 after 2 h, current: 9.1 seen where 3.2 was expected");
  expect(strongestText(first, { ...later, since: 20 })).toBe(
    "80.1, current: 9.1 seen where 3.2 was expected",
  );
  const outcome = { changed: null, lastedMs: 3 * hour } as AnomalyOutcome;
  expect(outcomeText("temperature", outcome, told)).toBe(
    "temperature is as it was before; the episode lasted 3 h, evidence up to 80.1 after 2 h, current: 9.1 seen where 3.2 was expected",
  );
});
