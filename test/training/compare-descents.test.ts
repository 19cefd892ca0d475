import { expect, test } from "vitest";
import { compareDescents } from "../../src/training/compare-descents.ts";
import { classifier, labelled, rejection } from "./rows.ts";

test("a comparison leaves the learner as it was, and reports each epoch of eleven runs", async () => {
  const learner = classifier();
  const before = structuredClone(learner.state());
  const seen: [number, number][] = [];
  const runs = new Set<string>();
  const comparison = await compareDescents(learner, labelled(40), {
    epochs: 2,
    onProgress: ({ epochs, totalEpochs, run }) => {
      seen.push([epochs, totalEpochs]);
      runs.add(run);
    },
  });
  expect(learner.state()).toEqual(before);
  expect(seen).toEqual(Array.from({ length: 22 }, (_, index) => [index + 1, 22]));
  expect(runs.size).toBe(11);
  const { regimes, optimizers, weights, plane, surface } = comparison;
  expect(regimes.map(({ updates }) => updates)).toEqual([2, 80, 6]);
  expect(optimizers[0]).toBe(regimes[2]);
  expect(new Set([...regimes, ...optimizers].map(({ losses }) => losses[0])).size).toBe(1);
  for (const { curve, trajectory } of regimes) expect(trajectory).toHaveLength(curve.length);
  // A line of fewer points than another would be straighter than it.
  const points = optimizers.map(({ curve }) => curve.length);
  expect(new Set(points).size).toBe(1);
  expect(points[0]).toBeGreaterThan(optimizers[0].losses.length);
  expect(plane.origin).toHaveLength(weights);
  expect(surface.losses).toHaveLength(surface.side ** 2);
});

test("a comparison refuses too many rows", async () => {
  const error = await rejection(compareDescents(classifier(), labelled(40), { mostRows: 39 }));
  expect(error.message).toBe("the dataset has more than 39 rows; give fewer");
});

test("a comparison ends when it is aborted", async () => {
  const controller = new AbortController();
  const running = compareDescents(classifier(), labelled(40), {
    epochs: 1000,
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  expect((await rejection(running)).name).toBe("AbortError");
});
