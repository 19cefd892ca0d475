import { expect, test } from "vitest";
import { createNetworkLearner } from "../../src/learner/learner.ts";
import { fit } from "../../src/training/fit.ts";

/** Rows in which `a` tells the target, and `b` nothing. */
const rows = Array.from({ length: 600 }, (_, i) => {
  const [a, b] = [Math.sin(i * i), Math.cos(7 * i * i)];
  return [a, b, a > 0.2 ? 1 : 0];
});
const learnerOf = () =>
  createNetworkLearner({
    fields: ["a", "b", "label"],
    target: { column: "label", classes: 2 },
    training: { batchSize: 8 },
  });

test("the details of a training have a loss before it and after each epoch, and change nothing of it", async () => {
  const [plain, judged] = [learnerOf(), learnerOf()];
  const { details: none, ...report } = await fit(plain, rows, { epochs: 4 });
  const { details, ...same } = await fit(judged, rows, { epochs: 4, details: true });
  expect(none).toBeNull();
  expect({ ...same, milliseconds: 0 }).toEqual({ ...report, milliseconds: 0 });
  expect(judged.network.parameters()).toEqual(plain.network.parameters());
  const { course } = details as NonNullable<typeof details>;
  expect(course).toHaveLength(5);
  expect(course[0].training).toBeCloseTo(Math.log(2), 0);
  expect(course[4]).toEqual({
    training: (report.training as { logLoss: number }).logLoss,
    heldOut: (report.heldOut as { logLoss: number }).logLoss,
  });
});

test("a field that tells the target matters, one that tells nothing does not", async () => {
  const { details } = await fit(learnerOf(), rows, { epochs: 10, details: true });
  const [a, b] = details?.importance ?? [];
  expect([a.name, b.name]).toEqual(["a", "b"]);
  expect(a.value).toBeGreaterThan(0.3);
  expect(Math.abs(b.value)).toBeLessThan(0.1);
  expect(details?.answers).toEqual([]);
  expect(details?.calibration.reduce((sum, bin) => sum + bin.answers, 0)).toBe(120);
});

test("without rows held out those that trained are judged, in batch descent as well", async () => {
  const learner = createNetworkLearner({
    fields: ["a", "b", "y"],
    target: { column: "y" },
    memory: { accumulate: true },
  });
  const numbers = rows.map(([a, b]) => [a, b, 3 * a]);
  const { details } = await fit(learner, numbers, { regime: "batch", epochs: 3, heldOut: 0, details: true });
  expect(details?.course.map(({ heldOut }) => heldOut)).toEqual([null, null, null, null]);
  expect(details?.answers).toHaveLength(300);
  expect(details?.calibration).toEqual([]);
});
