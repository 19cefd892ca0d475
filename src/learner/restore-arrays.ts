import { RivuletError } from "../errors/errors.ts";
import type { State } from "../state.ts";

/**
 * Copies stored arrays over the live ones of the same names.
 * @throws RivuletError, with nothing changed, where one is missing or of another type or size
 */
export function restoreArrays(
  live: Record<string, Float32Array | Float64Array>,
  state: State,
  what: string,
): void {
  const stored = (state ?? {}) as Record<string, Float32Array | Float64Array>;
  for (const [name, array] of Object.entries(live)) {
    const found = stored[name];
    if (found?.constructor !== array.constructor || found.length !== array.length) {
      throw new RivuletError(
        "state.mismatch",
        `found no ${array.constructor.name} of ${array.length} numbers "${name}" in the stored ${what}, expected one; restore a state of the same description`,
      );
    }
  }
  for (const [name, array] of Object.entries(live)) array.set(stored[name] as never);
}
