/** Classes by their words in a config: `class: fault` where target.classes names them. */
import * as v from "valibot";
import { suggestion } from "../wording/nearest.ts";
import type { ConfigErrors } from "./config-errors.ts";
import type { KeyPath } from "./document.ts";
import { accepting, must, wholeNumber } from "./schema.ts";

const expectation = "a class, by its number from 0 or its word in target.classes";

/** A class by its number, or by its word, which `numberClasses` replaces by its number before anything else reads it. */
export const classKey = accepting(
  expectation,
  v.union([wholeNumber(0), v.pipe(v.string(), v.nonEmpty())], must(expectation)),
) as unknown as v.GenericSchema<unknown, number> & { expectation: string };

/** An entry that names a class. */
interface Entry {
  class?: number | string;
  /** The word of the class, for sentences. */
  word?: string;
}

/** Replaces words of classes by their numbers, in each of the entries at their paths; reports those that are no class. */
export function numberClasses(
  entries: readonly (readonly [path: KeyPath, entry: unknown])[],
  names: readonly string[] | undefined,
  errors: ConfigErrors,
): void {
  for (const [path, value] of entries) {
    if (typeof value !== "object" || value === null) continue;
    const entry = value as Entry;
    const { class: named } = entry;
    if (named === undefined) continue;
    const found = names?.indexOf(String(named)) ?? -1;
    if (found >= 0) {
      entry.word = String(named);
      entry.class = found;
    } else if (typeof named === "string") {
      const known =
        names === undefined || names.length === 0
          ? "target.classes names none; list them there, or write the number of one"
          : suggestion(named, names);
      errors.conflict([...path, "class"], ` is "${named}", which is not a class; ${known}`);
      delete entry.class;
    }
  }
}
