/** Words that stand for a value: the ways to write that there is none, and the ways to write yes and no. */
import { isSameWord } from "./ascii.ts";

const encoder = new TextEncoder();
const encoded = (words: readonly string[]) => words.map((word) => encoder.encode(word));

/** How devices, loggers and programs write that they have no value, and numbers that are not finite. */
export const missingWords = [
  ...["nan", "na", "n/a", "#n/a", "null", "none", "nil", "?", "-", "--", "---", "undefined"],
  // Of Home Assistant, and of Microsoft's C library.
  ...["unknown", "unavailable", "1.#inf", "-1.#inf", "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan"],
  ...["inf", "infinity", "+inf", "-inf", "+infinity", "-infinity", "+nan", "-nan", "ovf", "+ovf", "-ovf"],
] as const;

const missing = encoded(missingWords);
const yes = encoded(["true", "on", "yes"]);
const no = encoded(["false", "off", "no"]);

/** Whether `bytes[start..end)` is a word for a missing value, in any case. */
export function isMissingWord(bytes: Uint8Array, start: number, end: number): boolean {
  return isOneOf(bytes, start, end, missing);
}

/** Returns 1 for a word such as `true` or `ON`, 0 for one such as `false`, -1 for anything else. */
export function truthOf(bytes: Uint8Array, start: number, end: number): number {
  if (isOneOf(bytes, start, end, yes)) return 1;
  return isOneOf(bytes, start, end, no) ? 0 : -1;
}

function isOneOf(bytes: Uint8Array, start: number, end: number, words: readonly Uint8Array[]): boolean {
  for (let index = 0; index < words.length; index++) {
    if (isSameWord(bytes, start, end, words[index])) return true;
  }
  return false;
}
