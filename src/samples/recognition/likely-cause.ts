/** Why nothing is understood of a stream: what its bytes are, beside what is expected of them. */
import { manyBytes } from "../decoding/text-lines.ts";
import type { FramingName } from "../framings/framings.ts";
import { printableShare, type Recognition, recognize } from "./recognize.ts";

/** Fewest lines or delimited stretches that are needed to recognize a stream. */
const fewestLines = 5;
/** Share of printable bytes below which bytes are no text. */
export const textShare = 0.9;
/** The cause where there are too few lines to say another. */
export const tooLittle = "that is too little to recognize";

/** What a decoder expects of a stream. */
export interface Expectation {
  framing: FramingName;
  /** Names of the fields, in order. */
  fields: readonly string[];
  /** The stream begins where a line or a frame begins. */
  startsAtLine: boolean;
  /** Baud rate of the port; null where the bytes do not come from a serial port. */
  baudRate: number | null;
}

/**
 * Returns the likely cause why no sample was understood, as a clause without a full stop; null where the bytes are what
 * is expected, so that samples will come.
 */
export function likelyCause(bytes: Uint8Array, expected: Expectation): string | null {
  const recognition = recognize(bytes, expected.startsAtLine);
  if (recognition.framing === null) return unrecognizedCause(bytes, recognition, expected.baudRate);
  const found = recognition.fields.map(({ name }) => name);
  const { description, framing } = recognition;
  if (framing !== expected.framing) {
    return `these are ${description}, but source.framing is ${expected.framing}; set framing: ${recognition.framingText ?? framing}`;
  }
  const lacking = expected.fields.filter((name) => !found.includes(name));
  const isNamed = !found.every((name) => /^field\d+$/.test(name));
  if (isNamed ? lacking.length > 0 : found.length !== expected.fields.length) {
    const columns = isNamed ? `the fields ${found.join(", ")}` : `${found.length} columns`;
    return `these are ${description} with ${columns}, but source.fields names ${expected.fields.join(", ")}`;
  }
  return null;
}

/** Returns why bytes were not recognized at all, and what to do. */
export function unrecognizedCause(
  bytes: Uint8Array,
  recognition: Recognition,
  baudRate: number | null,
): string {
  const almost = recognition.framing === null ? recognition.almost : null;
  if (almost !== null) return almost;
  const share = printableShare(bytes);
  const known = share < textShare ? knownProtocol(bytes) : null;
  if (known !== null)
    return `these are ${known}, which Rivulet does not read; convert them to lines of numbers`;
  const printable = `${Math.round(100 * share)} % of the bytes are printable`;
  if (share > textShare && bytes.filter((byte) => byte === 0x0a || byte === 0x0d).length < fewestLines) {
    return bytes.length < manyBytes
      ? tooLittle
      : "hardly any line ends in them; let the device end each line";
  }
  if (baudRate !== null && share < textShare) {
    return `${printable}, as at a wrong baud rate; check that the device sends at ${baudRate} baud, "rivulet sniff" tries others`;
  }
  return share > textShare
    ? "let the device print one line of numbers a sample"
    : `${printable}, so it is neither text nor known frames; let the device print one line of numbers a sample, or send frames as devices/firmware/rivulet.h does`;
}

/** Protocols of bytes by what their messages begin with, in hexadecimal. */
const protocols = [
  ["telegrams of a smart meter in SML", /1b1b1b1b01010101/],
  ["UBX messages of a u-blox receiver", /b562(?:01|02|05|06|0a|0d|10|13|21|27)/],
  ["frames of M-Bus", /68(..)\1(?:68)/],
] as const;
/** Times that a beginning must come to tell a protocol. */
const fewestMessages = 3;

/** The protocol whose messages begin often in the bytes; null where none does. */
function knownProtocol(bytes: Uint8Array): string | null {
  const text = Buffer.from(bytes.subarray(0, 1 << 16)).toString("hex");
  const found = protocols.find(
    ([, mark]) => [...text.matchAll(new RegExp(mark, "g"))].length >= fewestMessages,
  );
  return found?.[0] ?? null;
}
