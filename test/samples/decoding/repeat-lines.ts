import { createLineDecoder } from "../../../src/samples/decoding/lines.ts";
import { SampleRing } from "../../../src/samples/ring.ts";
import { allFields, feedInChunks } from "../streams.ts";

/** Good lines of a turn. */
export const lineCount = 10_000;

/** What decodes a text of so many good lines a hundred times: a million of them. */
export function repeatLines(text: readonly string[]): () => void {
  const bytes = new TextEncoder().encode(`${text.join("\r\n")}\r\n`);
  const ring = new SampleRing(allFields.length, 64, "drop-oldest");
  const decoder = createLineDecoder(allFields, ring, { startsAtLine: true });
  const sizes = [4095];
  return () => {
    const before = decoder.counts.samples;
    for (let turn = 0; turn < 100; turn++) feedInChunks(decoder, bytes, sizes);
    if (decoder.counts.samples - before !== 100 * lineCount) throw new Error("not every line was decoded");
  };
}
