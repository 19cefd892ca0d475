/**
 * Byte stuffing: encodes any bytes without using one byte value, the delimiter, so that it can end a frame. Both
 * directions work on ranges of the caller's buffers and allocate nothing. The caller writes the delimiter.
 */
export interface Stuffing {
  /** Name for the user: `COBS`, `SLIP`. */
  readonly name: string;
  /** The byte that ends a frame and is never in one. */
  readonly delimiter: number;
  /** Every frame of one length takes as many bytes once encoded, the most, whatever it holds. */
  readonly hasFixedLength: boolean;
  /** Most bytes that `length` bytes can take once encoded, without the delimiter. */
  maximumEncodedBytes(length: number): number;
  /**
   * Encodes `source[start..end)` to `target` from `at` on, which must have room for `maximumEncodedBytes`. The ranges
   * must not overlap.
   *
   * @returns the index after the last byte written
   */
  encode(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number;
  /**
   * Decodes `source[start..end)` to `target` from `at` on. Never writes more than `end - start` bytes.
   *
   * @returns the index after the last byte written, or -1 when the bytes are damaged
   */
  decode(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number;
  /**
   * Estimates the bytes before stuffing of a stretch of `length` bytes. `decoded`: the bytes that were decoded, or -1
   * where the stretch was damaged or too long to be kept.
   */
  plainBytes(length: number, decoded: number): number;
}
