import { describe, expect, test } from "vitest";
import { evaluatePrequentially } from "../../src/training/prequential.ts";
import { classifier, labelled, rejection } from "./rows.ts";

const rows = labelled(3000);

describe("a prequential evaluation", () => {
  test("is what observing each row in turn comes to", async () => {
    const [one, other] = [classifier(), classifier()];
    const report = await evaluatePrequentially(one, rows);
    for (const row of rows) other.observe(Float64Array.from(row), 0);
    expect(report).toMatchObject({
      rows: 3000,
      rejected: 0,
      damaged: 0,
      tornBytes: 0,
      task: "classification",
    });
    expect(report.metrics).toEqual(other.report());
    expect(report.updates).toBe(other.network.updates);
    expect(one.state()).toEqual(other.state());
  });

  test("learns from a stream row by row as it arrives", async () => {
    const learner = classifier();
    const observed: number[] = [];
    async function* stream() {
      for (const row of rows.slice(0, 5)) {
        observed.push(learner.samplesSeen);
        yield row;
      }
    }
    const progress: number[] = [];
    await evaluatePrequentially(learner, stream(), { onProgress: ({ rows: seen }) => progress.push(seen) });
    expect(observed).toEqual([0, 1, 2, 3, 4]);
    expect(progress).toEqual([1, 2, 3, 4, 5]);
  });

  test("counts what it does not learn from in a stream, and refuses a wrong label in a dataset", async () => {
    const given = [...rows.slice(0, 20), [Number.NaN, 0, 1], [0, 0, 7], [1, 1, 1]];
    const learner = classifier();
    const report = await evaluatePrequentially(learner, given.values());
    expect(report).toMatchObject({ rows: 23, rejected: 2, metrics: { samples: 20 } });
    const error = await rejection(evaluatePrequentially(classifier(), given));
    expect(error.message).toBe(
      "the dataset, row 22: the label is 7, but classes are whole numbers from 0 to 1; correct it, or raise target.classes",
    );
  });

  test("ends when it is aborted, and keeps what it has learned", async () => {
    const controller = new AbortController();
    const learner = classifier();
    const running = evaluatePrequentially(learner, rows, {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    expect((await rejection(running)).name).toBe("AbortError");
    expect(learner.samplesSeen).toBe(1024);
  });
});
