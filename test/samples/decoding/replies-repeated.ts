import { createFrameReplies } from "../../../src/samples/decoding/frame-replies.ts";
import { createLineReplies } from "../../../src/samples/decoding/line-replies.ts";
import { replyAt, replyKinds } from "../../../src/samples/decoding/replies.ts";

const encoders = [createFrameReplies({ crc: 32 }), createLineReplies(true), createLineReplies(false)];

/** A million replies, of every kind in every framing. */
export default function repeat(): void {
  let bytes = 0;
  for (let turn = 0; turn < 111_112; turn++) {
    for (let at = 0; at < encoders.length; at++) {
      const { content } = encoders[at];
      content[replyAt.sequence] = 3_000_000_000 + turn;
      content[replyAt.milliseconds] = 4_000_000_000 + turn;
      content[replyAt.class] = turn % 2048;
      content[replyAt.on] = turn & 1;
      content[replyAt.value] = turn / 111_112;
      content[replyAt.baseline] = -turn / 7;
      for (let kind = 0; kind < replyKinds.length; kind++) bytes += encoders[at].encode(replyKinds[kind]);
    }
  }
  if (bytes < 9 * 111_112 * 16) throw new Error("not every reply was encoded");
}
