/**
 * Replies: what is sent back to a device about the samples that it sent, in the framing in which these came. Frames of
 * replies are described in frames.ts, lines of replies in line-replies.ts.
 */

export const replyKinds = ["prediction", "score", "alarm"] as const;
export type ReplyKind = (typeof replyKinds)[number];

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
  /** Ends anything that was sent in part: to be sent before the first reply of a connection. */
  readonly opening: Uint8Array;
  /** Writes the reply that `content` says to `bytes`; returns its length. Allocates nothing but for numbers of 10^15 on. */
  encode(kind: ReplyKind): number;
}
