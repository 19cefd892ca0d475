/** A line or frame that is read without a search for its end says what it says after one: byte by byte there is a search. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Decoder } from "../../../src/samples/decoding/decoder.ts";
import { defineFields } from "../../../src/samples/decoding/fields.ts";
import { createFrameDecoder } from "../../../src/samples/decoding/frames.ts";
import { createLineDecoder } from "../../../src/samples/decoding/lines.ts";
import { SampleRing } from "../../../src/samples/ring.ts";
import { trials } from "../../trials.ts";
import { feed, fewFields, frame } from "../streams.ts";

/** Everything that the bytes come to, fed in chunks of `size`. */
function read(create: (ring: SampleRing) => Decoder, width: number, bytes: Buffer, size: number) {
  const ring = new SampleRing(width, 200, "drop-oldest");
  const decoder = create(ring);
  for (let at = 0; at < bytes.length; at += size) feed(decoder, bytes.subarray(at, at + size));
  const samples: number[][] = [];
  for (; ring.length > 0; ring.release()) {
    const front = ring.front();
    samples.push([ring.sequences[ring.frontSlot], ...ring.values.subarray(front, front + width)]);
  }
  return { samples, counts: decoder.counts };
}

const fields = defineFields([{ name: "a" }, { name: "b" }]);
const linesOf = (ring: SampleRing) =>
  createLineDecoder(fields, ring, { startsAtLine: true, joinsQuoted: true, numberByLine: true });

const number = fc.constantFrom("1", "-2.5", "3e2", "0.1", "12345678901234567890", "1e400");
const members = [
  ...[
    '"c":"word"',
    '"c":"a\\"b"',
    '"c":[1,2]',
    '"c":{"d":1}',
    '"c":true',
    '"c":"torn',
    '"a":null',
    '"a":"7"',
  ],
  ...['"a":7', '"b":nan', '"b":', "b:1", '"b" : 4', "\t", '"c":"two\nlines"', '"a":1.5C', '"a":5x'],
];
const object = fc
  .tuple(number, number, fc.array(fc.constantFrom(...members), { maxLength: 1 }), fc.nat(2))
  .map(([a, b, more, place]) => {
    const all = [`"a":${a}`, `"b":${b}`];
    all.splice(place, 0, ...more);
    return `{${all.join(",")}}`;
  });
const plain = fc.tuple(number, number).map(([a, b]) => `{"a":${a},"b":${b}}`);
const other = fc.constantFrom(
  "1,2",
  "a:1,b:2",
  "",
  "# words",
  '{"a":1',
  "{}",
  "{",
  '"1",2',
  "b,a",
  '"x\ny",2',
  "[1,2]",
);
const line = fc.oneof({ weight: 4, arbitrary: plain }, { weight: 2, arbitrary: object }, other);
const ending = fc.constantFrom("\n", "\r\n", "\r", " \n", ",\n", "\n\n");
const text = fc
  .array(fc.tuple(line, ending), { maxLength: 40 })
  .map((all) => `{"a":1,"b":2}\n${all.flat().join("")}`);

test("lines of JSON among others", () => {
  fc.assert(
    fc.property(text, (given) => {
      const bytes = Buffer.from(given);
      expect(read(linesOf, 2, bytes, bytes.length)).toEqual(read(linesOf, 2, bytes, 1));
    }),
    { numRuns: trials(300, 5000) },
  );
});

test("frames, some of which are damaged", () => {
  const damage = fc.tuple(fc.nat(400), fc.nat(255), fc.constantFrom("change", "remove", "insert"));
  fc.assert(
    fc.property(fc.array(damage, { maxLength: 6 }), (faults) => {
      const sent = Array.from({ length: 20 }, (_, index) => frame(index));
      const bytes = [...Buffer.concat(sent)];
      for (const [at, byte, kind] of faults)
        bytes.splice(at, kind === "insert" ? 0 : 1, ...(kind === "remove" ? [] : [byte]));
      const all = Buffer.from(bytes);
      const framesOf = (ring: SampleRing) => createFrameDecoder(fewFields, ring);
      expect(read(framesOf, 2, all, all.length)).toEqual(read(framesOf, 2, all, 1));
    }),
    { numRuns: trials(300, 5000) },
  );
});

test("the object in whose name or text a line ends is no sample", () => {
  const bytes = Buffer.from('{"a":1,"b":2}\n{"a":1,"x\n{":3,"b":2}\n{"a":3,"c":"\n","b":4}\n');
  expect(read(linesOf, 2, bytes, bytes.length).samples).toEqual([[1, 1, 2]]);
});
