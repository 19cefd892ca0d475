import { expect } from "vitest";
import { createKernels, type Kernels, type KernelVariant } from "../../../src/engine/kernels/kernels.ts";
import { instructionSlots, Operation } from "../../../src/engine/kernels/operation.ts";

/** An operation and its operands: the name of an array, an integer, or a float32. */
interface Instruction {
  operation: Operation;
  operands: (string | number | { float: number })[];
}

/** An instruction, or several, on an arena of their own: numbers for arrays, which operands name. */
export interface Trial extends Instruction {
  /** Arrays in the arena; each starts at a multiple of 16 bytes. */
  arrays: Record<string, ArrayLike<number>>;
  /** What runs after the first instruction. */
  following?: Instruction[];
  rows: number;
  accumulating?: boolean;
  /** float64 cells by index. */
  scalars?: number[];
}

const scalarCells = 8;
const arraysStart = scalarCells * 8;

/** Runs the instructions; gives the arrays as they are afterwards, and the float64 cells. */
export function runTrial(
  variant: KernelVariant,
  trial: Trial,
): { arrays: Record<string, Float32Array>; scalars: Float64Array; status: number } {
  const names = Object.keys(trial.arrays);
  const offsets: Record<string, number> = { scalars: 0 };
  let end = arraysStart;
  for (const name of names) {
    offsets[name] = end;
    end += Math.ceil(trial.arrays[name].length / 4) * 16;
  }
  const program = end;
  const instructions: Instruction[] = [trial, ...(trial.following ?? [])];
  const sentinel = instructions.length * instructionSlots;
  const slots = sentinel + instructionSlots;
  const kernels: Kernels = createKernels(variant, program + slots * 4);
  const scalars = new Float64Array(kernels.buffer, 0, scalarCells);
  scalars.set(trial.scalars ?? []);
  const views = Object.fromEntries(
    names.map((name) => {
      const view = new Float32Array(kernels.buffer, offsets[name], trial.arrays[name].length);
      view.set(trial.arrays[name]);
      return [name, view];
    }),
  );
  const ints = new Int32Array(kernels.buffer, program, slots);
  const floats = new Float32Array(kernels.buffer, program, slots);
  for (const [step, { operation, operands }] of instructions.entries()) {
    const at = step * instructionSlots;
    ints[at] = operation;
    for (const [index, operand] of operands.entries()) {
      if (typeof operand === "string") ints[at + index + 1] = offsets[operand];
      else if (typeof operand === "number") ints[at + index + 1] = operand;
      else floats[at + index + 1] = operand.float;
    }
  }
  // Stops with status 1 whatever runs past the end of the program.
  const poison = sentinel + instructionSlots - 1;
  floats[poison] = Number.NaN;
  ints.set([Operation.RequireBounded, program + poison * 4, 1, 0, 0, 1], sentinel);
  const status = kernels.run(program, instructions.length, trial.rows, trial.accumulating ? 1 : 0);
  return { arrays: views, scalars, status };
}

/**
 * Fails where a variant gives other numbers than the scalar twin: other bits, or with relaxed SIMD, which may round a
 * product and a sum once instead of twice, numbers that differ by more than rounding.
 */
export function expectTwins(variant: KernelVariant, trial: Trial, at: string): void {
  const tolerance = variant === "relaxed-simd" ? 1e-5 : 0;
  const found = runTrial(variant, trial);
  const twin = runTrial("scalar", trial);
  expect(found.status, at).toBe(twin.status);
  const compare = (name: string, value: number, expected: number) => {
    if (Object.is(value, expected)) return;
    if (Math.abs(value - expected) <= tolerance * (1 + Math.abs(expected))) return;
    expect.fail(`${name} with ${at} is ${value}, the twin has ${expected}`);
  };
  for (const [array, values] of Object.entries(twin.arrays)) {
    for (let i = 0; i < values.length; i++) compare(`${array}[${i}]`, found.arrays[array][i], values[i]);
  }
  for (const [i, cell] of twin.scalars.entries()) compare(`scalar ${i}`, found.scalars[i], cell);
}
