/**
 * Teleplot, the format of a plotter of that name: lines of `>name:value`, one variable each, with an optional time
 * before the value, several `time:value` pairs after semicolons, a unit after `§` and flags after `|`.
 */
import { bar, colon, greaterThan, semicolon } from "../decoding/ascii.ts";
import { BlockFormat, pairLine, passedLine } from "../decoding/blocks.ts";
import { blockFraming } from "./block-framing.ts";

/** First and second byte of `§` in UTF-8. */
const sectionLead = 0xc2;
const section = 0xa7;

class TeleplotLines extends BlockFormat {
  readonly takesTurns = true;

  readLine(bytes: Uint8Array, start: number, end: number): number {
    if (start === end || bytes[start] !== greaterThan) return passedLine;
    let nameEnd = start + 1;
    while (nameEnd < end && bytes[nameEnd] !== colon) nameEnd++;
    if (nameEnd === end || nameEnd === start + 1) return passedLine;
    let valueEnd = nameEnd + 1;
    let valueStart = valueEnd;
    for (; valueEnd < end && bytes[valueEnd] !== bar; valueEnd++) {
      if (bytes[valueEnd] === sectionLead && bytes[valueEnd + 1] === section) break;
      // The latest of several points, without its time.
      if (bytes[valueEnd] === colon || bytes[valueEnd] === semicolon) valueStart = valueEnd + 1;
    }
    this.nameStart = start + 1;
    this.nameEnd = nameEnd;
    this.valueStart = valueStart;
    this.valueEnd = valueEnd;
    return pairLine;
  }
}

/** The framing of the plotter Teleplot. */
export const teleplot = blockFraming(
  "Lines of >name:value, one variable each, as Teleplot reads them",
  () => new TeleplotLines(),
);
