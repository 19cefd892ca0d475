/** Compares the speed of the optimizers with that of copying memory. */
import { chooseVariant } from "../../engine/kernels/kernels.ts";
import { Operation, Scalar } from "../../engine/kernels/operation.ts";
import type { Figure } from "./figure.ts";
import { bareKernels, copying, instruction } from "./references.ts";
import { measureInTurn, rateOf } from "./timing.ts";

/** Number of weights: too many for optimizer state to fit in a second-level cache. */
const weights = 1 << 20;

interface Pass {
  name: string;
  operation: Operation;
  /** Arrays as long as the weights: weights, gradients, states. All are read; all but the gradients are written. */
  arrays: number;
  operands: (at: number[]) => (number | { float: number })[];
}

const scalars = 0;
const passes: Pass[] = [
  {
    name: "gradient descent",
    operation: Operation.GradientDescent,
    arrays: 2,
    operands: ([w, g]) => [w, g, weights, scalars, { float: 0 }],
  },
  {
    name: "momentum",
    operation: Operation.Momentum,
    arrays: 3,
    operands: ([w, g, b]) => [w, g, b, weights, scalars, { float: 0 }, { float: 0.9 }, 0],
  },
  {
    name: "RMSprop",
    operation: Operation.RmsProp,
    arrays: 3,
    operands: ([w, g, s]) => [
      ...[w, g, s, 0, 0, weights, scalars],
      ...[0, 0.99, 0.01, 1e-8, 0].map((float) => ({ float })),
    ],
  },
  {
    name: "Adam",
    operation: Operation.Adam,
    arrays: 4,
    operands: ([w, g, m, v]) => [
      ...[w, g, m, v, weights, scalars],
      ...[0, 0.9, 0.1, 0.999, 0.001, 1e-8].map((float) => ({ float })),
    ],
  },
];

/** Measures what each optimizer takes for one weight, in `rounds` rounds. */
export function optimizerFigures(rounds: number): Figure[] {
  const variant = chooseVariant(false);
  const subjects = passes.map(({ operation, arrays, operands }) => {
    const { kernels, data } = bareKernels(variant, arrays * weights);
    const cells = new Float64Array(kernels.buffer, scalars, 8);
    cells[Scalar.StepSize] = 1e-6;
    cells[Scalar.Correction] = 1;
    cells[Scalar.Decay] = 1;
    const at = Array.from({ length: arrays }, (_, index) => data + 4 * weights * index);
    return instruction(kernels, operation, operands(at));
  });
  // The same number of bytes as Adam uses, half of them read and half written.
  const spreads = measureInTurn([...subjects, copying(variant, 2 * weights)], { rounds });
  const copy = rateOf(2 * weights * 8, spreads[passes.length]);
  return [
    { group: "references", name: "copying 8 MiB", value: copy, unit: "GB/s" },
    ...passes.map(({ name, arrays }, index): Figure => {
      const value = rateOf(weights * 4 * (2 * arrays - 1), spreads[index]);
      return {
        group: "optimizer pass",
        name: `${name}, ${weights} weights`,
        value,
        unit: "GB/s",
        reference: {
          name: "copying",
          value: copy.median,
          unit: "GB/s",
          share: value.median / copy.median,
        },
        note: `${((1000 * spreads[index].median) / weights).toFixed(0)} ps a weight`,
      };
    }),
  ];
}
