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
 * Assigns every buffer its offset: permanent buffers one after the other, in order; the others after them, as
 * `placeByLifetime` does. Returns the size of the arena in bytes.
 */
export function place(buffers: readonly PlannedBuffer[]): number {
  // Offset 0 means an absent operand; the scalars are placed there, because they are never optional.
  const permanent = buffers.filter(({ lifetime }) => lifetime === null);
  const moving = buffers.filter(({ lifetime }) => lifetime !== null);
  return placeByLifetime(moving, placeInOrder(permanent, 0));
}

/** Assigns buffers offsets from `from` on, one after the other. Returns where the last one ends. */
export function placeInOrder(buffers: readonly PlannedBuffer[], from: number): number {
  let end = from;
  for (const buffer of buffers) {
    buffer.offset = end;
    end += buffer.bytes;
  }
  return end;
}

/**
 * Assigns buffers offsets from `from` on: those in `lowest` before the rest and the largest first, each at the lowest
 * offset that overlaps no buffer of the same time, also none of `fixed`, which have theirs. Returns where the last of
 * all ends.
 */
export function placeByLifetime(
  buffers: readonly PlannedBuffer[],
  from: number,
  lowest: ReadonlySet<string> = new Set(),
  fixed: readonly PlannedBuffer[] = [],
): number {
  const placed = [...fixed];
  const rank = ({ name }: PlannedBuffer) => (lowest.has(name) ? 0 : 1);
  for (const buffer of [...buffers].sort((a, b) => rank(a) - rank(b) || b.bytes - a.bytes)) {
    const neighbours = placed
      .filter((other) => liveAtOnce(buffer, other))
      .sort((a, b) => a.offset - b.offset);
    buffer.offset = from;
    for (const neighbour of neighbours) {
      if (buffer.offset + buffer.bytes <= neighbour.offset) break;
      buffer.offset = Math.max(buffer.offset, neighbour.offset + neighbour.bytes);
    }
    placed.push(buffer);
  }
  return Math.max(from, ...placed.map(({ offset, bytes }) => offset + bytes));
}

function liveAtOnce({ lifetime: one }: PlannedBuffer, { lifetime: other }: PlannedBuffer): boolean {
  if (one === null || other === null) return true;
  return one.first <= other.last && other.first <= one.last;
}
