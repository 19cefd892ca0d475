/**
 * Replies: what is sent back to a device about the samples that it sent, in the framing that these came in. Frames are
 * described in frames.ts. A line is one of
 *
 *     prediction,CLASS,PROBABILITY,SEQUENCE      prediction,NUMBER,SEQUENCE      where a number is predicted
 *     score,ACCURACY,BASELINE,SEQUENCE           score,ERROR,BASELINE,SEQUENCE   likewise
 *     alarm,ON,CLASS,PROBABILITY,SEQUENCE        alarm,ON,DEVIATIONS,SEQUENCE   likewise, of an anomaly
 *
 * ended by `\n`, with shares to four decimals and other numbers to seven digits. As lines carry no sequence number, it
 * is the count of the good ones before the one that is answered.
 */
import { COMMA, NEWLINE } from "./ascii.ts";
import { maximumEncodedBytes } from "./cobs.ts";
import { writeDecimal } from "./decimal.ts";
import { createFrameCrc, HEADER_BYTES, sealFrame } from "./frames.ts";

export const replyKinds = ["prediction", "score", "alarm"] as const;
export type ReplyKind = (typeof replyKinds)[number];

/** Types of the frames. */
const frameTypes: Record<ReplyKind, number> = { prediction: 2, score: 3, alarm: 4 };

/** Places in what a reply says. `class`, `on` and `baseline` matter where the reply has them. */
export const replyAt = {
  sequence: 0,
  milliseconds: 1,
  class: 2,
  on: 3,
  /** The probability, the predicted number, the score, or an anomaly's standard deviations. */
  value: 4,
  baseline: 5,
} as const;

export interface ReplyEncoder {
  /** [6] What the next reply says, by `replyAt`. An array, so that V8 boxes none of it. */
  readonly content: Float64Array;
  /** The latest reply as it goes on the wire, as long as `encode` has said. */
  readonly bytes: Uint8Array;
  /** What ends anything left half sent: to be sent before the first reply of a connection. */
  readonly opening: Uint8Array;
  /** Writes the reply that `content` says to `bytes`; gives its length. Allocates nothing but for numbers of 10^15 on. */
  encode(kind: ReplyKind): number;
}

export interface ReplyOptions {
  framing: "frames" | "lines";
  /** Bits of a frame's checksum. */
  crc: 16 | 32;
  /** Whether a class is predicted, or a number. */
  ofClasses: boolean;
}

export function createReplyEncoder({ framing, crc, ofClasses }: ReplyOptions): ReplyEncoder {
  return framing === "frames" ? frameReplies(crc) : lineReplies(ofClasses);
}

/** Bytes of each reply between header and checksum. */
const BODY_BYTES = 8;

function frameReplies(crcBits: 16 | 32): ReplyEncoder {
  const crc = createFrameCrc(crcBits);
  const frame = new Uint8Array(HEADER_BYTES + BODY_BYTES + crcBits / 8);
  const view = new DataView(frame.buffer);
  const content = new Float64Array(6);
  const bytes = new Uint8Array(maximumEncodedBytes(frame.length) + 1);
  return {
    content,
    bytes,
    opening: Uint8Array.of(0),
    encode(kind) {
      frame[0] = frameTypes[kind];
      view.setUint16(2, content[replyAt.sequence], true);
      view.setUint32(4, content[replyAt.milliseconds], true);
      if (kind === "score") {
        view.setFloat32(HEADER_BYTES, content[replyAt.value], true);
        view.setFloat32(HEADER_BYTES + 4, content[replyAt.baseline], true);
      } else {
        view.setUint16(HEADER_BYTES, content[replyAt.class], true);
        view.setUint16(HEADER_BYTES + 2, kind === "alarm" ? content[replyAt.on] : 0, true);
        view.setFloat32(HEADER_BYTES + 4, content[replyAt.value], true);
      }
      return sealFrame(crc, frame, view, bytes, 0);
    },
  };
}

/** The longest word and four numbers of at most 24 bytes, with what stands between them. */
const LONGEST_LINE_BYTES = 128;

/** How a reply begins in a line. */
const words: Record<ReplyKind, Uint8Array> = {
  prediction: new TextEncoder().encode("prediction,"),
  score: new TextEncoder().encode("score,"),
  alarm: new TextEncoder().encode("alarm,"),
};

function lineReplies(ofClasses: boolean): ReplyEncoder {
  const content = new Float64Array(6);
  const bytes = new Uint8Array(LONGEST_LINE_BYTES);
  let end = 0;

  function add(at: number, digits: number, places: number): void {
    end = writeDecimal(content, at, digits, places, bytes, end);
    bytes[end++] = COMMA;
  }
  const addWhole = (at: number) => add(at, 15, 0);
  const addValue = (at: number) => (ofClasses ? add(at, 4, 4) : add(at, 7, 12));

  return {
    content,
    bytes,
    opening: Uint8Array.of(NEWLINE),
    encode(kind) {
      bytes.set(words[kind]);
      end = words[kind].length;
      if (kind === "alarm") addWhole(replyAt.on);
      if (kind !== "score" && ofClasses) addWhole(replyAt.class);
      addValue(replyAt.value);
      if (kind === "score") addValue(replyAt.baseline);
      addWhole(replyAt.sequence);
      bytes[end - 1] = NEWLINE;
      return end;
    },
  };
}

/** Whether a line begins as a reply does. */
export function isReply(line: Uint8Array, start: number, end: number): boolean {
  for (let kind = 0; kind < replyKinds.length; kind++) {
    const word = words[replyKinds[kind]];
    if (end - start < word.length) continue;
    let length = 0;
    while (length < word.length && line[start + length] === word[length]) length++;
    if (length === word.length) return true;
  }
  return false;
}
