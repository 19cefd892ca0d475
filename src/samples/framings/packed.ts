/** Framings with packed frames, as decoding/frames.ts describes them; they differ only in their stuffing. */
import { createFrameReplies } from "../decoding/frame-replies.ts";
import { createFrameDecoder } from "../decoding/frames.ts";
import type { Stuffing } from "../decoding/stuffing.ts";
import type { Framing } from "./framing.ts";

/** Keys in the config of framings with packed frames. */
export interface PackedSettings {
  crc: 16 | 32;
}

/** Creates a framing of packed frames with the given stuffing. */
export function packedFraming(title: string, stuffing: Stuffing): Framing<PackedSettings> {
  return {
    title,
    settings: {
      crc: { title: "Checksum of a frame", default: 16, choices: [16, 32], unit: "bits" },
    },
    unit: "frames",
    isBinary: true,
    hasClock: true,
    delimiter: stuffing.delimiter,
    createDecoder: (fields, ring, { crc, passNonFinite, onRefused }) =>
      createFrameDecoder(fields, ring, { crc, passNonFinite, onRefused, stuffing }),
    createReplyEncoder: ({ crc }) => createFrameReplies({ crc, stuffing }),
  };
}
