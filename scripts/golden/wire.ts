/** Runs the golden vectors of what goes over the wire: `golden-crc/1` and `golden-cobs/1`. */
import { decodeCobs, encodeCobs, maximumEncodedBytes } from "../../src/samples/decoding/cobs.ts";
import { checksum, createCrc, finishCrc, updateCrc } from "../../src/samples/decoding/crc.ts";

/** One algorithm of a `golden-crc/1` file; numbers as hexadecimal text. */
interface CrcVector {
  name: string;
  width: number;
  poly: string;
  init: string;
  refIn: boolean;
  refOut: boolean;
  xorOut: string;
  check: string;
  values: string[];
}

type WireTrace =
  | { format: "golden-crc/1"; algorithms: CrcVector[]; messages: string[] }
  | { format: "golden-cobs/1"; vectors: [decoded: string, encoded: string][]; invalid: string[] };

/**
 * @param trace a parsed golden file of one of the two formats
 * @returns null when it passed, else a sentence that says what failed
 */
// biome-ignore lint/suspicious/noExplicitAny: a trace is whatever stood in the file
export function runWire(trace: any): string | null {
  const known: WireTrace = trace;
  switch (known.format) {
    case "golden-crc/1":
      return runCrc(known.algorithms, known.messages);
    case "golden-cobs/1":
      return runCobs(known.vectors, known.invalid);
    default:
      return `the format ${trace.format} is neither golden-crc/1 nor golden-cobs/1`;
  }
}

function runCrc(algorithms: CrcVector[], messages: string[]): string | null {
  for (const algorithm of algorithms) {
    const { name, width, refIn, refOut } = algorithm;
    const crc = createCrc({
      width,
      poly: Number.parseInt(algorithm.poly, 16),
      init: Number.parseInt(algorithm.init, 16),
      refIn,
      refOut,
      xorOut: Number.parseInt(algorithm.xorOut, 16),
    });
    const wanted = [algorithm.check, ...algorithm.values];
    const inputs = [Buffer.from("123456789"), ...messages.map((message) => Buffer.from(message, "hex"))];
    for (const [index, bytes] of inputs.entries()) {
      const expected = Number.parseInt(wanted[index], 16);
      const whole = checksum(crc, bytes, 0, bytes.length) >>> 0;
      const middle = bytes.length >> 1;
      const firstHalf = updateCrc(crc, crc.initial, bytes, 0, middle);
      const halves = finishCrc(crc, updateCrc(crc, firstHalf, bytes, middle, bytes.length)) >>> 0;
      if (whole !== expected || halves !== expected) {
        const found = whole === expected ? halves : whole;
        const way = whole === expected ? " fed in two halves" : "";
        return `${name} of ${bytes.length} bytes${way} is ${hex(found)}, expected ${hex(expected)}`;
      }
    }
  }
  return null;
}

function runCobs(vectors: [string, string][], invalid: string[]): string | null {
  for (const [decodedHex, encodedHex] of vectors) {
    const decoded = Buffer.from(decodedHex, "hex");
    const encoded = Buffer.from(encodedHex, "hex");
    const target = Buffer.alloc(maximumEncodedBytes(decoded.length));
    const encodedEnd = encodeCobs(decoded, 0, decoded.length, target, 0);
    if (!target.subarray(0, encodedEnd).equals(encoded)) {
      return `${brief(decodedHex)} was encoded to ${brief(target.toString("hex", 0, encodedEnd))}, expected ${brief(encodedHex)}`;
    }
    const inPlace = Buffer.from(encoded);
    const decodedEnd = decodeCobs(inPlace, 0, inPlace.length, inPlace, 0);
    if (decodedEnd < 0 || !inPlace.subarray(0, decodedEnd).equals(decoded)) {
      return `${brief(encodedHex)} was not decoded to ${brief(decodedHex)}`;
    }
  }
  for (const encodedHex of invalid) {
    const encoded = Buffer.from(encodedHex, "hex");
    const target = Buffer.alloc(encoded.length);
    if (decodeCobs(encoded, 0, encoded.length, target, 0) >= 0) {
      return `the invalid frame ${brief(encodedHex)} was accepted`;
    }
  }
  return null;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

function brief(text: string): string {
  return text.length <= 32 ? `"${text}"` : `"${text.slice(0, 32)}..." (${text.length / 2} bytes)`;
}
