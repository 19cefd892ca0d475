/** Restores stored state completely or not at all. */
import { RivuletError } from "../errors/errors.ts";
import type { State, Stateful } from "../state.ts";
import { type Check, described, finite, requireCheck } from "../state-check.ts";

/**
 * Copies a stored block of numbers into `block`.
 * @param check what the numbers may be; default: finite
 * @throws RivuletError, with nothing changed, when the stored block has another size, or holds other numbers
 */
export function restoreBlock(block: Float64Array, state: State, what: string, check: Check = finite): void {
  if (!(state instanceof Float64Array) || state.length !== block.length) {
    throw new RivuletError(
      "state.mismatch",
      `found ${described(state)} as the stored ${what}, expected ${block.length} float64 numbers; restore a matching state`,
    );
  }
  requireCheck(state, check, what);
  block.set(state);
}

/** A stored block of an earlier version, which had `numbers`, as one of `length`; anything else as it is. @param missing what it lacks */
export function extendedBlock(state: State, numbers: number, length: number, missing = 0): State {
  if (!(state instanceof Float64Array) || state.length !== numbers) return state;
  const block = new Float64Array(length).fill(missing);
  block.set(state);
  return block;
}

/** A block of numbers as a part of its own, for `restoreTogether`. */
export function statefulBlock(block: Float64Array, what: string, check?: Check): Stateful {
  return { state: () => block, restore: (state) => restoreBlock(block, state, what, check) };
}

/** Restorations under way. Only the outermost one copies what was there before: it covers those inside it. */
let depth = 0;

/**
 * Restores the state of each part. If one part refuses, the parts before it get their old states back, and the error is
 * thrown: only a part itself can decide whether a state matches it.
 */
export function restoreTogether(parts: readonly Stateful[], states: State): void {
  if (!Array.isArray(states) || states.length !== parts.length) {
    throw new RivuletError(
      "state.mismatch",
      `found ${Array.isArray(states) ? `${states.length} stored parts` : described(states)}, expected ${parts.length} parts; restore a matching state`,
    );
  }
  const before = depth === 0 ? parts.map((part) => structuredClone(part.state())) : null;
  depth++;
  try {
    for (const [index, part] of parts.entries()) part.restore(states[index]);
  } catch (error) {
    if (before) for (const [index, part] of parts.entries()) part.restore(before[index]);
    throw error;
  } finally {
    depth--;
  }
}

/** Restores what is discarded where it fails, without the memory for a copy of what was there before. */
export function restoreDiscardable(work: () => void): void {
  depth++;
  try {
    work();
  } finally {
    depth--;
  }
}
