import { lineFeed } from "../decoding/ascii.ts";
import { createLineReplies } from "../decoding/line-replies.ts";
import { createLineDecoder } from "../decoding/lines.ts";
import type { Framing } from "./framing.ts";

export const lines: Framing = {
  title: "Lines of decimal numbers: CSV, JSON, or name:value pairs",
  settings: {},
  unit: "lines",
  isBinary: false,
  delimiter: lineFeed,
  createDecoder: (fields, ring, options) => createLineDecoder(fields, ring, options),
  createReplyEncoder: ({ ofClasses }) => createLineReplies(ofClasses),
};
