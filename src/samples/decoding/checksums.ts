/** Checksums of frames of other makers, by name: sums, exclusive or, and the CRCs of the catalogue. */
import { crcByName, createCrc, finishCrc, updateCrc } from "./crc.ts";

/** A checksum as a frame holds it. */
export interface Checksum {
  /** Bytes that it takes. */
  readonly bytes: number;
  /** Whether the checksum of `bytes[from..at)` is at `at`. */
  matches(bytes: Uint8Array, from: number, at: number): boolean;
}

/** Bytes of each. `sum8-negated` is the byte that makes the sum of all 0: 256 less their sum. */
const sums = { none: 0, sum8: 1, "sum8-negated": 1, xor8: 1, sum16be: 2, sum16le: 2 } as const;

/** Every name: a CRC stands with its usual order of bytes, or as `-le` or `-be` at the end says. */
export const checksumNames: readonly string[] = [
  ...Object.keys(sums),
  ...Object.entries(crcByName).flatMap(([name, { width, refIn }]) =>
    width === 8 ? [name] : [name, `${name}-${refIn ? "be" : "le"}`],
  ),
];

/** Creates a checksum. @param name one of `checksumNames` */
export function createChecksum(name: string): Checksum {
  if (name in sums) return createSum(name as keyof typeof sums);
  const [, plain, order] = /^(.*?)(?:-(le|be))?$/.exec(name) as RegExpExecArray;
  const parameters = crcByName[plain as keyof typeof crcByName];
  const crc = createCrc(parameters);
  const bytes = parameters.width / 8;
  // A reflected register leaves the wire with its lowest byte first.
  const isLittle = order === undefined ? parameters.refIn : order === "le";
  return {
    bytes,
    matches: (data, from, at) =>
      standsAt(data, at, bytes, isLittle, finishCrc(crc, updateCrc(crc, crc.initial, data, from, at))),
  };
}

function createSum(name: keyof typeof sums): Checksum {
  const bytes = sums[name];
  const isXor = name === "xor8";
  return {
    bytes,
    matches(data, from, at) {
      let sum = 0;
      for (let read = from; read < at; read++) sum = isXor ? sum ^ data[read] : (sum + data[read]) & 0xffff;
      return standsAt(data, at, bytes, name === "sum16le", name === "sum8-negated" ? -sum : sum);
    },
  };
}

function standsAt(data: Uint8Array, at: number, bytes: number, isLittle: boolean, value: number): boolean {
  for (let byte = 0; byte < bytes; byte++) {
    const shift = 8 * (isLittle ? byte : bytes - 1 - byte);
    if (data[at + byte] !== ((value >>> shift) & 0xff)) return false;
  }
  return true;
}
