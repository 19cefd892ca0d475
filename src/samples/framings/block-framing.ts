/** Framings with samples in several lines, as decoding/blocks.ts describes them; they differ only in their lines. */
import { lineFeed } from "../decoding/ascii.ts";
import { type BlockFormat, createBlockDecoder } from "../decoding/blocks.ts";
import type { Field } from "../decoding/fields.ts";
import { createLineReplies } from "../decoding/line-replies.ts";
import type { Framing } from "./framing.ts";

/** Creates a framing whose lines the format reads that `create` returns. */
export function blockFraming(
  title: string,
  create: (details: unknown, fields: readonly Field[]) => BlockFormat,
): Framing {
  return {
    title,
    settings: {},
    unit: "blocks",
    isBinary: false,
    delimiter: lineFeed,
    createDecoder: (fields, ring, options) =>
      createBlockDecoder(fields, ring, create(options.details, fields), options),
    createReplyEncoder: ({ ofClasses, classNames }) => createLineReplies(ofClasses, classNames),
  };
}
