import { type Document, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import { RivuletError } from "../errors/errors.ts";
import { reasonOf } from "../errors/system-error.ts";
import { excessIn, excessInText, mostAliases, readLimited } from "./document-limits.ts";

/** The position of a value in a document: keys and list indices from the top. */
export type KeyPath = readonly (string | number)[];

/** A parsed YAML document as plain data, with the line of each value. */
export interface ConfigDocument {
  data: unknown;
  /** Path of the file, for messages. */
  file: string;
  /** Line of the value at `path`, from 1, or of the nearest map or list around it. */
  lineOf(path: KeyPath): number;
}

/** Formats a path as `source.fields[2].type`. */
export function pathName(path: KeyPath): string {
  let name = "";
  for (const key of path) {
    name += typeof key === "number" ? `[${key}]` : name === "" ? key : `.${key}`;
  }
  return name;
}

/** Parses a path that `pathName` has formatted. */
export function parsePathName(name: string): KeyPath {
  return name.split(/[.[]/).map((key) => (key.endsWith("]") ? Number.parseInt(key, 10) : key));
}

/** Reads the text of a config. @throws RivuletError where that is not possible */
export function readConfigText(file: string): string {
  try {
    return readLimited(file).toString("utf8");
  } catch (error) {
    const sentence = `cannot read the config ${file}: ${reasonOf(error)}`;
    throw new RivuletError("config.unreadable", sentence, { file, cause: error });
  }
}

/**
 * Parses YAML 1.2, and so JSON too.
 *
 * @param file path of the file, for messages
 * @param verbatim paths of values that stay text as written, because YAML reads 0043 as 43 and 6e01 as 60; `*` is each
 *   item of a list
 * @throws RivuletError with file and line where the text is not YAML, not a map, or beyond the limits
 */
export function readDocument(text: string, file: string, verbatim: readonly KeyPath[] = []): ConfigDocument {
  const { document, lines } = parseText(text, file);
  for (const node of verbatim.flatMap((path) => nodesAt(document.contents, path))) {
    if (isScalar(node) && typeof node.value === "number") node.value = node.source;
  }
  return {
    data: plainData(document, file),
    file,
    lineOf: (path) => lines.linePos(offsetOf(document, path)).line,
  };
}

/** Parses a map within the limits. @throws RivuletError for anything else */
function parseText(text: string, file: string): { document: Document.Parsed; lines: LineCounter } {
  if (text.includes("\0")) {
    throw new RivuletError(
      "config.syntax",
      `${file} is not text in UTF-8; name a config in YAML, saved as UTF-8`,
      { file },
    );
  }
  const beyond = excessInText(text);
  if (beyond !== null) throw new RivuletError("config.syntax", `${file}: ${beyond}`, { file });
  const lines = new LineCounter();
  // Whether a key is there twice is asked elsewhere: here it would take the square of the number of keys.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const fault = document.errors[0] ?? document.warnings[0];
  if (fault !== undefined) {
    const { line, col } = lines.linePos(fault.pos[0]);
    throw new RivuletError(
      "config.syntax",
      `${file}:${line}: this is not YAML (column ${col}): ${fault.message}`,
      { file, line },
    );
  }
  if (!isMap(document.contents)) {
    const found = document.contents === null ? "the file is empty" : "the file holds something else";
    throw new RivuletError(
      "config.syntax",
      `${file}:1: expected a map of keys such as source, target and model, but ${found}`,
      { file, line: 1 },
    );
  }
  const excess = excessIn(document.contents);
  if (excess !== null) {
    const { line } = lines.linePos(isNode(excess.node) ? (excess.node.range?.[0] ?? 0) : 0);
    throw new RivuletError("config.syntax", `${file}:${line}: ${excess.text}`, { file, line });
  }
  return { document, lines };
}

/** Where the value at `path` begins in the text, or the nearest map or list around it. */
function offsetOf({ contents }: Document.Parsed, path: KeyPath): number {
  let node: unknown = contents;
  let found = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => String(item.key) === String(key));
      if (pair === undefined) return found;
      if (isNode(pair.key)) found = pair.key.range?.[0] ?? found;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(key)];
      if (isNode(node)) found = node.range?.[0] ?? found;
    }
  }
  return found;
}

/** Resolves the aliases of a document. */
function plainData(document: Document.Parsed, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: mostAliases });
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    throw new RivuletError(
      "config.syntax",
      `${file}: its aliases (*name) stand for too many values, expected at most ${mostAliases}, none within itself; write the values out`,
      { file },
    );
  }
}

function nodesAt(node: unknown, [key, ...rest]: KeyPath): unknown[] {
  if (key === undefined) return [node];
  if (key === "*") return isSeq(node) ? node.items.flatMap((item) => nodesAt(item, rest)) : [];
  return isMap(node) ? nodesAt(node.get(key, true), rest) : [];
}
