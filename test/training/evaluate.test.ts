import { expect, test } from "vitest";
import { evaluate } from "../../src/training/evaluate.ts";
import { fit } from "../../src/training/fit.ts";
import { classifier, labelled, rejection } from "./rows.ts";

test("scores are those of fit on the same rows, and nothing is learned", async () => {
  const learner = classifier();
  const rows = labelled(100);
  const { training } = await fit(learner, rows, { heldOut: 0, epochs: 5 });
  const before = structuredClone(learner.state());
  const { rows: count, rejected, task, metrics } = await evaluate(learner, rows);
  expect([count, rejected, task]).toEqual([100, 0, "classification"]);
  expect(metrics).toEqual(training);
  expect(learner.state()).toEqual(before);
});

test("rows that are not finite are left out, a label out of range is an error", async () => {
  const learner = classifier();
  const rows = [...labelled(10), [Number.NaN, 0, 1]];
  expect(await evaluate(learner, rows)).toMatchObject({ rows: 11, rejected: 1, metrics: { samples: 10 } });
  const error = await rejection(evaluate(learner, [...rows, [0, 0, -1]]));
  expect(error.message).toContain("the dataset, row 12: the label is -1");
});

test("a stream is evaluated as it arrives, with progress, and can be aborted", async () => {
  const learner = classifier();
  const controller = new AbortController();
  const seen: number[] = [];
  const running = evaluate(learner, labelled(5000).values(), {
    signal: controller.signal,
    onProgress: ({ rows }) => {
      seen.push(rows);
      if (rows === 2048) controller.abort();
    },
  });
  expect((await rejection(running)).name).toBe("AbortError");
  expect(seen).toEqual([1024, 2048]);
});
