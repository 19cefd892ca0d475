import { describe, expect, test } from "vitest";
import { availableVariants } from "../../../src/engine/kernels/kernels.ts";
import { Operation } from "../../../src/engine/kernels/operation.ts";
import { numbers, positive, zeros } from "./numbers.ts";
import { expectTwins, runTrial, type Trial } from "./program.ts";

const epsilon = 1e-3;
const sizes = [1, 3, 5, 7, 17];

function batchNorm(rows: number, channels: number, positions: number): Trial {
  const count = rows * channels * positions;
  return {
    operation: Operation.BatchNormForward,
    operands: [
      ...["output", "input", "statistics", "gamma", "beta", "runningMean", "runningVariance"],
      ...[channels, positions, { float: epsilon }],
    ],
    following: [
      {
        operation: Operation.BatchNormBackward,
        operands: [
          ...["inputGradient", "outputGradient", "input", "statistics", "gamma", "sums"],
          ...[channels, positions],
        ],
      },
      {
        operation: Operation.BatchNormCommit,
        operands: ["runningMean", "runningVariance", "statistics", channels, positions, { float: 0.25 }],
      },
    ],
    arrays: {
      input: numbers(count).map((x) => x + 3),
      output: zeros(count),
      statistics: zeros(3 * channels),
      gamma: numbers(channels),
      beta: numbers(channels),
      runningMean: numbers(channels),
      runningVariance: positive(channels),
      inputGradient: numbers(count),
      outputGradient: numbers(count),
      sums: numbers(2 * channels),
      after: numbers(16),
    },
    rows,
  };
}

function batchNormEvaluation(rows: number, channels: number, positions: number): Trial {
  const shape = [channels, positions, { float: epsilon }];
  return {
    ...batchNorm(rows, channels, positions),
    operation: Operation.BatchNormEvaluate,
    operands: ["output", "input", "gamma", "beta", "runningMean", "runningVariance", ...shape],
    following: [
      {
        operation: Operation.BatchNormEvaluateBackward,
        operands: ["inputGradient", "outputGradient", "gamma", "runningVariance", ...shape],
      },
    ],
  };
}

function layerNorm(rows: number, width: number, rowsPerSample: number, accumulating: boolean): Trial {
  const count = rows * rowsPerSample * width;
  const shape = [width, rowsPerSample];
  return {
    operation: Operation.LayerNormForward,
    operands: ["output", "input", "statistics", "gamma", "beta", ...shape, { float: epsilon }],
    following: [
      {
        operation: Operation.LayerNormBackward,
        operands: ["inputGradient", "outputGradient", "input", "statistics", "gamma", ...shape],
      },
      {
        operation: Operation.LayerNormGradients,
        operands: ["gammaGradient", "betaGradient", "outputGradient", "input", "statistics", ...shape],
      },
    ],
    arrays: {
      input: numbers(count).map((x) => x + 3),
      output: zeros(count),
      statistics: zeros(2 * rows * rowsPerSample),
      gamma: numbers(width),
      beta: numbers(width),
      inputGradient: numbers(count),
      outputGradient: numbers(count),
      gammaGradient: numbers(width),
      betaGradient: numbers(width),
      after: numbers(16),
    },
    rows,
    accumulating,
  };
}

/** What one normalized group of numbers comes to, in float64. */
function oracle(x: number[], dy: number[], gamma: number[]) {
  const mean = x.reduce((total, value) => total + value, 0) / x.length;
  const squares = x.reduce((total, value) => total + (value - mean) ** 2, 0);
  const inverse = 1 / Math.sqrt(squares / x.length + Math.fround(epsilon));
  const normalized = x.map((value) => (value - mean) * inverse);
  const h = dy.map((value, i) => value * gamma[i]);
  const sum = h.reduce((total, value) => total + value, 0);
  const product = h.reduce((total, value, i) => total + value * normalized[i], 0);
  const gradient = h.map((value, i) => inverse * (value - (sum + normalized[i] * product) / x.length));
  return { mean, inverse, unbiased: squares / (x.length - 1), normalized, gradient };
}

function expectClose(found: number, expected: number, at: string): void {
  const difference = Math.abs(found - expected);
  if (!(difference <= 1e-4 * (1 + Math.abs(expected)))) expect.fail(`${at} is ${found}, not ${expected}`);
}

describe.each(availableVariants())("on %s kernels", (variant) => {
  test("batch norm equals its scalar twin", () => {
    for (const rows of sizes) {
      for (const channels of sizes) {
        for (const positions of sizes) {
          const at = `${rows} rows, ${channels} channels, ${positions} positions`;
          expectTwins(variant, batchNorm(rows, channels, positions), at);
          expectTwins(variant, batchNormEvaluation(rows, channels, positions), at);
        }
      }
    }
  });

  test("layer norm equals its scalar twin", () => {
    for (const rows of sizes) {
      for (const width of sizes) {
        for (const rowsPerSample of [1, 3]) {
          for (const accumulating of [false, true]) {
            const at = `${rows} rows, ${width} wide, ${rowsPerSample} per sample`;
            expectTwins(variant, layerNorm(rows, width, rowsPerSample, accumulating), at);
          }
        }
      }
    }
  });

  test("batch norm gives what its definition says, forward and backward", () => {
    for (const [rows, channels, positions] of [
      [3, 5, 1],
      [1, 3, 7],
      [7, 3, 17],
      [2, 1, 1],
    ]) {
      const trial = batchNorm(rows, channels, positions);
      const { arrays } = runTrial(variant, trial);
      const before = trial.arrays;
      for (let channel = 0; channel < channels; channel++) {
        const members = Array.from(
          { length: rows * positions },
          (_, i) => (Math.floor(i / positions) * channels + channel) * positions + (i % positions),
        );
        const dy = members.map((i) => before["outputGradient"][i]);
        const gamma = before["gamma"][channel];
        const x = members.map((i) => before["input"][i]);
        const exact = oracle(
          x,
          dy,
          dy.map(() => gamma),
        );
        for (const [at, i] of members.entries()) {
          const y = exact.normalized[at] * gamma + before["beta"][channel];
          expectClose(arrays["output"][i], y, `output ${i}`);
          expectClose(arrays["inputGradient"][i], exact.gradient[at], `input gradient ${i}`);
        }
        const product = dy.reduce((total, value, i) => total + value * exact.normalized[i], 0);
        const sum = dy.reduce((total, value) => total + value, 0);
        expectClose(arrays["sums"][channel], product, "gradient of gamma");
        expectClose(arrays["sums"][channels + channel], sum, "gradient of beta");
        expectClose(arrays["statistics"][channel], exact.mean, "mean");
        expectClose(arrays["statistics"][channels + channel], exact.inverse, "inverse deviation");
        const running = (name: string, fresh: number) => 0.75 * before[name][channel] + 0.25 * fresh;
        expectClose(arrays["runningMean"][channel], running("runningMean", exact.mean), "running mean");
        const variance = running("runningVariance", exact.unbiased);
        expectClose(arrays["runningVariance"][channel], variance, "running variance");
      }
      expect(arrays["after"]).toEqual(before["after"]);
    }
  });

  test("batch norm in evaluation uses what it has learned", () => {
    const [rows, channels, positions] = [3, 5, 7];
    const trial = batchNormEvaluation(rows, channels, positions);
    const { arrays } = runTrial(variant, trial);
    const before = trial.arrays;
    for (let i = 0; i < arrays["output"].length; i++) {
      const channel = Math.floor(i / positions) % channels;
      const variance = before["runningVariance"][channel] + Math.fround(epsilon);
      const factor = before["gamma"][channel] / Math.sqrt(variance);
      const y = (before["input"][i] - before["runningMean"][channel]) * factor + before["beta"][channel];
      expectClose(arrays["output"][i], y, `output ${i}`);
      expectClose(arrays["inputGradient"][i], before["outputGradient"][i] * factor, `input gradient ${i}`);
    }
  });

  test("a single value a channel is normalized as in evaluation, and nothing is learned from it", () => {
    const trial = batchNorm(1, 5, 1);
    const found = runTrial(variant, trial).arrays;
    const evaluation = { ...batchNormEvaluation(1, 5, 1), arrays: trial.arrays };
    const evaluated = runTrial(variant, evaluation).arrays;
    expect(found["output"]).toEqual(evaluated["output"]);
    expect(found["inputGradient"]).toEqual(evaluated["inputGradient"]);
    expect(found["runningMean"]).toEqual(trial.arrays["runningMean"]);
    expect(found["runningVariance"]).toEqual(trial.arrays["runningVariance"]);
  });

  test("a large mean costs a small variance no digits", () => {
    const [rows, channels] = [8, 1];
    const trial = batchNorm(rows, channels, 1);
    const input = Array.from({ length: rows }, (_, i) => 65536 + (i % 2) / 64);
    const { arrays } = runTrial(variant, { ...trial, arrays: { ...trial.arrays, input } });
    expect(arrays["statistics"][2]).toBeCloseTo((8 / 7) * 128 ** -2, 10);
  });

  test("batch norm may write the gradient of its input over that of its output", () => {
    const trial = batchNorm(3, 5, 7);
    const [backward] = trial.following!;
    const inPlace = {
      ...trial,
      following: [{ ...backward, operands: ["outputGradient", ...backward.operands.slice(1)] }],
    };
    expect(runTrial(variant, inPlace).arrays["outputGradient"]).toEqual(
      runTrial(variant, trial).arrays["inputGradient"],
    );
  });

  test("batch norm without a gradient of its input still gives those of gamma and beta", () => {
    const trial = batchNorm(3, 5, 7);
    const [backward] = trial.following!;
    const first = {
      ...trial,
      following: [{ ...backward, operands: [0, ...backward.operands.slice(1)] }],
      scalars: [1, 2, 3],
    };
    const found = runTrial(variant, first);
    expect(found.arrays["sums"]).toEqual(runTrial(variant, trial).arrays["sums"]);
    expect(found.arrays["inputGradient"]).toEqual(trial.arrays["inputGradient"]);
    expect([...found.scalars.slice(0, 3)]).toEqual([1, 2, 3]);
  });

  test("layer norm gives what its definition says, forward and backward", () => {
    for (const [rows, width, rowsPerSample] of [
      [1, 5, 1],
      [3, 17, 1],
      [2, 8, 3],
    ]) {
      const trial = layerNorm(rows, width, rowsPerSample, true);
      const { arrays } = runTrial(variant, trial);
      const before = trial.arrays;
      const gammaGradient = Array.from(before["gammaGradient"]);
      const betaGradient = Array.from(before["betaGradient"]);
      const gamma = Array.from(before["gamma"]);
      for (let row = 0; row < rows * rowsPerSample; row++) {
        const part = (name: string) => Array.from(before[name]).slice(row * width, (row + 1) * width);
        const dy = part("outputGradient");
        const exact = oracle(part("input"), dy, gamma);
        for (let j = 0; j < width; j++) {
          const y = exact.normalized[j] * gamma[j] + before["beta"][j];
          expectClose(arrays["output"][row * width + j], y, `output ${j} of row ${row}`);
          const found = arrays["inputGradient"][row * width + j];
          expectClose(found, exact.gradient[j], `input gradient ${j} of row ${row}`);
          gammaGradient[j] += dy[j] * exact.normalized[j];
          betaGradient[j] += dy[j];
        }
      }
      for (let j = 0; j < width; j++) {
        expectClose(arrays["gammaGradient"][j], gammaGradient[j], `gradient of gamma ${j}`);
        expectClose(arrays["betaGradient"][j], betaGradient[j], `gradient of beta ${j}`);
      }
      expect(arrays["after"]).toEqual(before["after"]);
    }
  });

  test.each(["gammaGradient", "betaGradient"])("layer norm without %s writes only the other", (absent) => {
    const trial = layerNorm(3, 5, 1, false);
    const last = trial.following!.at(-1)!;
    const operands = last.operands.map((operand) => (operand === absent ? 0 : operand));
    const found = runTrial(variant, { ...trial, following: [{ ...last, operands }] }).arrays;
    const other = absent === "gammaGradient" ? "betaGradient" : "gammaGradient";
    expect(found[absent]).toEqual(trial.arrays[absent]);
    expect(found[other]).toEqual(runTrial(variant, trial).arrays[other]);
  });
});
