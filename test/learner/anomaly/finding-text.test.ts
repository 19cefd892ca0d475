import { expect, test } from "vitest";
import type { AnomalyFinding } from "../../../src/learner/anomaly/anomaly-detector.ts";
import { rankText } from "../../../src/learner/anomaly/finding-text.ts";

const hour = 3_600_000;

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
