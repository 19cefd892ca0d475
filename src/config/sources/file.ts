/** A recording or a CSV file, read from its beginning to its end. */
import { dirname, resolve } from "node:path";
import { FileDecoder } from "../../recording/file-decoder.ts";
import { createFileSource } from "../../samples/sources/file-source.ts";
import { safe } from "../../wording/safe.ts";
import { text } from "../schema.ts";
import type { PrepareSource, SourceKind } from "./source-kind.ts";

export const file: SourceKind<string> = {
  title:
    "A recording, a file of text, or of bytes as a device sends them where framing is named; gzipped or not",
  schema: text("the path of a recording or of a file of text"),
  sender: "device",
  example: "file: pump.rec",
  event: "source",
  isDevice: false,
  canReply: false,
  canWait: true,
  holdsSamples: true,
  startsAtLine: true,
  usesNetwork: false,
  complete: (written, config) => resolve(dirname(config), written),
  place: (path) => path,
};

export const prepareFile: PrepareSource<string> = (path, options) => {
  const { fields, ring, columns, decimal, onState, isFramed, createDecoder } = options;
  if (isFramed) {
    const prepare = async () => ({ isText: false });
    return { source: createFileSource({ path, prepare, onState }), decoder: createDecoder() };
  }
  const decoder = new FileDecoder(path, fields, ring, { columns, decimal });
  const source = createFileSource({
    path,
    prepare: () => decoder.prepare(),
    onUnfinished: () => decoder.expectEnd(),
    onEnd: () => decoder.finish(),
    onState: (next, sentence) => {
      const { doubts, tornBytes } = decoder;
      const torn = next === "ended" && tornBytes > 0 ? [`its last ${tornBytes} bytes are torn`] : [];
      onState(next, [sentence, ...(next === "open" ? doubts.map(safe) : torn)].join("; "));
    },
  });
  return { source, decoder };
};
