import { describe, expect, test } from "vitest";
import { RivuletError } from "../../src/errors/errors.ts";
import { createNetworkLearner } from "../../src/learner/learner.ts";
import type { Dataset } from "../../src/training/dataset.ts";
import { type FitOptions, type FitProgress, fit } from "../../src/training/fit.ts";
import { classifier, labelled, rejection } from "./rows.ts";

const rows = labelled(120);

describe("fit", () => {
  test("makes the exact number of updates of each regime, and returns plain data", async () => {
    const updates = { batch: 3, stochastic: 3 * 96, "mini-batch": 3 * 12 };
    for (const regime of ["batch", "stochastic", "mini-batch"] as const) {
      const learner = classifier({ memory: { accumulate: true } });
      const report = await fit(learner, rows, { regime, epochs: 3 });
      expect(report).toMatchObject({
        ...{ task: "classification", regime, epochs: 3, rows: 120, trainingRows: 96, heldOutRows: 24 },
        ...{ rejected: 0, updates: updates[regime], updatesPerEpoch: updates[regime] / 3, skippedSteps: 0 },
      });
      expect(report.losses).toHaveLength(3);
      expect([report.training.samples, report.heldOut?.samples]).toEqual([96, 24]);
      expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    }
  });

  test("learns the same from rows in every form", async () => {
    const losses = [];
    for (const given of [rows, Float64Array.from(rows.flat()), rows.values()]) {
      losses.push((await fit(classifier(), given, { epochs: 2 })).losses);
    }
    expect(losses[1]).toEqual(losses[0]);
    expect(losses[2]).toEqual(losses[0]);
  });

  test("learns a number, and says that it is one", async () => {
    const numbers = rows.map(([x, y]) => [x, y, 3 * x - y]);
    const learner = createNetworkLearner({ fields: ["x", "y", "z"], target: { column: "z" } });
    const report = await fit(learner, numbers, { epochs: 40, heldOut: 0 });
    expect(report.heldOut).toBeNull();
    if (report.task !== "regression") throw new Error(report.task);
    expect(report.training.r2).toBeGreaterThan(0.9);
  });

  test("leaves the learner ready to predict", async () => {
    const learner = classifier();
    await fit(learner, rows, { epochs: 60 });
    learner.predict(Float64Array.of(0.9, -0.9, 0), 0);
    expect(learner.predictedClass).toBe(0);
    learner.predict(Float64Array.of(-0.9, -0.9, 0), 0);
    expect(learner.predictedClass).toBe(1);
  });

  test.each(["batch", "mini-batch"] as const)("reports progress from 0 to all rows, %s", async (regime) => {
    const seen: Pick<FitProgress, "rows" | "totalRows">[] = [];
    const epochs: number[] = [];
    await fit(classifier({ memory: { accumulate: true } }), rows, {
      regime,
      epochs: 2,
      heldOut: 0,
      onProgress: ({ rows: done, totalRows, losses }) => {
        seen.push({ rows: done, totalRows });
        epochs.push(losses.length);
      },
    });
    expect(seen.map(({ rows: done }) => done)).toEqual([0, 120, 240]);
    expect(seen.every(({ totalRows }) => totalRows === 240)).toBe(true);
    expect(epochs).toEqual([0, 1, 2]);
  });

  test.each(["batch", "mini-batch"] as const)("ends when it is aborted, %s", async (regime) => {
    const controller = new AbortController();
    const learner = classifier({ memory: { accumulate: true } });
    const running = fit(learner, labelled(2000), {
      regime,
      epochs: 1000,
      signal: controller.signal,
      onProgress: ({ losses }) => losses.length === 2 && controller.abort(),
    });
    expect((await rejection(running)).name).toBe("AbortError");
    expect(learner.network.updates).toBeLessThan(3 * 200);
  });

  test("does not begin where it was aborted before", async () => {
    const learner = classifier();
    const signal = AbortSignal.abort(new Error("enough"));
    expect((await rejection(fit(learner, rows, { signal }))).message).toBe("enough");
    expect(learner.network.updates).toBe(0);
  });

  test("leaves out rows that are not finite, and those that a validator rejects, and counts them", async () => {
    const some = rows.map((row, index) => (index % 10 === 0 ? [Number.NaN, ...row.slice(1)] : row));
    expect(await fit(classifier(), some, { heldOut: 0 })).toMatchObject({
      ...{ rows: 120, rejected: 12, trainingRows: 108 },
    });
    const createValidator = () => ({
      validate: (values: Float64Array, offset: number) => values[offset] > 0,
    });
    const positive = rows.filter(([x]) => x > 0).length;
    expect(await fit(classifier(), rows, { heldOut: 0, createValidator })).toMatchObject({
      trainingRows: positive,
    });
  });

  test("refuses a label out of range with its row, before anything is learned", async () => {
    const learner = classifier();
    const before = structuredClone(learner.state());
    const given = [...rows.slice(0, 6), [0, 0, 2]];
    const error = await rejection(fit(learner, given));
    expect(error).toBeInstanceOf(RivuletError);
    expect(error.message).toBe(
      "the dataset, row 7: the label is 2, but classes are whole numbers from 0 to 1; correct it, or raise target.classes",
    );
    expect(learner.state()).toEqual(before);
  });

  test("leaves out labels out of range where nobody can correct them", async () => {
    const recorded: Dataset = {
      name: "a recording",
      unit: "sample",
      correctable: false,
      async read(_, onRow) {
        for (const [index, row] of [...rows, [0, 0, 2]].entries()) {
          onRow(Float64Array.from(row), 0, index + 1);
        }
        return { rows: rows.length + 1 };
      },
    };
    const learner = classifier();
    const report = await fit(learner, recorded, { heldOut: 0 });
    expect(report).toMatchObject({ rows: 121, rejected: 1, trainingRows: 120 });
    expect(learner.refusals.badLabel).toBe(0);
  });

  test("notices rows that change between two readings", async () => {
    let reading = 0;
    const shrinking: Dataset = {
      name: "shrinking",
      unit: "row",
      correctable: true,
      async read(_, onRow) {
        const given = reading++ < 2 ? rows : rows.slice(1);
        for (const [index, row] of given.entries()) onRow(Float64Array.from(row), 0, index + 1);
        return { rows: given.length };
      },
    };
    const error = await rejection(fit(classifier(), shrinking, { heldOut: 0 }));
    expect(error.message).toContain("the rows changed between two readings");
  });
});

describe("fit refuses", () => {
  test.each<[string, number[][], FitOptions, string]>([
    ["no rows", [], {}, "the dataset has 0 rows, so there is nothing to train on; give at least one row"],
    [
      "to hold out all",
      rows.slice(0, 2),
      { heldOut: 0.9 },
      "the dataset has 2 rows, 2 of them held out: no training rows remain; hold out a smaller part",
    ],
    [
      "rows that are all rejected",
      [[1, Number.NaN, 0]],
      {},
      "the dataset has 1 row, 1 of them rejected for their values: no training rows remain",
    ],
    ["a part above 1", rows, { heldOut: 20 }, "heldOut must be a number from 0 to below 1, found 20"],
    ["no epoch", rows, { epochs: 0 }, "epochs must be a whole number of at least 1, found 0"],
    ["half a row", rows, { batchSize: 0.5 }, "batchSize must be a whole number of at least 1, found 0.5"],
  ])("%s", async (_, given, options, sentence) => {
    const error = await rejection(fit(classifier(), given, options));
    expect(error).toBeInstanceOf(RivuletError);
    expect(error.message).toContain(sentence);
  });

  test.each<[FitOptions, string]>([
    [
      { batchSize: 32 },
      "one update takes 32 rows, but the learner computes 8 at a time and accumulates no gradients; create it with memory: { accumulate: true }",
    ],
    [{ regime: "batch" }, "one update takes 96 rows"],
  ])(
    "updates of more rows than a learner computes at a time and does not accumulate: %j",
    async (options, sentence) => {
      // Large enough that updates in place save memory.
      const learner = classifier({ model: { layers: [{ dense: 64 }, "relu", { dense: 64 }, "relu"] } });
      expect(learner.network.plan.accumulate).toBe(false);
      expect((await rejection(fit(learner, rows, options))).message).toContain(sentence);
    },
  );
});
