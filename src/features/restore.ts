/** Restores stored state completely or not at all. */
import { RivuletError } from "../errors/errors.ts";
import type { State, Stateful } from "../state.ts";

/**
 * Copies a stored block of numbers into `block`.
 * @throws RivuletError, with nothing changed, when the stored block has another size
 */
export function restoreBlock(block: Float64Array, state: State, what: string): void {
  if (!(state instanceof Float64Array) || state.length !== block.length) {
    throw new RivuletError(
      "state.mismatch",
      `found ${kindOf(state)} as the stored ${what}, expected ${block.length} float64 numbers; restore a matching state`,
    );
  }
  block.set(state);
}

/** A block of numbers as a part of its own, for `restoreTogether`. */
export function statefulBlock(block: Float64Array, what: string): Stateful {
  return { state: () => block, restore: (state) => restoreBlock(block, state, what) };
}

/** Describes a stored value for a message. A checkpoint may lack it. */
function kindOf(state: State | undefined): string {
  if (state instanceof Float64Array) return `${state.length} float64 numbers`;
  if (state instanceof Float32Array) return `${state.length} float32 numbers`;
  if (Array.isArray(state)) return "a list";
  if (state === null || state === undefined) return "nothing";
  return typeof state === "object" ? "a map" : `the ${typeof state} ${JSON.stringify(state)}`;
}

/**
 * Restores the state of each part. If one part refuses, the parts before it get their old states back, and the error is
 * thrown: only a part itself can decide whether a state matches it.
 */
export function restoreTogether(parts: readonly Stateful[], states: State): void {
  const given = Array.isArray(states) ? states : [];
  const before = parts.map((part) => structuredClone(part.state()));
  try {
    for (const [index, part] of parts.entries()) part.restore(given[index]);
  } catch (error) {
    for (const [index, part] of parts.entries()) part.restore(before[index]);
    throw error;
  }
}
