/** Restores stored state completely, or not at all. */
import { RivuletError } from "../errors/errors.ts";
import type { State, Stateful } from "../state.ts";

/**
 * Copies a stored block of numbers over the live one.
 * @throws RivuletError, with nothing changed, where the stored one is of another size
 */
export function restoreBlock(block: Float64Array, state: State, what: string): void {
  if (!(state instanceof Float64Array) || state.length !== block.length) {
    throw new RivuletError(
      "state.mismatch",
      `the stored ${what} must be ${block.length} float64 numbers, found ${kindOf(state)}`,
    );
  }
  block.set(state);
}

/** What was stored instead, as a sentence says it. A checkpoint may lack it altogether. */
function kindOf(state: State | undefined): string {
  if (state instanceof Float64Array) return `${state.length} of them`;
  if (state instanceof Float32Array) return `${state.length} of float32`;
  if (Array.isArray(state)) return "a list";
  if (state === null || state === undefined) return "nothing";
  return typeof state === "object" ? "a map" : `the ${typeof state} ${JSON.stringify(state)}`;
}

/**
 * Puts each part's state back. Where one refuses, those before it get back what they had, and its error is thrown:
 * only a part itself can tell whether a state fits it.
 */
export function restoreTogether(parts: readonly Stateful[], states: readonly State[]): void {
  const before = parts.map((part) => structuredClone(part.state()));
  try {
    for (const [index, part] of parts.entries()) part.restore(states[index]);
  } catch (error) {
    for (const [index, part] of parts.entries()) part.restore(before[index]);
    throw error;
  }
}
