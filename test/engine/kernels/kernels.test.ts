import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { availableVariants } from "../../../src/engine/kernels/kernels.ts";
import { Operation } from "../../../src/engine/kernels/operation.ts";
import { labels, numbers, padded, positive, probabilities, zeros } from "./numbers.ts";
import { expectTwins, runTrial, type Trial } from "./program.ts";

/** Every operation on the given sizes. */
function trials(rows: number, inputs: number, outputs: number): Record<string, Trial> {
  const count = rows * inputs;
  const dense = {
    input: numbers(rows * inputs),
    weight: numbers(inputs * outputs),
    bias: numbers(outputs),
    output: numbers(rows * outputs),
  };
  const elementwise = {
    output: zeros(count),
    input: numbers(count, 6),
    gradient: numbers(count),
    result: zeros(count),
  };
  const rowwise = { rows: 1, width: inputs };
  const cells = padded(inputs);
  const learned = { w: numbers(cells), g: numbers(cells), a: positive(cells), b: positive(cells) };
  const scalars = [0.5, 0.25, 0, 0.01, 0.9, 0.999];
  const all: Record<string, Omit<Trial, "rows"> & { rows?: number }> = {
    "dense forward": {
      operation: Operation.DenseForward,
      arrays: dense,
      operands: ["output", "input", "weight", "bias", inputs, outputs, 1],
    },
    "dense forward without bias": {
      operation: Operation.DenseForward,
      arrays: dense,
      operands: ["output", "input", "weight", 0, inputs, outputs, 1],
    },
    "dense input gradient": {
      operation: Operation.DenseInputGradient,
      arrays: dense,
      operands: ["input", "output", "weight", inputs, outputs, 1],
    },
    "dense weight gradient": {
      operation: Operation.DenseWeightGradient,
      arrays: dense,
      operands: ["weight", "input", "output", inputs, outputs, 1],
    },
    "dense weight gradient, accumulating": {
      operation: Operation.DenseWeightGradient,
      arrays: dense,
      operands: ["weight", "input", "output", inputs, outputs, 1],
      accumulating: true,
    },
    "dense bias gradient": {
      operation: Operation.DenseBiasGradient,
      arrays: dense,
      operands: ["bias", "output", outputs, 1],
    },
    "dense bias gradient, accumulating": {
      operation: Operation.DenseBiasGradient,
      arrays: dense,
      operands: ["bias", "output", outputs, 1],
      accumulating: true,
    },
  };
  for (const [name, forward, backward, extra] of [
    ["sigmoid", Operation.SigmoidForward, Operation.SigmoidBackward, []],
    ["tanh", Operation.TanhForward, Operation.TanhBackward, []],
    ["elu", Operation.EluForward, Operation.EluBackward, [{ float: 0.7 }]],
    ["leaky relu", Operation.LeakyReluForward, Operation.LeakyReluBackward, [{ float: 0.1 }]],
  ] as const) {
    const operands = [inputs, ...extra];
    all[`${name} forward`] = {
      operation: forward,
      arrays: elementwise,
      operands: ["output", "input", ...operands],
    };
    all[`${name} backward`] = {
      operation: backward,
      arrays: elementwise,
      operands: ["result", "gradient", "input", ...operands],
    };
  }
  for (const [name, forward, backward] of [
    ["softmax", Operation.SoftmaxForward, Operation.SoftmaxBackward],
    ["log-softmax", Operation.LogSoftmaxForward, Operation.LogSoftmaxBackward],
  ] as const) {
    const operands = [rowwise.width, rowwise.rows];
    all[`${name} forward`] = {
      operation: forward,
      arrays: elementwise,
      operands: ["output", "input", ...operands],
    };
    all[`${name} backward`] = {
      operation: backward,
      arrays: elementwise,
      operands: ["result", "gradient", "input", ...operands],
    };
  }
  for (const [name, operation, output, extra] of [
    ["squared error", Operation.SquaredError, numbers(count), []],
    ["absolute error", Operation.AbsoluteError, numbers(count), []],
    ["huber", Operation.Huber, numbers(count, 3), [{ float: 0.7 }]],
    ["smooth L1", Operation.SmoothL1, numbers(count, 3), [{ float: 0.7 }]],
    ["log-cosh", Operation.LogCosh, numbers(count, 3), []],
    ["binary cross-entropy", Operation.BinaryCrossEntropy, probabilities(count), []],
    ["binary cross-entropy on logits", Operation.BinaryCrossEntropyOnLogits, numbers(count, 8), []],
  ] as const) {
    all[name] = {
      operation,
      arrays: { gradient: zeros(count), output, target: labels(count, 2) },
      operands: ["gradient", "output", "target", "scalars", inputs, ...extra],
      scalars,
    };
    for (const [which, weightEvery] of [
      ["targets", 1],
      ["samples", inputs],
    ] as const) {
      const edge = extra[0] ?? 0;
      all[`${name} with weights of ${which}`] = {
        operation,
        arrays: { gradient: zeros(count), output, target: labels(count, 2), weights: positive(count) },
        operands: ["gradient", "output", "target", "scalars", inputs, edge, "weights", weightEvery],
        scalars,
      };
    }
  }
  for (const [name, operation] of [
    ["softmax cross-entropy", Operation.SoftmaxCrossEntropy],
    ["negative log-likelihood", Operation.NegativeLogLikelihood],
  ] as const) {
    all[name] = {
      operation,
      arrays: { gradient: numbers(count), output: numbers(count, 20), target: labels(rows, inputs) },
      operands: ["gradient", "output", "target", "scalars", inputs, 1],
      scalars,
    };
    for (const weightEvery of [1, 3]) {
      all[`${name} with a weight for ${weightEvery}`] = {
        operation,
        arrays: {
          gradient: numbers(3 * count),
          output: numbers(3 * count, 20),
          target: labels(3 * rows, inputs),
          weights: positive(3 * rows),
        },
        operands: ["gradient", "output", "target", "scalars", inputs, 3, "weights", weightEvery],
        scalars,
      };
    }
  }
  all["class weights"] = {
    operation: Operation.ClassWeights,
    arrays: { weights: zeros(count), target: labels(count, outputs + 1), classWeights: positive(outputs) },
    operands: ["weights", "target", "classWeights", outputs, 0, inputs, 0],
  };
  all["class weights of weighted samples, blended"] = {
    operation: Operation.ClassWeights,
    arrays: {
      weights: zeros(count),
      target: numbers(count, 1.1).map(Math.abs),
      classWeights: positive(2),
      sampleWeights: positive(rows),
    },
    operands: ["weights", "target", "classWeights", 2, "sampleWeights", inputs, 1],
  };
  all["copy"] = {
    operation: Operation.Copy,
    arrays: { output: zeros(count), input: numbers(count) },
    operands: ["output", "input", inputs],
  };
  all["add"] = {
    operation: Operation.Add,
    arrays: { output: zeros(count), a: numbers(count), b: numbers(count) },
    operands: ["output", "a", "b", inputs],
  };
  all["add in place"] = {
    operation: Operation.Add,
    arrays: { a: numbers(count), b: numbers(count) },
    operands: ["a", "a", "b", inputs],
  };
  for (const accumulating of [false, true]) {
    all[accumulating ? "accumulate, accumulating" : "accumulate"] = {
      operation: Operation.Accumulate,
      arrays: { gradient: numbers(padded(inputs)), source: numbers(padded(inputs)) },
      operands: ["gradient", "source", inputs],
      accumulating,
    };
  }
  all["clip by norm"] = {
    operation: Operation.ClipByNorm,
    arrays: learned,
    operands: ["g", cells, "scalars", { float: 0.1 }],
  };
  all["clip by value"] = {
    operation: Operation.ClipByValue,
    arrays: learned,
    operands: ["g", cells, { float: 0.1 }],
  };
  all["gradient descent"] = {
    operation: Operation.GradientDescent,
    arrays: learned,
    operands: ["w", "g", cells, "scalars", { float: 0.01 }],
    scalars,
  };
  for (const nesterov of [0, 1]) {
    all[nesterov ? "nesterov momentum" : "momentum"] = {
      operation: Operation.Momentum,
      arrays: learned,
      operands: ["w", "g", "a", cells, "scalars", { float: 0.01 }, { float: 0.9 }, nesterov],
      scalars,
    };
  }
  all["adagrad"] = {
    operation: Operation.Adagrad,
    arrays: learned,
    operands: ["w", "g", "a", cells, "scalars", { float: 0.01 }, { float: 1e-8 }],
    scalars,
  };
  for (const [name, mean, velocity] of [
    ["rmsprop", 0, 0],
    ["centered rmsprop with momentum", "b", "velocity"],
  ] as const) {
    const floats = [0.01, 0.99, 0.01, 1e-8, 0.9].map((float) => ({ float }));
    all[name] = {
      operation: Operation.RmsProp,
      // Squares well above the squared mean: next to it the difference is rounding alone.
      arrays: { ...learned, a: positive(cells).map((x) => x + 1.5), velocity: numbers(cells) },
      operands: ["w", "g", "a", mean, velocity, cells, "scalars", ...floats],
      scalars,
    };
  }
  const moments = [0.01, 0.9, 0.1, 0.999, 0.001, 1e-8].map((float) => ({ float }));
  for (const [name, operation, correction] of [
    ["adam", Operation.Adam, 0.9],
    ["radam that divides by the second moment", Operation.RAdam, 1],
    ["radam that does not yet", Operation.RAdam, 0],
  ] as const) {
    all[name] = {
      operation,
      arrays: learned,
      operands: ["w", "g", "a", "b", cells, "scalars", ...moments],
      scalars: [...scalars.slice(0, 4), correction, scalars[5]],
    };
  }
  return Object.fromEntries(Object.entries(all).map(([name, trial]) => [name, { rows, ...trial }]));
}

const sizes = [1, 3, 5, 7, 17];
const vectorVariants = availableVariants().filter((variant) => variant !== "scalar");

describe.each(vectorVariants)("the %s kernels", (variant) => {
  test.each(Object.keys(trials(1, 1, 1)))("%s equals its scalar twin on odd sizes", (name) => {
    for (const rows of sizes) {
      for (const inputs of sizes) {
        for (const outputs of sizes) {
          const trial = trials(rows, inputs, outputs)[name];
          expectTwins(variant, trial, `${rows} rows, ${inputs} inputs, ${outputs} outputs`);
        }
      }
    }
  });

  test.each([1, 3, 4, 7, 8, 10, 12, 21])("the weight gradient of four samples and %i outputs", (outputs) => {
    for (const inputs of [1, 2, 5, 18]) {
      const found = trials(4, inputs, outputs);
      for (const name of ["dense weight gradient", "dense weight gradient, accumulating"])
        expectTwins(variant, found[name], `${inputs} inputs, ${outputs} outputs`);
    }
  });

  test("write nothing outside the rows of the result", () => {
    const trial = trials(3, 5, 7)["dense forward"];
    const guarded = { ...trial, arrays: { ...trial.arrays, after: numbers(16) } };
    const found = runTrial(variant, { ...guarded, rows: 2 });
    expect(found.arrays["after"]).toEqual(guarded.arrays["after"]);
    expect(found.arrays["output"].slice(14)).toEqual(Float32Array.from(trial.arrays["output"]).slice(14));
  });
});

describe.each(availableVariants())("on %s kernels", (variant) => {
  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "a gradient of %s stops the program",
    (poison) => {
      for (let at = 0; at < 8; at++) {
        const g = numbers(8);
        const trial = {
          operation: Operation.RequireFinite,
          arrays: { g },
          operands: ["g", 8, "scalars"],
          rows: 1,
        };
        expect(runTrial(variant, trial).status).toBe(0);
        g[at] = poison;
        expect(runTrial(variant, trial).status).toBe(1);
      }
    },
  );

  test("a loss that is not finite stops the program", () => {
    const arrays = { g: numbers(8) };
    for (const loss of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const trial = {
        operation: Operation.RequireFinite,
        arrays,
        operands: ["g", 8, "scalars"],
        rows: 1,
        scalars: [loss],
      };
      expect(runTrial(variant, trial).status).toBe(1);
    }
  });

  test("sums that might leave float32 stop the program", () => {
    const statusOf = (a: number[], b: number[] | null, terms: number, rows: number) =>
      runTrial(variant, {
        operation: Operation.RequireBounded,
        // What follows the numbers is none of this instruction's business.
        arrays: { a: [...a, Number.NaN], b: [...(b ?? []), Number.NaN] },
        operands: ["a", a.length / rows, b ? "b" : 0, (b?.length ?? 0) / rows, terms],
        rows,
      }).status;
    const largest = 3.4028234663852886e38;
    expect(statusOf([-largest], null, 1, 1)).toBe(0);
    expect(statusOf([-largest], null, 2, 1)).toBe(1);
    expect(statusOf([largest, 0], null, 1, 2)).toBe(1);
    expect(statusOf([2 ** 64, 1, 1], [-(2 ** 63), 1, 1, 1, 1], 1, 1)).toBe(0);
    expect(statusOf([2 ** 64, 1, 1], [-(2 ** 64), 1, 1, 1, 1], 1, 1)).toBe(1);
    for (const poison of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (let count = 1; count < 10; count++) {
        for (let at = 0; at < count; at++) {
          const poisoned = Array.from({ length: count }, (_, i) => (i === at ? poison : 0));
          const zero = Array.from({ length: count }, () => 0);
          expect(statusOf(poisoned, null, 1, 1)).toBe(1);
          expect(statusOf(poisoned, zero, 1, 1)).toBe(1);
          expect(statusOf(zero, poisoned, 1, 1)).toBe(1);
          expect(statusOf(zero, zero, 1, 1)).toBe(0);
        }
      }
    }
  });

  test("a weight multiplies the loss and the gradient of its element", () => {
    const arrays = { gradient: zeros(4), output: [3, 3, 3, 3], target: zeros(4), weights: [2, 0.5] };
    const operands = ["gradient", "output", "target", "scalars", 2, 0, "weights", 2];
    const trial = { operation: Operation.SquaredError, arrays, operands, rows: 2, scalars: [0, 0.25] };
    const found = runTrial(variant, trial);
    expect([...found.arrays["gradient"]]).toEqual([3, 3, 0.75, 0.75]);
    expect(found.scalars[0]).toBe(45);
  });

  test.each([Operation.SoftmaxCrossEntropy, Operation.NegativeLogLikelihood])(
    "weights of one change nothing of loss %s",
    (operation) => {
      const arrays = {
        gradient: zeros(15),
        output: numbers(15),
        target: labels(5, 3),
        weights: zeros(5).fill(1),
      };
      const operands = ["gradient", "output", "target", "scalars", 3, 1];
      const trial = { operation, arrays, operands, rows: 5, scalars: [0, 0.2] };
      const weighted = runTrial(variant, { ...trial, operands: [...operands, "weights", 1] });
      const found = runTrial(variant, trial);
      expect(weighted.arrays["gradient"]).toEqual(found.arrays["gradient"]);
      expect(weighted.scalars).toEqual(found.scalars);
    },
  );

  test("a target has the weight of its class, and one of no class has none", () => {
    const weightsOf = (target: number[], blend: number) =>
      runTrial(variant, {
        operation: Operation.ClassWeights,
        arrays: { weights: zeros(target.length), target, classWeights: [2, 6, 5], samples: [1, 0.5] },
        operands: ["weights", "target", "classWeights", 3, "samples", target.length / 2, blend],
        rows: 2,
      }).arrays["weights"];
    expect([...weightsOf([0, 2, 1, -1, 3, Number.NaN], 0)]).toEqual([2, 5, 6, NaN, NaN, NaN]);
    expect([...weightsOf([0, 0.25, 1.5, 1, -0.5, 0.5], 1)]).toEqual([2, 3, NaN, 3, NaN, 2]);
  });

  test.each([-1, 3, 1.5e9, Number.NaN])(
    "a class index of %s out of three gives no finite loss and writes nothing else",
    (label) => {
      const arrays = { gradient: zeros(3), output: numbers(3), target: [label], after: numbers(64) };
      const trial = {
        operation: Operation.SoftmaxCrossEntropy,
        arrays,
        operands: ["gradient", "output", "target", "scalars", 3, 1],
        rows: 1,
      };
      const found = runTrial(variant, trial);
      expect(found.scalars[0]).toBeNaN();
      expect(found.arrays["after"]).toEqual(arrays.after);
    },
  );
});

test.each(["assembly", "scalar"])("the interpreter in %s names every operation", (interpreter) => {
  const folder = join(import.meta.dirname, "../../../src/engine/kernels", interpreter);
  const text = readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("\n");
  // Bounds of a range are no operations, and the last branch of losses.ts is that of the loss that is left.
  const unnamed = /^\d|^(First|Last)(Activation|ElementLoss)$|^BinaryCrossEntropyOnLogits$/;
  const operations = Object.keys(Operation).filter((name) => !unnamed.test(name));
  expect(operations.length).toBeGreaterThan(60);
  expect(operations.filter((name) => !new RegExp(`Operation\\.${name}\\b`).test(text))).toEqual([]);
});
