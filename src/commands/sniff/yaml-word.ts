import { unwanted } from "../../samples/decoding/line-reading.ts";
import { safeJson } from "../../wording/safe.ts";
import { yamlText } from "../../wording/yaml-text.ts";

/** Writes the name of a field as YAML, also one that means a column to leave out where it has no quotes. */
export const word = (text: string): string => (text === unwanted ? safeJson(text) : yamlText(text));
