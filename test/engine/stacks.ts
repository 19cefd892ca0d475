import fc from "fast-check";
import {
  averagePool1d,
  averagePool2d,
  batchNorm,
  conv1d,
  conv2d,
  dense,
  dropout,
  elu,
  flatten,
  globalAveragePool,
  globalMaxPool,
  gru,
  type Layer,
  layerNorm,
  maxPool1d,
  maxPool2d,
  relu,
  residual,
  sigmoid,
  softmax,
  tanh,
} from "../../src/engine/model/model.ts";
import { unitsOf } from "../../src/engine/planning/units.ts";

/** A stack of layers that fit each other, and the shape of a sample before them. */
export interface Stack {
  inputShape: number[];
  layers: Layer[];
}

const size = fc.integer({ min: 1, max: 6 });
const kernel = fc.integer({ min: 1, max: 3 });
const frozen = fc.constantFrom(undefined, undefined, undefined, true as const);

const anywhere: fc.Arbitrary<Layer>[] = [
  fc.constantFrom<Layer>(tanh(), relu(), sigmoid(), elu(0.5), softmax(), dropout(0.3)),
  fc.tuple(size, frozen).map(([outputs, held]) => dense(outputs, { frozen: held })),
  frozen.map((held) => layerNorm({ frozen: held })),
  frozen.map((held) => batchNorm({ frozen: held })),
  fc.constantFrom<Layer>(
    residual([tanh()]),
    residual([layerNorm(), sigmoid(), relu()]),
    residual([residual([relu()]), tanh()]),
    residual([]),
  ),
];
const onTwoAxes: fc.Arbitrary<Layer>[] = [
  fc.constantFrom<Layer>(flatten(), globalAveragePool(), globalMaxPool()),
  fc
    .record({
      outputs: size,
      kernel,
      stride: kernel,
      padding: fc.integer({ min: 0, max: 2 }),
      dilation: kernel,
    })
    .map(({ outputs, kernel: k, ...options }) => conv1d(outputs, k, options)),
  kernel.map((k) => conv1d(2, k, { padding: 1, frozen: ["weight"] })),
  fc.tuple(kernel, kernel).map(([k, stride]) => maxPool1d(k, { stride })),
  fc.tuple(kernel, kernel).map(([k, stride]) => averagePool1d(k, { stride })),
  fc
    .tuple(size, fc.constantFrom<"last" | "sequence">("last", "sequence"), fc.boolean())
    .map(([hidden, returns, carry]) => gru(hidden, { returns, carry })),
];
const onThreeAxes: fc.Arbitrary<Layer>[] = [
  fc.constantFrom<Layer>(flatten(), globalAveragePool()),
  fc
    .record({ outputs: size, kernel, stride: kernel, padding: fc.integer({ min: 0, max: 2 }) })
    .map(({ outputs, kernel: k, ...options }) => conv2d(outputs, k, options)),
  fc.tuple(kernel, kernel).map(([k, stride]) => maxPool2d(k, { stride })),
  fc.tuple(kernel, kernel).map(([k, stride]) => averagePool2d(k, { stride })),
];

/** Random stacks: proposals that do not fit where they would stand are left out. */
export const stacks: fc.Arbitrary<Stack> = fc
  .tuple(
    fc.constantFrom<number[]>([5], [7], [3, 7], [4, 6], [2, 5, 6], [3, 4, 4]),
    fc.array(fc.oneof(...anywhere, ...onTwoAxes, ...onTwoAxes, ...onThreeAxes), { maxLength: 9 }),
    size,
  )
  .map(([inputShape, proposals, outputs]) => {
    const layers: Layer[] = [];
    for (const layer of proposals) {
      if (fits(inputShape, [...layers, layer])) layers.push(layer);
    }
    return { inputShape, layers: [...layers, flatten(), dense(outputs)] };
  });

function fits(inputShape: number[], layers: Layer[]): boolean {
  try {
    unitsOf({ inputShape, layers });
    return true;
  } catch {
    return false;
  }
}
