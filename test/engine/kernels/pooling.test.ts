import { describe, expect, test } from "vitest";
import { availableVariants } from "../../../src/engine/kernels/kernels.ts";
import { Operation } from "../../../src/engine/kernels/operation.ts";
import { numbers, zeros } from "./numbers.ts";
import { expectTwins, runTrial, type Trial } from "./program.ts";

type Pair = readonly [height: number, width: number];

interface Pool {
  rows: number;
  channels: number;
  size: Pair;
  kernel: Pair;
  stride: Pair;
}

const pair = ([height, width]: Pair) => (height << 16) | width;
const windows = ({ size, kernel, stride }: Pool, axis: 0 | 1) =>
  Math.floor((size[axis] - kernel[axis]) / stride[axis]) + 1;

const pools: Pool[] = [];
for (const rows of [1, 3]) {
  for (const channels of [1, 5]) {
    for (const [size, kernel, stride] of [
      [
        [1, 1],
        [1, 1],
        [1, 1],
      ],
      [
        [1, 17],
        [1, 3],
        [1, 2],
      ],
      [
        [1, 7],
        [1, 5],
        [1, 7],
      ],
      [
        [5, 7],
        [2, 2],
        [2, 2],
      ],
      [
        [7, 5],
        [3, 2],
        [1, 3],
      ],
      [
        [5, 3],
        [5, 1],
        [1, 2],
      ],
      [
        [1, 17],
        [1, 17],
        [1, 17],
      ],
      [
        [3, 7],
        [3, 7],
        [1, 1],
      ],
    ] as const) {
      pools.push({ rows, channels, size, kernel, stride });
    }
  }
}

/** Elements of the input below each element of the output. */
function windowsOf(pool: Pool): number[][] {
  const [height, width] = pool.size;
  const found: number[][] = [];
  for (let plane = 0; plane < pool.rows * pool.channels; plane++) {
    for (let y = 0; y < windows(pool, 0); y++) {
      for (let x = 0; x < windows(pool, 1); x++) {
        const window: number[] = [];
        for (let i = 0; i < pool.kernel[0]; i++) {
          for (let j = 0; j < pool.kernel[1]; j++) {
            window.push((plane * height + y * pool.stride[0] + i) * width + x * pool.stride[1] + j);
          }
        }
        found.push(window);
      }
    }
  }
  return found;
}

/** Forward, then backward, so that the largest are where the forward pass found them. */
function trialOf(pool: Pool, kind: "max" | "average", input?: ArrayLike<number>): Trial {
  const count = pool.rows * pool.channels * pool.size[0] * pool.size[1];
  const outputs = windowsOf(pool).length;
  const shape = [pool.channels, pair(pool.size), pair(pool.kernel), pair(pool.stride)];
  const index = kind === "max" ? ["index"] : [];
  return {
    operation: kind === "max" ? Operation.MaxPoolForward : Operation.AveragePoolForward,
    operands: ["output", ...index, "input", ...shape],
    following: [
      {
        operation: kind === "max" ? Operation.MaxPoolBackward : Operation.AveragePoolBackward,
        operands: ["inputGradient", "outputGradient", ...index, ...shape],
      },
    ],
    arrays: {
      input: input ?? numbers(count),
      output: zeros(outputs),
      index: zeros(outputs),
      inputGradient: numbers(count),
      outputGradient: numbers(outputs),
      after: numbers(16),
    },
    rows: pool.rows,
  };
}

describe.each(availableVariants())("on %s kernels", (variant) => {
  test.each(["max", "average"] as const)("%s pooling equals its scalar twin", (kind) => {
    for (const pool of pools) expectTwins(variant, trialOf(pool, kind), JSON.stringify(pool));
  });

  test.each(["max", "average"] as const)("%s pooling gives what its definition says", (kind) => {
    for (const pool of pools) {
      const trial = trialOf(pool, kind);
      const { arrays } = runTrial(variant, trial);
      const input = trial.arrays["input"];
      const gradient = new Float64Array(input.length);
      for (const [at, window] of windowsOf(pool).entries()) {
        const values = window.map((i) => input[i]);
        const dy = trial.arrays["outputGradient"][at];
        if (kind === "max") {
          const largest = Math.max(...values);
          expect(arrays["output"][at]).toBe(largest);
          gradient[window[values.indexOf(largest)]] += dy;
        } else {
          const mean = values.reduce((total, x) => total + x, 0) / values.length;
          expect(arrays["output"][at]).toBeCloseTo(mean, 6);
          for (const i of window) gradient[i] += dy / window.length;
        }
      }
      for (const [i, expected] of gradient.entries()) {
        expect(arrays["inputGradient"][i], JSON.stringify(pool)).toBeCloseTo(expected, 5);
      }
      expect(arrays["after"]).toEqual(trial.arrays["after"]);
    }
  });

  test("the first of several largest takes the gradient", () => {
    const pool: Pool = { rows: 1, channels: 1, size: [2, 2], kernel: [2, 2], stride: [2, 2] };
    const trial = trialOf(pool, "max", [1, 4, 4, 4]);
    const dy = trial.arrays["outputGradient"][0];
    expect([...runTrial(variant, trial).arrays["inputGradient"]]).toEqual([0, dy, 0, 0]);
  });

  test("a NaN anywhere in a window comes out", () => {
    const pool: Pool = { rows: 1, channels: 1, size: [2, 3], kernel: [2, 3], stride: [1, 1] };
    for (const kind of ["max", "average"] as const) {
      for (let at = 0; at < 6; at++) {
        const input = [1, 2, 3, 4, 5, 6];
        input[at] = Number.NaN;
        expect(runTrial(variant, trialOf(pool, kind, input)).arrays["output"][0]).toBeNaN();
      }
    }
  });

  test("without an index only the largest are written", () => {
    const trial: Trial = {
      operation: Operation.MaxPoolForward,
      operands: ["output", 0, "input", 1, pair([1, 4]), pair([1, 2]), pair([1, 2])],
      arrays: { output: [0, 0], input: [1, 2, 4, 3] },
      rows: 1,
      scalars: [5, 6],
    };
    const found = runTrial(variant, trial);
    expect([...found.arrays["output"]]).toEqual([2, 4]);
    expect([...found.scalars.slice(0, 2)]).toEqual([5, 6]);
  });
});
