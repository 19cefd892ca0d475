import { lineFeed } from "../decoding/ascii.ts";
import { createLineReplies } from "../decoding/line-replies.ts";
import { createVeDirectDecoder } from "../decoding/ve-direct.ts";
import type { Framing } from "./framing.ts";

export const veDirect: Framing = {
  title: "Text blocks of VE.Direct, as solar chargers and battery monitors send them, with their checksum",
  settings: {},
  unit: "blocks",
  isBinary: false,
  delimiter: lineFeed,
  createDecoder: createVeDirectDecoder,
  createReplyEncoder: ({ ofClasses, classNames }) => createLineReplies(ofClasses, classNames),
};
