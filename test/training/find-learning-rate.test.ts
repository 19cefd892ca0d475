import { describe, expect, test } from "vitest";
import { findLearningRate } from "../../src/training/find-learning-rate.ts";
import { classifier, labelled, rejection } from "./rows.ts";

const rows = labelled(200);

describe("findLearningRate", () => {
  test("suggests a rate below the diverging one, and leaves the learner as it was", async () => {
    const learner = classifier({ model: { optimizer: "adam" } });
    for (const row of labelled(30, 9)) learner.observe(Float64Array.from(row), 0);
    const before = structuredClone(learner.state());
    const found = await findLearningRate(learner, rows);
    expect(found.suggested).toBeLessThanOrEqual((found.diverging as number) / 3);
    expect(found.losses).toHaveLength(found.rates.length);
    expect(found.rowsPerUpdate).toBe(8);
    // Updates of eight rows are made two at a rate.
    expect(found.updates - 2 * found.rates.length).toBeLessThanOrEqual(2);
    expect(learner.state()).toEqual(before);
    const again = await findLearningRate(learner, rows);
    expect(again.losses).toEqual(found.losses);
  });

  test("reports progress, ends when it is aborted, and then too leaves the learner as it was", async () => {
    const learner = classifier();
    const before = structuredClone(learner.state());
    const controller = new AbortController();
    const seen: number[] = [];
    const running = findLearningRate(learner, rows, {
      signal: controller.signal,
      onProgress: ({ rates, totalRates, loss }) => {
        expect(totalRates).toBe(400);
        expect(loss === null).toBe(rates === 0);
        seen.push(rates);
        if (rates === 3) controller.abort();
      },
    });
    expect((await rejection(running)).name).toBe("AbortError");
    expect(seen).toEqual([0, 1, 2, 3]);
    expect(learner.state()).toEqual(before);
  });

  test("refuses a schedule, which would change the rates", async () => {
    const learner = classifier({ model: { schedule: { exponential: { factor: 0.9 } } } });
    const error = await rejection(findLearningRate(learner, rows));
    expect(error.message).toContain("model.schedule would change the rates");
  });
});
