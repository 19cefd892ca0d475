/**
 * Replies to a device about the samples that it sent, in the framing of those samples. Frames of replies are described
 * in frames.ts, lines of replies in line-replies.ts.
 */

export const replyKinds = ["prediction", "score", "alarm"] as const;
export type ReplyKind = (typeof replyKinds)[number];

/** Indices into the content of a reply. `class`, `on` and `baseline` matter where the reply has them. */
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
  /** Content of the next reply, indexed by `replyAt`, [6]. An array, so that V8 boxes no number. */
  readonly content: Float64Array;
  /** The latest encoded reply; `encode` returned its length. */
  readonly bytes: Uint8Array;
  /** Bytes that end a partial frame or line: to be sent before the first reply of a connection. */
  readonly opening: Uint8Array;
  /** Encodes `content` to `bytes`; returns the length. Allocates only for numbers of 10^15 and more. */
  encode(kind: ReplyKind): number;
}
