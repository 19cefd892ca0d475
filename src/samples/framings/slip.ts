/**
 * SLIP, the framing of many serial libraries (J. Romkey, "A Nonstandard for Transmission of IP Datagrams over Serial
 * Lines: SLIP", RFC 1055, 1988). END closes a frame; END and ESC inside it are sent as two bytes each. The RFC passes
 * on the byte after a wrong escape; here the frame counts as damaged, which its checksum would show too.
 */
import type { Stuffing } from "../decoding/stuffing.ts";
import { packedFraming } from "./packed.ts";

const endByte = 0xc0;
const escapeByte = 0xdb;
const escapedEnd = 0xdc;
const escapedEscape = 0xdd;

/** SLIP as a stuffing of frames. A frame of random bytes grows by 0.8 %, at worst to twice its length. */
export const slipStuffing: Stuffing = {
  name: "SLIP",
  delimiter: endByte,
  hasFixedLength: false,
  maximumEncodedBytes: (length) => 2 * length,
  encode: encodeSlip,
  decode: decodeSlip,
  plainBytes: (length, decoded) => (decoded < 0 ? length : decoded),
};

export const slip = packedFraming("Packed frames with a checksum, stuffed by SLIP (RFC 1055)", slipStuffing);

function encodeSlip(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number {
  let write = at;
  for (let read = start; read < end; read++) {
    const byte = source[read];
    if (byte === endByte || byte === escapeByte) {
      target[write++] = escapeByte;
      target[write++] = byte === endByte ? escapedEnd : escapedEscape;
    } else {
      target[write++] = byte;
    }
  }
  return write;
}

function decodeSlip(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number {
  if (start >= end) return -1;
  let write = at;
  for (let read = start; read < end; read++) {
    let byte = source[read];
    if (byte === endByte) return -1;
    if (byte === escapeByte) {
      read++;
      const escaped = read < end ? source[read] : endByte;
      if (escaped === escapedEnd) byte = endByte;
      else if (escaped === escapedEscape) byte = escapeByte;
      else return -1;
    }
    target[write++] = byte;
  }
  return write;
}
