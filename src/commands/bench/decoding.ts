/** Measures how many samples a second the decoders read, from chunks like those of a serial port. */
import type { Decoder } from "../../samples/decoding/decoder.ts";
import { defineFields } from "../../samples/decoding/fields.ts";
import { createFrameDecoder, createFrameEncoder } from "../../samples/decoding/frames.ts";
import { createLineDecoder } from "../../samples/decoding/lines.ts";
import { SampleRing } from "../../samples/ring.ts";
import type { Figure } from "./figure.ts";
import { measureInTurn, rateOf } from "./timing.ts";

const count = 8;
const samples = 4096;
/** Bytes of a chunk, as of a fast port between two reads; not a multiple of a frame, so that chunks split frames. */
const chunkBytes = 1021;

/** Measures how many samples a second each decoder reads, in `rounds` rounds. */
export function decodingFigures(rounds: number): Figure[] {
  const fields = defineFields(
    Array.from({ length: count }, (_, index) => ({ name: `field${index}`, type: "f32" })),
  );
  const encoder = createFrameEncoder(fields);
  const frames = new Uint8Array(samples * encoder.maximumBytes);
  const lines: string[] = [];
  const objects: string[] = [];
  let end = 0;
  for (let index = 0; index < samples; index++) {
    const values = fields.map((_, field) => Math.sin(index + field) * 10 ** (field - 3));
    end = encoder.encode(values, index, 4 * index, frames, end);
    const texts = values.map((value) => value.toPrecision(6));
    lines.push(texts.join(","));
    objects.push(`{${texts.map((text, field) => `"${fields[field].name}":${text}`).join(",")}}`);
  }
  const bytesOf = (text: string[]) => new TextEncoder().encode(`${text.join("\r\n")}\r\n`);
  const ring = () => new SampleRing(count, 64, "drop-oldest");
  const subjects: [string, Uint8Array, Decoder][] = [
    ["binary frames of 8 float32", frames.subarray(0, end), createFrameDecoder(fields, ring())],
    ["CSV lines of 8 numbers", bytesOf(lines), createLineDecoder(fields, ring(), { startsAtLine: true })],
    [
      "JSON objects of 8 numbers",
      bytesOf(objects),
      createLineDecoder(fields, ring(), { startsAtLine: true }),
    ],
  ];
  const spreads = measureInTurn(
    subjects.map(([, bytes, decoder]) => (times: number) => {
      for (let i = 0; i < times; i++) {
        for (let at = 0; at < bytes.length; at += chunkBytes) {
          decoder.decode(bytes, at, Math.min(bytes.length, at + chunkBytes), 0);
        }
      }
    }),
    { rounds },
  );
  return subjects.map(([name, bytes], index) => ({
    group: "decoding",
    name,
    value: rateOf(1000 * samples, spreads[index]),
    unit: "million samples/s",
    note: `${(bytes.length / spreads[index].median).toFixed(2)} GB/s`,
  }));
}
