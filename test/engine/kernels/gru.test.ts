import { describe, expect, test } from "vitest";
import { availableVariants } from "../../../src/engine/kernels/kernels.ts";
import { Operation } from "../../../src/engine/kernels/operation.ts";
import { createRandom } from "../../../src/engine/model/random.ts";
import { expectClose } from "./oracle.ts";
import { expectTwins, runTrial, type Trial } from "./program.ts";

const random = createRandom(13);
const numbers = (count: number) => Float32Array.from({ length: count }, () => 2 * random.uniform() - 1);

interface Size {
  rows: number;
  steps: number;
  inputs: number;
  hidden: number;
}

function arraysOf({ rows, steps, inputs, hidden }: Size) {
  return {
    states: numbers(rows * steps * hidden),
    gates: numbers(rows * steps * 4 * hidden),
    initial: numbers(rows * hidden),
    input: numbers(rows * steps * inputs),
    weightIh: numbers(inputs * 3 * hidden),
    weightHh: numbers(hidden * 3 * hidden),
    biasIh: numbers(3 * hidden),
    biasHh: numbers(3 * hidden),
    scratch: numbers(rows * 3 * hidden),
    gateGradients: numbers(rows * steps * 4 * hidden),
    outputGradient: numbers(rows * steps * hidden),
    lastGradient: numbers(rows * hidden),
    inputGradient: numbers(rows * steps * inputs),
    weightIhGradient: numbers(inputs * 3 * hidden),
    weightHhGradient: numbers(hidden * 3 * hidden),
    biasIhGradient: numbers(3 * hidden),
    biasHhGradient: numbers(3 * hidden),
    last: numbers(rows * hidden),
    after: numbers(16),
  };
}

type Arrays = ReturnType<typeof arraysOf>;

/** Every operation with its result; each reads what those above it have written. */
function trialsOf({ rows, steps, inputs, hidden }: Size, arrays: Arrays): Record<string, Trial> {
  const backward = (gradient: string, sequence: number): Trial => ({
    rows,
    arrays,
    operation: Operation.GruBackward,
    operands: [
      ...["gateGradients", gradient, "states", "gates", "initial", "weightHh", "scratch"],
      ...[hidden, steps, sequence],
    ],
  });
  return {
    forward: {
      rows,
      arrays,
      operation: Operation.GruForward,
      operands: [
        ...["states", "gates", "initial", "input", "weightIh", "weightHh", "biasIh", "biasHh", "scratch"],
        ...[inputs, hidden, steps],
      ],
    },
    "last step": {
      rows,
      arrays,
      operation: Operation.LastStep,
      operands: ["last", "states", hidden, steps],
    },
    "backward of a sequence": backward("outputGradient", 1),
    "backward of the last step": backward("lastGradient", 0),
    "input gradient": {
      rows,
      arrays,
      operation: Operation.GruInputGradient,
      operands: ["inputGradient", "gateGradients", "weightIh", inputs, hidden, steps],
    },
    "input weight gradient": {
      rows,
      arrays,
      operation: Operation.GruInputWeightGradient,
      operands: ["weightIhGradient", "input", "gateGradients", inputs, hidden, steps],
    },
    "hidden weight gradient": {
      rows,
      arrays,
      operation: Operation.GruHiddenWeightGradient,
      operands: ["weightHhGradient", "states", "initial", "gateGradients", hidden, steps],
    },
    "bias gradients": {
      rows,
      arrays,
      operation: Operation.GruBiasGradients,
      operands: ["biasIhGradient", "biasHhGradient", "gateGradients", hidden, steps],
    },
    "bias gradient of the input alone": {
      rows,
      arrays,
      operation: Operation.GruBiasGradients,
      operands: ["biasIhGradient", 0, "gateGradients", hidden, steps],
    },
    "bias gradient of the state alone": {
      rows,
      arrays,
      operation: Operation.GruBiasGradients,
      operands: [0, "biasHhGradient", "gateGradients", hidden, steps],
    },
  };
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** Output of PyTorch's GRU by its definition, in float64. */
function outputs(
  { rows, steps, inputs, hidden }: Size,
  arrays: Record<string, ArrayLike<number>>,
): Float64Array {
  const states = new Float64Array(rows * steps * hidden);
  for (let row = 0; row < rows; row++) {
    let state = Array.from({ length: hidden }, (_, i) => arrays["initial"][row * hidden + i]);
    for (let step = 0; step < steps; step++) {
      const x = Array.from({ length: inputs }, (_, i) => arrays["input"][(row * steps + step) * inputs + i]);
      const gate = (from: number[], which: "Ih" | "Hh", column: number) =>
        from.reduce(
          (sum, value, i) => sum + value * arrays[`weight${which}`][i * 3 * hidden + column],
          arrays[`bias${which}`][column],
        );
      const previous = state;
      state = previous.map((h, i) => {
        const r = sigmoid(gate(x, "Ih", i) + gate(previous, "Hh", i));
        const z = sigmoid(gate(x, "Ih", hidden + i) + gate(previous, "Hh", hidden + i));
        const n = Math.tanh(gate(x, "Ih", 2 * hidden + i) + r * gate(previous, "Hh", 2 * hidden + i));
        return (1 - z) * n + z * h;
      });
      states.set(state, (row * steps + step) * hidden);
    }
  }
  return states;
}

/** Gradient of the sum of `arriving` times the states with respect to one array, by central differences. */
function differences(
  size: Size,
  arrays: Arrays,
  arriving: ArrayLike<number>,
  name: keyof Arrays,
): Float64Array {
  const step = 1e-5;
  const values = Float64Array.from(arrays[name]);
  const value = () =>
    outputs(size, { ...arrays, [name]: values }).reduce((sum, state, i) => sum + state * arriving[i], 0);
  return values.map((before, i) => {
    values[i] = before + step;
    const above = value();
    values[i] = before - step;
    const below = value();
    values[i] = before;
    return (above - below) / (2 * step);
  });
}

const sizes: Size[] = [1, 3, 5].flatMap((rows) =>
  [1, 2, 7].flatMap((steps) => [
    { rows, steps, inputs: 1, hidden: 3 },
    { rows, steps, inputs: 3, hidden: 5 },
    { rows, steps, inputs: 7, hidden: 1 },
    { rows, steps, inputs: 5, hidden: 17 },
  ]),
);

describe.each(availableVariants())("the GRU on %s kernels", (variant) => {
  test("forward is what PyTorch defines, and the last step is its last", () => {
    for (const size of sizes) {
      const arrays = arraysOf(size);
      const found = runTrial(variant, trialsOf(size, arrays)["forward"]);
      expectClose(found.arrays["states"], outputs(size, arrays), "states");
      for (const array of ["initial", "input", "weightIh", "weightHh", "gateGradients", "after"] as const) {
        expect(found.arrays[array], array).toEqual(arrays[array]);
      }
      const last = runTrial(variant, trialsOf(size, found.arrays as Arrays)["last step"]).arrays["last"];
      for (let row = 0; row < size.rows; row++) {
        const end = (row + 1) * size.steps * size.hidden;
        const expected = found.arrays["states"].slice(end - size.hidden, end);
        expect(last.slice(row * size.hidden, (row + 1) * size.hidden)).toEqual(expected);
      }
    }
  });

  test.each([
    [true, false],
    [true, true],
    [false, false],
    [false, true],
  ])("backward (sequence: %s, accumulating: %s) gives the gradients of forward", (sequence, accumulating) => {
    for (const size of [sizes[1], sizes[21], { rows: 2, steps: 3, inputs: 2, hidden: 5 }]) {
      const { rows, steps, hidden } = size;
      const before = arraysOf(size);
      const arriving = sequence
        ? before.outputGradient
        : before.outputGradient.map((_, i) => {
            const row = Math.floor(i / steps / hidden);
            const step = Math.floor(i / hidden) % steps;
            return step === steps - 1 ? before.lastGradient[row * hidden + (i % hidden)] : 0;
          });
      let arrays = before;
      for (const name of [
        "forward",
        sequence ? "backward of a sequence" : "backward of the last step",
        "input gradient",
        "input weight gradient",
        "hidden weight gradient",
        "bias gradients",
      ]) {
        const found = runTrial(variant, { ...trialsOf(size, arrays)[name], accumulating });
        arrays = Object.fromEntries(
          Object.entries(found.arrays).map(([key, a]) => [key, a.slice()]),
        ) as Arrays;
      }
      for (const name of ["input", "weightIh", "weightHh", "biasIh", "biasHh"] as const) {
        const gradient = `${name}Gradient` as const;
        const oracle = differences(size, before, arriving, name);
        const start = accumulating && name !== "input";
        const expected = oracle.map((value, i) => value + (start ? before[gradient][i] : 0));
        expectClose(arrays[gradient], expected, `${gradient} of ${rows} rows`);
      }
      expect(arrays.after).toEqual(before.after);
    }
  });

  if (variant === "scalar") return;
  test.each(Object.keys(trialsOf(sizes[0], arraysOf(sizes[0]))))(
    "%s equals its scalar twin on odd sizes",
    (name) => {
      for (const size of sizes) {
        for (const accumulating of [false, true]) {
          const trial = { ...trialsOf(size, arraysOf(size))[name], accumulating };
          expectTwins(variant, trial, JSON.stringify(size));
        }
      }
    },
  );
});
