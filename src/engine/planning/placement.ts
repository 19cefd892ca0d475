/** Assigns offsets in the arena: buffers whose lifetimes do not overlap share space. */
import type { Instruction, PlannedBuffer } from "./plan.ts";

const alignment = 16;

/** Rounds bytes up to whole vectors of 16. */
export function aligned(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

/**
 * Sets the lifetime of each buffer in `sharing`: from the first instruction that uses it to the last. `parts` are those
 * of the program in the order of a training step; a null part runs separately, on buffers that other parts use too.
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
 * Assigns every buffer its offset, from `from` on: permanent buffers one after the other, in order; the others, those in
 * `lowest` before the rest and the largest first, each at the lowest offset that overlaps no buffer of the same time.
 * Returns where the last one ends.
 */
export function place(
  buffers: readonly PlannedBuffer[],
  from = 0,
  lowest: ReadonlySet<string> = new Set(),
): number {
  // Offset 0 means an absent operand; the scalars are placed there, because they are never optional.
  let end = from;
  for (const buffer of buffers.filter(({ lifetime }) => lifetime === null)) {
    buffer.offset = end;
    end += buffer.bytes;
  }
  const start = end;
  const placed: PlannedBuffer[] = [];
  const moving = buffers.filter(({ lifetime }) => lifetime !== null);
  const rank = ({ name }: PlannedBuffer) => (lowest.has(name) ? 0 : 1);
  for (const buffer of moving.sort((a, b) => rank(a) - rank(b) || b.bytes - a.bytes)) {
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
