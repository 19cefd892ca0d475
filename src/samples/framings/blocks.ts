/** Blocks of lines with one name and value each, between marks that the config names. */
import { isBlank, tab } from "../decoding/ascii.ts";
import { BlockFormat, beginLine, endLine, pairLine, passedLine } from "../decoding/blocks.ts";
import { blockFraming } from "./block-framing.ts";

/** The marks of blocks, as a config names them. */
export interface BlockMarks {
  /** What the first line of a block begins with; empty: blocks are marked by their ends alone. */
  begin: string;
  /** What the last line of a block begins with; empty: a block ends where the next one begins. */
  end: string;
}

/**
 * Lines of one name and value, such as `Temp: 20.5 C`, `Temp=20.5`, `Temp<tab>20.5` or `Temp 20.5 C`. The name ends at
 * the first colon, equals sign or tab, or where there is none at the first blank. With neither mark a block begins each
 * time the first of the fields comes.
 */
export class MarkedBlocks extends BlockFormat {
  readonly takesTurns: boolean;
  readonly #begin: Uint8Array;
  readonly #end: Uint8Array;

  constructor({ begin, end }: BlockMarks) {
    super();
    this.#begin = new TextEncoder().encode(begin);
    this.#end = new TextEncoder().encode(end);
    this.takesTurns = begin === "" && end === "";
  }

  readLine(bytes: Uint8Array, start: number, end: number): number {
    let first = start;
    while (first < end && isBlank(bytes[first])) first++;
    if (beginsWith(bytes, first, end, this.#end)) return endLine;
    if (beginsWith(bytes, first, end, this.#begin)) return beginLine;
    return readPair(this, bytes, first, end);
  }
}

/** Finds name and value of a line; returns what the line is. */
export function readPair(format: BlockFormat, bytes: Uint8Array, start: number, end: number): number {
  let mark = start;
  while (mark < end && !isMark(bytes[mark])) mark++;
  if (mark === end) {
    mark = start;
    while (mark < end && !isBlank(bytes[mark])) mark++;
  }
  let nameEnd = mark;
  while (nameEnd > start && isBlank(bytes[nameEnd - 1])) nameEnd--;
  if (mark >= end || nameEnd === start) return passedLine;
  format.nameStart = start;
  format.nameEnd = nameEnd;
  format.valueStart = mark + 1;
  format.valueEnd = end;
  return pairLine;
}

const isMark = (byte: number) => byte === 0x3a || byte === 0x3d || byte === tab;

function beginsWith(bytes: Uint8Array, start: number, end: number, mark: Uint8Array): boolean {
  if (mark.length === 0 || end - start < mark.length) return false;
  for (let at = 0; at < mark.length; at++) if (bytes[start + at] !== mark[at]) return false;
  return true;
}

export const blocks = {
  ...blockFraming(
    "Blocks of lines with one name and value each, between marks: { blocks: { end: ---- } }",
    (details) => new MarkedBlocks(details as BlockMarks),
  ),
  details: {
    begin: { title: "What the first line of a block begins with", default: "", text: true },
    end: { title: "What the last line of a block begins with", default: "", text: true },
  },
} as const;
