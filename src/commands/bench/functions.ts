/** Measures the cost per element of functions for which processors have no instruction. */
import { chooseVariant } from "../../engine/kernels/kernels.ts";
import { Operation } from "../../engine/kernels/operation.ts";
import type { Figure } from "./figure.ts";
import { bareKernels, copying, instruction } from "./references.ts";
import { measureInTurn, scaled } from "./timing.ts";

/** Number of elements: few enough for a first-level cache. */
const elements = 2048;
const width = 8;

const subjects: { name: string; operation: Operation; operands: number[] }[] = [
  { name: "tanh", operation: Operation.TanhForward, operands: [elements] },
  { name: "sigmoid", operation: Operation.SigmoidForward, operands: [elements] },
  {
    name: `softmax over rows of ${width}`,
    operation: Operation.SoftmaxForward,
    operands: [width, elements / width],
  },
];

/** Measures what one element of each activation costs, in `rounds` rounds. */
export function functionFigures(rounds: number): Figure[] {
  const variant = chooseVariant(false);
  const repeats = subjects.map(({ operation, operands }) => {
    const { kernels, data } = bareKernels(variant, 2 * elements);
    const numbers = new Float32Array(kernels.buffer, data, elements);
    for (let i = 0; i < elements; i++) numbers[i] = ((37 * i) % 97) / 16 - 3;
    return instruction(kernels, operation, [data + 4 * elements, data, ...operands]);
  });
  const spreads = measureInTurn([...repeats, copying(variant, elements)], { rounds });
  const copy = spreads[subjects.length].median;
  return subjects.map(({ name }, index) => ({
    group: "functions",
    name,
    value: scaled(spreads[index], 1 / elements),
    unit: "ns an element",
    reference: {
      name: "copying it",
      value: copy / elements,
      unit: "ns",
      share: spreads[index].median / copy,
    },
  }));
}
