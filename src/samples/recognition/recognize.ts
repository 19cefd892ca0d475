/** Recognizes what a stream of bytes is: samples in one of the framings, or unknown. */
import type { RecognizedStream } from "./recognized-stream.ts";
import { recognizers } from "./recognizers.ts";

/** Bytes that were not recognized. `almost`: a sentence about what they resemble, or null. */
export interface UnknownStream {
  framing: null;
  almost: string | null;
}

export type Recognition = RecognizedStream | UnknownStream;

/**
 * Recognizes the framing of a stream, its fields and its faults.
 *
 * @param startsAtLine the bytes begin where a line begins, as those of a file do and those of a port do not
 */
export function recognize(bytes: Uint8Array, startsAtLine = false): Recognition {
  let almost: string | null = null;
  for (const recognizer of Object.values(recognizers)) {
    const found = recognizer(bytes, startsAtLine);
    if (found !== null && typeof found !== "string") return found;
    almost = found ?? almost;
  }
  return { framing: null, almost };
}

/**
 * Returns how well bytes were understood, from 0 to 1; from 0.5 on they were recognized. A port that is read at a wrong
 * baud rate returns bytes that are neither frames nor text, so the best rate is the one with the highest score.
 */
export function scoreOf(recognition: Recognition, bytes: Uint8Array): number {
  if (recognition.framing !== null) return 0.5 + 0.5 * recognition.understood;
  return (recognition.almost === null ? 0.25 : 0.5) * printableShare(bytes);
}

/** Returns the share of the bytes that are printable ASCII, a tab or a line end, 0 to 1. */
export function printableShare(bytes: Uint8Array): number {
  let printable = 0;
  for (const byte of bytes) {
    if ((byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d) printable++;
  }
  return bytes.length === 0 ? 0 : printable / bytes.length;
}
