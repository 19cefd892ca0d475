/** Measures the limits of this core, as references for the other figures. */
import { createKernels, type Kernels, type KernelVariant } from "../../engine/kernels/kernels.ts";
import { instructionSlots, Operation } from "../../engine/kernels/operation.ts";
import { relaxedSimdPeak, simdPeak } from "./peak-binary.js";

const turnsPerCall = 1000;

/** Floating-point operations of one turn of a peak: twelve chains of four lanes, a multiply and an add each. */
export const operationsPerTurn = 12 * 4 * 2;

/** The 128-bit multiply-add peak by kernels: two roundings with plain SIMD, one with relaxed SIMD where it runs. */
export function peaks(): Partial<Record<KernelVariant, (turns: number) => void>> {
  const found: Partial<Record<KernelVariant, (turns: number) => void>> = {};
  const binaries = [
    ["simd", simdPeak],
    ["relaxed-simd", relaxedSimdPeak],
  ] as const;
  for (const [variant, text] of binaries) {
    const bytes = new Uint8Array(Buffer.from(text(), "hex"));
    if (!WebAssembly.validate(bytes)) continue;
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), {});
    const turn = exports["peak"] as (turns: number) => void;
    // In short calls, because V8 switches to optimized code only between two calls.
    found[variant] = (turns) => {
      for (let left = turns; left > 0; left -= turnsPerCall) turn(Math.min(left, turnsPerCall));
    };
  }
  return found;
}

/** Creates kernels with memory for one instruction and for `floats` numbers, all 1. */
export function bareKernels(variant: KernelVariant, floats: number): { kernels: Kernels; data: number } {
  const data = 2 * instructionSlots * 4;
  const kernels = createKernels(variant, data + 4 * floats);
  new Float32Array(kernels.buffer, data, floats).fill(1);
  return { kernels, data };
}

/** Returns a function that runs one instruction, with operands as in ../../engine/kernels/operation.ts. */
export function instruction(
  kernels: Kernels,
  operation: Operation,
  operands: readonly (number | { float: number })[],
): (times: number) => void {
  // The scalars, eight float64, are at the beginning; the instruction follows.
  const at = instructionSlots * 4;
  const ints = new Int32Array(kernels.buffer);
  const floats = new Float32Array(kernels.buffer);
  const slots = [operation as number, ...operands];
  const write = () => {
    for (const [index, operand] of slots.entries()) {
      if (typeof operand === "number") ints[at / 4 + index] = operand;
      else floats[at / 4 + index] = operand.float;
    }
  };
  return (times) => {
    write();
    for (let i = 0; i < times; i++) kernels.run(at, 1, 1, 0);
  };
}

/** Returns a function that copies `floats` numbers: it reads and writes 4 bytes for each. */
export function copying(variant: KernelVariant, floats: number): (times: number) => void {
  const { kernels, data } = bareKernels(variant, 2 * floats);
  return instruction(kernels, Operation.Copy, [data, data + 4 * floats, floats]);
}

/** Returns a function that calls the kernels with an empty program. */
export function emptyCall(variant: KernelVariant): (times: number) => void {
  const { kernels } = bareKernels(variant, 4);
  return (times) => {
    for (let i = 0; i < times; i++) kernels.run(0, 0, 1, 0);
  };
}
