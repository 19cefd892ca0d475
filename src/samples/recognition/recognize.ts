/** Finds out what a stream of bytes is: frames, lines, or nothing that is known here. Pure functions on bytes. */
import { type FrameStream, recognizeFrames } from "./frame-stream.ts";
import { type LineStream, recognizeLines } from "./line-stream.ts";

/** Bytes that were not recognised; `almost` says what they nearly are, where that can be said. */
export interface UnknownStream {
  framing: null;
  almost: string | null;
}

export type Recognition = FrameStream | LineStream | UnknownStream;

/** @param startsAtLine the bytes begin where a line begins, as those of a file do and those of a port do not */
export function recognize(bytes: Uint8Array, startsAtLine = false): Recognition {
  const frames = recognizeFrames(bytes);
  if (frames !== null && typeof frames !== "string") return frames;
  const lines = recognizeLines(bytes, startsAtLine);
  if (lines !== null && typeof lines !== "string") return lines;
  return { framing: null, almost: lines ?? frames };
}

/**
 * How well bytes were understood, from 0 to 1: from 0.5 on they were recognised. A port that is read at a wrong baud
 * rate gives bytes that are neither frames nor print, so the best rate is the one with the highest score.
 */
export function scoreOf(recognition: Recognition, bytes: Uint8Array): number {
  if (recognition.framing !== null) return 0.5 + 0.5 * recognition.understood;
  return (recognition.almost === null ? 0.25 : 0.5) * printableShare(bytes);
}

/** Part of the bytes that are printable ASCII or end a line. */
export function printableShare(bytes: Uint8Array): number {
  let printable = 0;
  for (const byte of bytes) {
    if ((byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d) printable++;
  }
  return bytes.length === 0 ? 0 : printable / bytes.length;
}
