/**
 * Telegrams of the P1 port of smart meters (DSMR 5.0.2, P1 Companion Standard; EN 62056-21 mode D). A telegram begins
 * with `/` and ends with `!` and four hexadecimal digits: CRC-16/ARC over all bytes from `/` to `!`. Meters before
 * DSMR 4 send no digits. A line is `1-0:1.8.1(000123.456*kWh)`; its name is what stands before the bracket, its value
 * what stands in the last one, up to `*`.
 */
import { carriageReturn, closeParenthesis, lineFeed, openParenthesis, slash } from "../decoding/ascii.ts";
import { BlockFormat, beginLine, damagedLine, endLine, pairLine, passedLine } from "../decoding/blocks.ts";
import { crcByName, createCrc, finishCrc, updateCrc } from "../decoding/crc.ts";
import { blockFraming } from "./block-framing.ts";

const exclamation = 0x21;

const crc = createCrc(crcByName["crc16-arc"]);
const lineEnd = Uint8Array.of(lineFeed);

export class Telegrams extends BlockFormat {
  readonly takesTurns = false;
  #register = crc.initial;

  readLine(bytes: Uint8Array, start: number, end: number): number {
    if (bytes[start] === exclamation && start < end) return this.#end(bytes, start, end);
    const isBegin = start < end && bytes[start] === slash;
    if (isBegin) this.#register = crc.initial;
    this.#register = updateCrc(crc, this.#register, bytes, start, end);
    this.#register = updateCrc(crc, this.#register, lineEnd, 0, 1);
    if (isBegin) return beginLine;
    let nameEnd = start;
    while (nameEnd < end && bytes[nameEnd] !== openParenthesis) nameEnd++;
    let last = end;
    if (last > start && bytes[last - 1] === carriageReturn) last--;
    if (nameEnd >= last || bytes[last - 1] !== closeParenthesis) return passedLine;
    let valueStart = last - 1;
    while (bytes[valueStart - 1] !== openParenthesis) valueStart--;
    this.nameStart = start;
    this.nameEnd = nameEnd;
    this.valueStart = valueStart;
    this.valueEnd = last - 1;
    return pairLine;
  }

  #end(bytes: Uint8Array, start: number, end: number): number {
    const sum = finishCrc(crc, updateCrc(crc, this.#register, bytes, start, start + 1));
    let last = end;
    while (last > start + 1 && bytes[last - 1] <= 0x20) last--;
    if (last === start + 1) return endLine;
    if (last !== start + 5) return damagedLine;
    for (let digit = 0; digit < 4; digit++) {
      const expected = (sum >>> (12 - 4 * digit)) & 15;
      const byte = bytes[start + 1 + digit];
      const found = byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57;
      if (found !== expected) return damagedLine;
    }
    return endLine;
  }
}

/** The framing of smart meters by DSMR. */
export const p1 = blockFraming(
  "Telegrams of a smart meter's P1 port, checked by CRC-16",
  () => new Telegrams(),
);
