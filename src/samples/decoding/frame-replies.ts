/** Replies as frames, which frames.ts describes. */
import { cobs } from "./cobs.ts";
import { createFrameCrc, type FrameOptions, headerBytes, sealFrame } from "./frames.ts";
import { type ReplyEncoder, type ReplyKind, replyAt } from "./replies.ts";

/** Types of the frames. */
const frameTypes: Record<ReplyKind, number> = { prediction: 2, score: 3, alarm: 4 };

/** Bytes of each reply between header and checksum. */
const bodyBytes = 8;

/** Creates an encoder of replies as frames. @throws RivuletError when the checksum has not 16 or 32 bits */
export function createFrameReplies({ crc: crcBits = 16, stuffing = cobs }: FrameOptions = {}): ReplyEncoder {
  const crc = createFrameCrc(crcBits);
  const frame = new Uint8Array(headerBytes + bodyBytes + crcBits / 8);
  const view = new DataView(frame.buffer);
  const content = new Float64Array(6);
  const bytes = new Uint8Array(stuffing.maximumEncodedBytes(frame.length) + 1);
  return {
    content,
    bytes,
    opening: Uint8Array.of(stuffing.delimiter),
    encode(kind) {
      frame[0] = frameTypes[kind];
      view.setUint16(2, content[replyAt.sequence], true);
      view.setUint32(4, content[replyAt.milliseconds], true);
      if (kind === "score") {
        view.setFloat32(headerBytes, content[replyAt.value], true);
        view.setFloat32(headerBytes + 4, content[replyAt.baseline], true);
      } else {
        view.setUint16(headerBytes, content[replyAt.class], true);
        view.setUint16(headerBytes + 2, kind === "alarm" ? content[replyAt.on] : 0, true);
        view.setFloat32(headerBytes + 4, content[replyAt.value], true);
      }
      return sealFrame(crc, stuffing, frame, view, bytes, 0);
    },
  };
}
