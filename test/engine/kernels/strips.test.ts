import { describe, expect, test } from "vitest";
import { availableVariants } from "../../../src/engine/kernels/kernels.ts";
import { Operation } from "../../../src/engine/kernels/operation.ts";
import { numbers, padded, positive } from "./numbers.ts";
import { expectTwins, runTrial, type Trial } from "./program.ts";

const float = (value: number) => ({ float: value });

/** Optimizers: the operands before the count, and those after the scalars. */
const optimizers = {
  "gradient descent": [Operation.GradientDescent, [], [float(0.01)]],
  momentum: [Operation.Momentum, ["a"], [float(0.01), float(0.9), 0]],
  "nesterov momentum": [Operation.Momentum, ["a"], [float(0.01), float(0.9), 1]],
  adagrad: [Operation.Adagrad, ["a"], [float(0.01), float(1e-8)]],
  rmsprop: [Operation.RmsProp, ["a", 0, 0], [0.01, 0.99, 0.01, 1e-8, 0].map(float)],
  "centered rmsprop": [Operation.RmsProp, ["a", "b", 0], [0.01, 0.99, 0.01, 1e-8, 0].map(float)],
  "rmsprop with momentum": [Operation.RmsProp, ["a", 0, "b"], [0.01, 0.99, 0.01, 1e-8, 0.9].map(float)],
  adam: [Operation.Adam, ["a", "b"], [0.01, 0.9, 0.1, 0.999, 0.001, 1e-8].map(float)],
} as const;

type Name = keyof typeof optimizers;

/** The gradient and update of a dense layer in strips and, of the same numbers, on the whole; then one more instruction. */
function trials(
  name: Name,
  clipped: boolean,
  rows: number,
  inputs: number,
  outputs: number,
  stripRows: number,
) {
  const [operation, state, settings] = optimizers[name];
  const cells = padded(inputs * outputs);
  const weights = (values: Float32Array) => values.fill(0, inputs * outputs);
  const arrays = {
    w: weights(numbers(cells)),
    a: weights(positive(cells)).map((x) => (x === 0 ? 0 : x + 1.5)),
    b: weights(positive(cells)),
    gradient: weights(numbers(cells)),
    scratch: numbers(padded(stripRows * outputs)),
    input: numbers(rows * inputs),
    outputGradient: numbers(rows * outputs),
    last: numbers(4),
  };
  const update = (gradients: string) => [
    ...(clipped
      ? [
          {
            operation: Operation.ClipByValue,
            operands: [gradients, cells, float(0.2)] as (string | number)[],
          },
        ]
      : []),
    { operation, operands: ["w", gradients, ...state, cells, "scalars", ...settings] },
    { operation: Operation.ClipByValue, operands: ["last", 4, float(0.1)] },
  ];
  const shape = [inputs, outputs, 1];
  const common = { arrays, rows, scalars: [0.5, 0.25, 0, 0.01, 0.9, 0.999] };
  const strips: Trial = {
    ...common,
    operation: Operation.UpdateInStrips,
    operands: ["scratch", "input", "outputGradient", ...shape, stripRows, clipped ? 2 : 1],
    following: update("scratch") as Trial["following"],
  };
  const whole: Trial = {
    ...common,
    operation: Operation.DenseWeightGradient,
    operands: ["gradient", "input", "outputGradient", ...shape],
    following: update("gradient") as Trial["following"],
  };
  return { strips, whole };
}

describe.each(availableVariants())("on %s kernels", (variant) => {
  test.each(Object.keys(optimizers) as Name[])("%s in strips gives the bits of the whole", (name) => {
    for (const clipped of [false, true]) {
      for (const rows of [1, 3]) {
        for (const inputs of [1, 3, 5, 7, 17]) {
          for (const outputs of [1, 3, 5, 17]) {
            for (const stripRows of [4, 8]) {
              const { strips, whole } = trials(name, clipped, rows, inputs, outputs, stripRows);
              const { arrays: found, status } = runTrial(variant, strips);
              expect(status).toBe(0);
              const expected = runTrial(variant, whole).arrays;
              for (const array of ["w", "a", "b", "last"]) expect(found[array]).toEqual(expected[array]);
              expectTwins(variant, strips, `${rows} rows, ${inputs} inputs, ${outputs} outputs`);
            }
          }
        }
      }
    }
  });
});
