/** Times as loggers write them before the data of a line. */
import { blank, colon, comma, isDigit, letterZ, minus, plus, point, skipBlanks, slash } from "./ascii.ts";

/** Whether the byte may be of a date in numbers. */
export const isDateByte = (byte: number) =>
  isDigit(byte) || byte === minus || byte === slash || byte === point;

/** Returns the index after a time of day, with its decimals; `start` where there is none. */
export function timeEnd(bytes: Uint8Array, start: number, end: number): number {
  const hours = partEnd(bytes, start, end, isDigit);
  if (hours === start || hours - start > 2 || !areMinutes(bytes, hours, end)) return start;
  let at = hours + 3;
  if (areMinutes(bytes, at, end)) at += 3;
  const decimals = partEnd(bytes, at + 1, end, isDigit);
  if (bytes[at] === point) return decimals;
  // Another comma than that before milliseconds separates cells: 12:00:00,warning or 12:00:00,20.5.
  return bytes[at] === comma && decimals === at + 4 && bytes[decimals] === blank ? decimals : at;
}

/** Whether a colon and two digits stand at `start`. */
function areMinutes(bytes: Uint8Array, start: number, end: number): boolean {
  return (
    start + 3 <= end && bytes[start] === colon && partEnd(bytes, start + 1, start + 3, isDigit) === start + 3
  );
}

/** Returns the index after the zone of a time, `Z`, `+02:00` or ` +0200`; `start` where there is none. */
export function zoneEnd(bytes: Uint8Array, start: number, end: number): number {
  if (bytes[start] === letterZ) return start + 1;
  const sign = skipBlanks(bytes, start, end);
  if (bytes[sign] !== plus && bytes[sign] !== minus) return start;
  const hours = partEnd(bytes, sign + 1, end, isDigit);
  if (hours - sign === 3 && areMinutes(bytes, hours, end)) return hours + 3;
  return hours - sign === 5 ? hours : start;
}

/** Returns the index of the first byte from `start` on that is no part, or `end`. */
export function partEnd(
  bytes: Uint8Array,
  start: number,
  end: number,
  isPart: (byte: number) => boolean,
): number {
  let at = start;
  while (at < end && isPart(bytes[at])) at++;
  return at;
}
