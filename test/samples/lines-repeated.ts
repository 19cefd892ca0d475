import { createLineDecoder } from "../../src/samples/lines.ts";
import { SampleRing } from "../../src/samples/ring.ts";
import { allFields, feedInChunks } from "./streams.ts";

const LINES = 10_000;

/** Good lines, with one between that is rejected and one that is too short. */
const text = Array.from({ length: LINES }, (_, index) => {
  const line = [index / 8, -index, 0.25, (index / 100).toFixed(2), "1e3", 6, 7, "-1.5e-2"].join(",");
  if (index % 10 === 0) return `${line}\r\n1,2,3,4,5,6,7,nan`;
  return index % 10 === 5 ? `${line}\r\n1,2,3` : line;
});
const bytes = new TextEncoder().encode(`${text.join("\r\n")}\r\n`);
const ring = new SampleRing(allFields.length, 64, "drop-oldest");
const decoder = createLineDecoder(allFields, ring, { startsAtLine: true });
const sizes = [4095];

/** A million good lines. */
export default function repeat(): void {
  const before = decoder.counts.samples;
  for (let turn = 0; turn < 100; turn++) feedInChunks(decoder, bytes, sizes);
  if (decoder.counts.samples - before !== 100 * LINES) throw new Error("not every line was decoded");
}
