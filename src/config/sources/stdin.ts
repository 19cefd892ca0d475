/** Standard input: a pipe, a file, or a terminal. */
import * as v from "valibot";
import { lineFeed } from "../../samples/decoding/ascii.ts";
import { createStandardInput } from "../../samples/sources/standard-input.ts";
import { accepting, must } from "../schema.ts";
import type { PrepareSource, SourceKind } from "./source-kind.ts";

export const stdin: SourceKind<true> = {
  title: "Standard input: a pipe, or a file",
  schema: accepting("true", v.literal(true, must("true"))),
  sender: "writer",
  example: "stdin: true",
  event: "source",
  isDevice: false,
  canReply: false,
  canWait: true,
  holdsSamples: false,
  startsAtLine: true,
  usesNetwork: false,
  complete: (written) => written,
  place: () => "standard input",
};

export const prepareStdin: PrepareSource<true> = (_, { createDecoder, onState, delimiter }) => {
  const decoder = createDecoder();
  const onUnfinished = () => {
    const { bytes = 0, most = 0 } = decoder.unfinished ?? {};
    // Only lines may lack their end: a frame without one is not whole. What is too long is none.
    if (delimiter !== lineFeed || bytes > most) return false;
    decoder.expectEnd?.();
    return true;
  };
  return { source: createStandardInput({ onState, onUnfinished }), decoder };
};
