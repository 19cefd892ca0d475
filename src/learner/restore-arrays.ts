import { RivuletError } from "../errors/errors.ts";
import type { State } from "../state.ts";
import { type Check, finite, requireCheck } from "../state-check.ts";

/**
 * Copies stored arrays over the live ones of the same names.
 * @param checks what the numbers of an array may be; default: finite
 * @throws RivuletError, with nothing changed, where one is missing, of another type or size, or holds other numbers
 */
export function restoreArrays<Name extends string>(
  live: Record<Name, Float32Array | Float64Array>,
  state: State,
  what: string,
  checks: Partial<Record<Name, Check>> = {},
): void {
  const stored = (state ?? {}) as Record<string, Float32Array | Float64Array>;
  const arrays = Object.entries(live) as [Name, Float32Array | Float64Array][];
  for (const [name, array] of arrays) {
    const found = stored[name];
    if (found?.constructor !== array.constructor || found.length !== array.length) {
      throw new RivuletError(
        "state.mismatch",
        `found no ${array.constructor.name} of ${array.length} numbers "${name}" in the stored ${what}, expected one; restore a state of the same description`,
      );
    }
    requireCheck(found, checks[name] ?? finite, `${what} (${name})`);
  }
  for (const [name, array] of arrays) array.set(stored[name] as never);
}
