import { lineFeed } from "../decoding/ascii.ts";
import { createLineReplies } from "../decoding/line-replies.ts";
import { createLineDecoder, longestLineBytes } from "../decoding/lines.ts";
import type { Framing } from "./framing.ts";

/** Keys in the config of lines. */
export interface LineSettings {
  decimal: "auto" | "point" | "comma";
}

/**
 * Longest line in bytes from a pipe or a file: programs write texts beside their values that no port carries. One that is
 * refused still takes its time, some 0.3 s on a slow board, in which nothing else is read.
 */
const longestOfProgram = 1 << 18;

export const lines: Framing<LineSettings> = {
  title: "Lines of text: CSV, JSON, name:value pairs and more",
  settings: {
    decimal: {
      title: "Mark before decimals; auto takes a comma where none separates values",
      default: "auto",
      choices: ["auto", "point", "comma"],
    },
  },
  unit: "lines",
  isBinary: false,
  delimiter: lineFeed,
  createDecoder: (fields, ring, { decimal, ...options }) =>
    createLineDecoder(fields, ring, {
      ...options,
      decimal: decimal === "auto" ? null : decimal,
      ...(options.startsAtLine && {
        maximumLineBytes: Math.max(longestOfProgram, longestLineBytes(fields.length)),
      }),
    }),
  createReplyEncoder: ({ ofClasses, classNames }) => createLineReplies(ofClasses, classNames),
};
