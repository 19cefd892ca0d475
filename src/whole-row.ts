import { RivuletError } from "./errors/errors.ts";

/**
 * Requires `numbers` numbers at `offset` of `values`. Allocates nothing.
 *
 * @param each what each of them is for, such as `one for each field`
 * @throws RivuletError where the row is not whole: nothing could be said of it
 */
export function requireWholeRow(
  values: ArrayLike<number>,
  offset: number,
  numbers: number,
  each: string,
): void {
  if (offset >= 0 && offset + numbers <= values?.length && Number.isInteger(offset)) return;
  const expected = `${numbers} numbers, ${each}`;
  throw new RivuletError(
    "argument.bad-value",
    typeof values === "object" && values !== null && typeof values.length === "number"
      ? `found ${values.length} numbers and a sample at offset ${offset} of them, expected ${expected} from there on; give a Float64Array with them, and where they begin`
      : `found ${values === null ? "null" : typeof values} as a sample, expected a Float64Array with ${expected}; give one, in the order of the ${each.split(" ").at(-1)}s`,
  );
}
