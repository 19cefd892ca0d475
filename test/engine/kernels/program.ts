import { createKernels, type Kernels, type KernelVariant } from "../../../src/engine/kernels/kernels.ts";
import { instructionSlots, type Operation } from "../../../src/engine/kernels/operation.ts";

/** One instruction on an arena of its own: numbers for arrays, then the operands by the arrays' names. */
export interface Trial {
  operation: Operation;
  /** Arrays in the arena; each starts at a multiple of 16 bytes. */
  arrays: Record<string, ArrayLike<number>>;
  /** Name of an array, an integer, or a float32. */
  operands: (string | number | { float: number })[];
  rows: number;
  gathering?: boolean;
  /** float64 cells by index. */
  scalars?: number[];
}

const scalarCells = 8;
const arraysStart = scalarCells * 8;

/** Runs the instruction; gives the arrays as they are afterwards, and the float64 cells. */
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
  const kernels: Kernels = createKernels(variant, program + instructionSlots * 4);
  const scalars = new Float64Array(kernels.buffer, 0, scalarCells);
  scalars.set(trial.scalars ?? []);
  const views = Object.fromEntries(
    names.map((name) => {
      const view = new Float32Array(kernels.buffer, offsets[name], trial.arrays[name].length);
      view.set(trial.arrays[name]);
      return [name, view];
    }),
  );
  const ints = new Int32Array(kernels.buffer, program, instructionSlots);
  const floats = new Float32Array(kernels.buffer, program, instructionSlots);
  ints[0] = trial.operation;
  for (const [index, operand] of trial.operands.entries()) {
    if (typeof operand === "string") ints[index + 1] = offsets[operand];
    else if (typeof operand === "number") ints[index + 1] = operand;
    else floats[index + 1] = operand.float;
  }
  const status = kernels.run(program, 1, trial.rows, trial.gathering ? 1 : 0);
  return { arrays: views, scalars, status };
}
