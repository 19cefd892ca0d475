/** Where buffers stand in the arena: those whose lifetimes do not meet share space. */
import type { Instruction, PlannedBuffer } from "./plan.ts";

const alignment = 16;

/** Bytes rounded up to whole vectors. */
export function aligned(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

/**
 * A buffer of `sharing` counts from the first instruction that touches it to the last. `parts` are the program's in
 * the order of a training step; a part that is null runs apart from it and only touches what another part does too.
 */
export function setLifetimes(
  buffers: Map<string, PlannedBuffer>,
  sharing: ReadonlySet<string>,
  parts: readonly { instructions: Instruction[]; counts: boolean }[],
): void {
  let step = 0;
  for (const { instructions, counts } of parts) {
    for (const { operands } of instructions) {
      for (const operand of counts ? operands : []) {
        if (typeof operand === "number" || !("buffer" in operand)) continue;
        const buffer = buffers.get(operand.buffer)!;
        if (!sharing.has(buffer.name)) continue;
        buffer.lifetime ??= { first: step, last: step };
        buffer.lifetime.last = step;
      }
      step++;
    }
  }
}

/**
 * Gives every buffer its offset: those that live always one behind the other, in order; the others, largest
 * first, each at the lowest place where no buffer stands that lives at the same time. Gives the arena's size.
 */
export function place(buffers: PlannedBuffer[]): number {
  // Offset 0 stands for an absent operand; the scalars stand there, which are never one.
  let end = 0;
  for (const buffer of buffers.filter(({ lifetime }) => lifetime === null)) {
    buffer.offset = end;
    end += buffer.bytes;
  }
  const start = end;
  const placed: PlannedBuffer[] = [];
  const moving = buffers.filter(({ lifetime }) => lifetime !== null);
  for (const buffer of moving.sort((a, b) => b.bytes - a.bytes)) {
    const { first, last } = buffer.lifetime!;
    const neighbours = placed
      .filter(({ lifetime }) => lifetime!.first <= last && first <= lifetime!.last)
      .sort((a, b) => a.offset - b.offset);
    buffer.offset = start;
    for (const neighbour of neighbours) {
      if (buffer.offset + buffer.bytes <= neighbour.offset) break;
      buffer.offset = Math.max(buffer.offset, neighbour.offset + neighbour.bytes);
    }
    placed.push(buffer);
    end = Math.max(end, buffer.offset + buffer.bytes);
  }
  return end;
}
