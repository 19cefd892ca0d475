import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import { RivuletError } from "../errors/errors.ts";

/** Where a value stands in a document: keys and list positions from the top. */
export type KeyPath = readonly (string | number)[];

/** A YAML text as plain data that still knows on which line each value stands. */
export interface ConfigDocument {
  data: unknown;
  /** The file, as it is named in messages. */
  file: string;
  /** Line of the value at `path`, from 1, or of the nearest map or list around it. */
  lineOf(path: KeyPath): number;
}

/** `source.fields[2].type`: a path as a reader of the file would say it. */
export function pathName(path: KeyPath): string {
  let name = "";
  for (const key of path) {
    name += typeof key === "number" ? `[${key}]` : name === "" ? key : `.${key}`;
  }
  return name;
}

/** The path that `pathName` wrote as `source.fields[2].type`. */
export function parsePathName(name: string): KeyPath {
  return name.split(/[.[]/).map((key) => (key.endsWith("]") ? Number.parseInt(key, 10) : key));
}

/**
 * Parses YAML 1.2 (so JSON too). `file` is only used in messages. What stands at a path of `verbatim`, in which `*`
 * is each item of a list, is a text as it is written: to YAML 0043 is 43, and 6e01 is 60.
 * @throws RivuletError with file and line when the text is no YAML, or no map.
 */
export function readDocument(text: string, file: string, verbatim: readonly KeyPath[] = []): ConfigDocument {
  if (text.includes("\0")) {
    throw new RivuletError(
      "config.syntax",
      `${file}: this is not text in UTF-8: name a config in YAML, saved as UTF-8`,
      { file },
    );
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
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
      `${file}:1: a config is a map of keys such as source, target and model; ${found}`,
      { file, line: 1 },
    );
  }
  for (const node of verbatim.flatMap((path) => nodesAt(document.contents, path))) {
    if (isScalar(node) && typeof node.value === "number") node.value = node.source;
  }
  const data: unknown = document.toJS();

  function offset(path: KeyPath): number {
    let node: unknown = document.contents;
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

  return {
    data,
    file,
    lineOf: (path) => lines.linePos(offset(path)).line,
  };
}

function nodesAt(node: unknown, [key, ...rest]: KeyPath): unknown[] {
  if (key === undefined) return [node];
  if (key === "*") return isSeq(node) ? node.items.flatMap((item) => nodesAt(item, rest)) : [];
  return isMap(node) ? nodesAt(node.get(key, true), rest) : [];
}
