import { describe, expect, test } from "vitest";
import { figureTable } from "../../src/commands/bench/figure.ts";
import { measureInTurn, rateOf, spreadOf } from "../../src/commands/bench/timing.ts";
import { isBeaten } from "../../src/commands/bench/training.ts";
import { operationsPerStep, trainable, workloads } from "../../src/commands/bench/workloads.ts";
import { rivulet } from "../rivulet.ts";

describe("rivulet bench", () => {
  test("measures only what is asked for, as a table", async () => {
    const { code, stdout } = await rivulet(["bench", "--rounds", "1", "--only", "decoding"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/CSV lines of 8 numbers +[\d.]+ +[\d.]+ to [\d.]+ +million samples\/s/);
    expect(stdout).not.toContain("training step");
  });

  test.each([
    [["--only", "speed"], "--only must name some of training, optimizers,"],
    [["--rounds", "0"], '--rounds must be a whole number from 1 to 1000, found "0"'],
  ])("refuses %j in a sentence", async (words, sentence) => {
    const { code, stderr } = await rivulet(["bench", ...words]);
    expect(code).toBe(2);
    expect(stderr).toContain(sentence);
  });
});

describe("a figure", () => {
  test("is shown beside what it is held against", () => {
    const value = { median: 12.345, minimum: 9, maximum: 2345.6 };
    const reference = { name: "the peak", value: 40, unit: "GFLOP/s", share: 0.3049 };
    const table = figureTable([{ group: "step", name: "W1", value, unit: "us", reference, note: "a note" }]);
    expect(table.split("\n")[2]).toMatch(
      /^step +W1 +12\.3 +9 to 2346 +us +30 % of the peak \(40 GFLOP\/s\) +a note$/,
    );
  });

  test("above twice what it is held against is shown as a multiple", () => {
    const value = { median: 50, minimum: 50, maximum: 50 };
    const reference = { name: "an empty call", value: 5, unit: "ns", share: 10 };
    expect(figureTable([{ group: "", name: "W1", value, unit: "ns", reference }])).toContain(
      "10 times an empty call (5 ns)",
    );
  });
});

describe("the multiply-add peak", () => {
  const spread = (median: number) => ({ median, minimum: median, maximum: median });

  test("is a bound as long as no step multiplies and adds faster", () => {
    const steps = [
      { operations: 4000, time: spread(1000) },
      { operations: 39_000, time: spread(1000) },
    ];
    expect(isBeaten(spread(40), steps)).toBe(false);
    expect(isBeaten(spread(38), steps)).toBe(true);
  });
});

describe("timing", () => {
  test("takes the middle, the smallest and the largest", () => {
    expect(spreadOf([5, 1, 9])).toEqual({ median: 5, minimum: 1, maximum: 9 });
  });

  test("turns the longest time into the smallest rate", () => {
    expect(rateOf(100, { median: 10, minimum: 5, maximum: 20 })).toEqual({
      median: 10,
      minimum: 5,
      maximum: 20,
    });
  });

  test("measures every subject in every round, one after the other", () => {
    const order: number[] = [];
    const spreads = measureInTurn(
      [0, 1].map((subject) => (times) => {
        if (order.at(-1) !== subject) order.push(subject);
        const until = performance.now() + 0.01 * times;
        while (performance.now() < until);
      }),
      { rounds: 3, milliseconds: 1 },
    );
    expect(order).toEqual([0, 1, 0, 1, 0, 1, 0, 1]);
    for (const { minimum } of spreads) expect(minimum).toBeGreaterThanOrEqual(9000);
  });
});

describe("a workload", () => {
  test.each([
    ["W1", 2 * 2 * 8 * 16 + 3 * 2 * 16],
    ["W4", 256 * (2 * 2 * 784 * 128 + 3 * 2 * 128 * 10)],
    ["W6", 16 * (2 * 2 * 9 * 5 * 124 * 16 + 3 * 2 * 16 * 5 * 58 * 32 + 3 * 2 * 32 * 6)],
  ])("%s has %d operations in the products of one step", (id, operations) => {
    expect(operationsPerStep(workloads.find((workload) => workload.id === id)!)).toBe(operations);
  });

  test.each(workloads)("$id trains with other targets each step and stays finite", (workload) => {
    const { network, train } = trainable(workload);
    const before = network.target.slice();
    train(5);
    expect(network.updates).toBe(5);
    expect(network.target).not.toEqual(before);
    expect(Number.isFinite(network.loss)).toBe(true);
  });
});
