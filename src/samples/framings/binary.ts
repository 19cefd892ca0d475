/** Binary frames of other makers, described in the config. */
import { type BinaryLayout, createBinaryDecoder, lengthTypes } from "../decoding/binary-frames.ts";
import { checksumNames } from "../decoding/checksums.ts";
import { createFrameReplies } from "../decoding/frame-replies.ts";
import type { Framing } from "./framing.ts";

const bytes = { bytes: true, most: 255 } as const;

export const binary = {
  title:
    "Binary frames of other makers: { binary: { start: [0x42, 0x4d], length: u16be, checksum: sum16be } }",
  settings: {},
  unit: "frames",
  isBinary: true,
  /** There is none: what stands between two datagrams is passed over. */
  delimiter: 0,
  createDecoder: (fields, ring, options) =>
    createBinaryDecoder(fields, ring, options.details as unknown as BinaryLayout, options),
  createReplyEncoder: () => createFrameReplies({}),
  details: {
    start: { title: "Bytes that every frame begins with", default: [], ...bytes },
    length: {
      title: "The number that says how many bytes follow it",
      default: "none",
      choices: [...lengthTypes],
    },
    lengthAt: {
      title: "Index of that number in a frame; 0: directly after start",
      ...{ default: 0, minimum: 0, maximum: 255, whole: true },
    },
    lengthExtra: {
      title: "Bytes after that number that it does not count",
      ...{ default: 0, minimum: -255, maximum: 255, whole: true },
    },
    bytes: {
      title: "Bytes of a frame without a length; 0: as many as its parts take",
      ...{ default: 0, minimum: 0, maximum: 4096, whole: true },
    },
    at: {
      title: "Index of the first byte of each field; without it they follow each other",
      ...{ default: [], bytes: true, most: 4095 },
    },
    order: {
      title: "Which byte of a number comes first; auto: as length or checksum has it, else little",
      ...{ default: "auto", choices: ["auto", "little", "big"] },
    },
    checksum: { title: "Checksum at the end of a frame", default: "none", choices: checksumNames },
    checksumFrom: {
      title: "Index of the first byte that the checksum covers",
      ...{ default: 0, minimum: 0, maximum: 255, whole: true },
    },
    end: { title: "Bytes that every frame ends with, after the checksum", default: [], ...bytes },
  },
} as const satisfies Framing;
