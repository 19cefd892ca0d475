/**
 * Consistent overhead byte stuffing: bytes without zeros, so that a zero can end a frame (S. Cheshire and M. Baker,
 * "Consistent Overhead Byte Stuffing", IEEE/ACM Transactions on Networking 7(2), 1999). Both directions work on
 * ranges of buffers that the caller owns and allocate nothing. The caller writes the closing zero.
 */
import type { Stuffing } from "./stuffing.ts";

const longestBlock = 0xff;

/** COBS as a stuffing of frames, which a zero ends. */
export const cobs: Stuffing = {
  name: "COBS",
  delimiter: 0,
  hasFixedLength: true,
  maximumEncodedBytes,
  encode: encodeCobs,
  decode: decodeCobs,
  // Every block of up to 255 bytes carries one byte of overhead.
  plainBytes: (length) => length - Math.ceil(length / longestBlock),
};

/** Most bytes that `length` bytes can take once encoded, without the closing zero. */
export function maximumEncodedBytes(length: number): number {
  return length + Math.max(1, Math.ceil(length / (longestBlock - 1)));
}

/**
 * Encodes `source[start..end)` to `target` from `at` on, which must have room for `maximumEncodedBytes`.
 * The ranges must not overlap.
 *
 * @returns the index after the last byte written
 */
export function encodeCobs(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
): number {
  let codeAt = at;
  let write = at + 1;
  let code = 1;
  for (let read = start; read < end; read++) {
    const byte = source[read];
    if (byte !== 0) {
      target[write++] = byte;
      code++;
      // A block that is full needs no successor when nothing follows it.
      if (code < longestBlock || read + 1 === end) continue;
    }
    target[codeAt] = code;
    codeAt = write++;
    code = 1;
  }
  target[codeAt] = code;
  return write;
}

/**
 * Decodes `source[start..end)` to `target` from `at` on; `source` and `target` may be one buffer when `at <= start`.
 * Never writes more than `end - start - 1` bytes.
 *
 * @returns the index after the last byte written, or -1 when this is no COBS: nothing at all, a zero inside, or
 *   a block that reaches beyond the end
 */
export function decodeCobs(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
): number {
  if (start >= end) return -1;
  let read = start;
  let write = at;
  for (;;) {
    const code = source[read++];
    const blockEnd = read + code - 1;
    if (code === 0 || blockEnd > end) return -1;
    while (read < blockEnd) {
      const byte = source[read++];
      if (byte === 0) return -1;
      target[write++] = byte;
    }
    if (read === end) return write;
    if (code !== longestBlock) target[write++] = 0;
  }
}
