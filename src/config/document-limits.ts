/**
 * The limits of a config as data from outside: a file of a few bytes must not take minutes or all memory. Each limit is
 * far above what any device needs.
 */
import { closeSync, readSync } from "node:fs";
import { isMap, isScalar, isSeq, type Node, type Scalar } from "yaml";
import { openRegularFile, UnsuitableFileError } from "../machine/regular-file.ts";
import { formatSize } from "../wording/quantities.ts";

/** Largest text, in bytes: several times a config of as many columns as are allowed. */
export const mostBytes = 2 ** 18;
/** Most items of a list, and keys of a map: columns, layers. */
export const mostItems = 4096;
/** Most maps and lists within each other. */
export const mostLevels = 32;
/** Most lines, which the parser takes longer for than for letters. */
export const mostLines = 2 ** 15;
/** Most aliases, and most values that they may stand for each. */
export const mostAliases = 100;

/**
 * Reads a text file in UTF-8, but no more than a byte above the limit. Refuses what is not a regular file: a pipe would wait.
 * @throws Error whose reason, by `reasonOf`, fits after a colon
 */
export function readLimited(path: string): Buffer {
  const file = openText(path);
  try {
    const bytes = Buffer.alloc(mostBytes + 1);
    let length = 0;
    for (;;) {
      const read = readSync(file, bytes, length, bytes.length - length, null);
      length += read;
      if (read === 0 || length === bytes.length) return bytes.subarray(0, length);
    }
  } finally {
    closeSync(file);
  }
}

function openText(path: string): number {
  try {
    return openRegularFile(path).file;
  } catch (error) {
    if (!(error instanceof UnsuitableFileError)) throw error;
    throw new UnsuitableFileError(`it ${error.message}; name the file of a config`);
  }
}

const tooDeep = `maps and lists are nested more than ${mostLevels} levels deep; make the config flatter`;

/**
 * Returns what is beyond the limits in a text that is not parsed yet, as a clause; null where nothing is. The parser goes
 * down a level for each bracket or dash, and takes seconds for a hundred thousand.
 */
export function excessInText(text: string): string | null {
  if (text.length > mostBytes) {
    return `it is larger than ${formatSize(mostBytes)}, expected a config of a few kilobytes; name another file`;
  }
  const lines = text.split("\n", mostLines + 1);
  if (lines.length > mostLines) return `it has more than ${mostLines} lines; name another file`;
  let open = 0;
  for (const line of lines) {
    // Without quoted texts and comments, in which a bracket opens nothing.
    const bare = line.replace(/"(?:[^"\\]|\\.)*"|'[^']*'/g, "").replace(/(^|\s)#.*/, "");
    const dashes = /^(?:\s*[-?](?=\s))*/.exec(bare)?.[0].replace(/\s/g, "").length ?? 0;
    if (dashes > mostLevels) return tooDeep;
    for (const letter of bare) {
      if (letter === "[" || letter === "{") open++;
      else if (letter === "]" || letter === "}") open = Math.max(0, open - 1);
      if (open > mostLevels) return tooDeep;
    }
  }
  return null;
}

/** What is beyond the limits in a document, and where. */
export interface Excess {
  /** The fault and the limit, as a clause after the line. */
  text: string;
  node: unknown;
}

/** Returns the first map or list that is too long, too deep or has a key twice; null where none is. */
export function excessIn(root: unknown): Excess | null {
  const waiting: { node: unknown; level: number }[] = [{ node: root, level: 1 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, level } = next;
    if (!isMap(node) && !isSeq(node)) continue;
    const { items } = node;
    const noun = isMap(node) ? "map" : "list";
    if (level > mostLevels) {
      return { text: tooDeep, node };
    }
    if (items.length > mostItems) {
      return {
        text: `a ${noun} has ${items.length} items, expected at most ${mostItems}; leave out what is not needed`,
        node,
      };
    }
    if (isMap(node)) {
      const twice = keyTwice(node.items.map(({ key }) => key as Node));
      if (twice !== null) return { text: `the key "${twice.value}" is given twice; remove one`, node: twice };
      for (const { value } of node.items) waiting.push({ node: value, level: level + 1 });
    } else {
      for (const item of items) waiting.push({ node: item, level: level + 1 });
    }
  }
  return null;
}

function keyTwice(keys: readonly unknown[]): Scalar | null {
  const seen = new Set<unknown>();
  for (const key of keys) {
    if (!isScalar(key)) continue;
    if (seen.has(key.value)) return key;
    seen.add(key.value);
  }
  return null;
}
