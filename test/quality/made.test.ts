import { expect, test } from "vitest";
import { lossOf } from "../../scripts/quality/made.ts";

const stream = { name: "made", classes: 0, features: 1, rows: 30, values: new Float64Array(60).fill(2) };
const answering = (answer: number) => ({ prediction: Float64Array.of(answer), observe: () => true });

test.each([0, 2])(
  "a learner whose answer was no number is worse than any other, with %d classes",
  (classes) => {
    const values = stream.values.map((value) => (classes > 0 ? 0 : value));
    const task = { ...stream, classes, values };
    expect(lossOf(answering(0.5), task)).toBeCloseTo(classes > 0 ? Math.LN2 : 1.5);
    expect(lossOf(answering(Number.NaN), task)).toBe(Number.POSITIVE_INFINITY);
  },
);
