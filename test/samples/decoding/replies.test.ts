import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defineFields } from "../../../src/samples/decoding/fields.ts";
import { createFrameReplies } from "../../../src/samples/decoding/frame-replies.ts";
import { createFrameDecoder } from "../../../src/samples/decoding/frames.ts";
import { createLineReplies, isReply } from "../../../src/samples/decoding/line-replies.ts";
import { createLineDecoder } from "../../../src/samples/decoding/lines.ts";
import { type ReplyKind, replyAt, replyKinds } from "../../../src/samples/decoding/replies.ts";
import { SampleRing } from "../../../src/samples/ring.ts";
import { measureAllocation } from "../../allocation.ts";
import { readFrames, readLines } from "./read-replies.ts";

type Content = { [K in keyof typeof replyAt]?: number };
type Encoder = ReturnType<typeof createLineReplies>;

/** A copy of the reply that says this; what is left out is of an earlier one. */
function encode(encoder: Encoder, kind: ReplyKind, said: Content): Uint8Array {
  encoder.content.fill(77);
  for (const [name, value] of Object.entries(said)) encoder.content[replyAt[name as keyof Content]] = value;
  return encoder.bytes.slice(0, encoder.encode(kind));
}

const kind = fc.constantFrom(...replyKinds);
const content = fc.record({
  sequence: fc.nat(0xffff),
  milliseconds: fc.nat(0xffff_ffff),
  class: fc.nat(2047),
  on: fc.nat(1),
  value: fc.float({ noNaN: true, noDefaultInfinity: true }),
  baseline: fc.float({ noNaN: true, noDefaultInfinity: true }),
});

/** What a device reads of a reply that says all this. */
function heard(kind: ReplyKind, said: Required<Content>) {
  const { sequence, milliseconds, value } = said;
  if (kind === "score") return { kind, sequence, milliseconds, value, baseline: said.baseline };
  const alarm = kind === "alarm" && { on: said.on };
  return { kind, sequence, milliseconds, class: said.class, ...alarm, value };
}

describe("frames", () => {
  const frames = (crc: 16 | 32 = 16) => createFrameReplies({ crc });

  test("are little-endian, packed and stuffed", () => {
    const said = { sequence: 0x0102, milliseconds: 0x03040506, class: 0x0708, value: 1 };
    const bytes = encode(frames(), "prediction", said);
    // The checksum as Python's binascii.crc_hqx gives it.
    expect(Buffer.from(bytes).toString("hex")).toBe("020209020106050403080701010105803f394000");
  });

  test.each([16, 32] as const)("say what they were given, whatever it is (crc %i)", (crc) => {
    const encoder = frames(crc);
    fc.assert(
      fc.property(kind, content, (kind, said) => {
        const [reply, ...more] = readFrames(encode(encoder, kind, said), crc);
        expect([reply, more]).toEqual([heard(kind, said), []]);
      }),
      { numRuns: 2000 },
    );
  });

  test("carry no milliseconds where the sample had none", () => {
    const said = { sequence: 70_000, milliseconds: Number.NaN, class: 0, value: 0.5 };
    expect(readFrames(encode(frames(), "prediction", said))).toMatchObject([
      { milliseconds: 0, sequence: 70_000 - 65_536 },
    ]);
  });

  test("that come back are damaged, also where they are as long as a sample", () => {
    // 8 bytes, as a reply has.
    const fields = defineFields([
      { name: "x", type: "f32" },
      { name: "y", type: "f32" },
    ]);
    const ring = new SampleRing(2, 10, "pause");
    const decoder = createFrameDecoder(fields, ring);
    for (const kind of replyKinds) {
      const bytes = encode(frames(), kind, { sequence: 1, milliseconds: 2, value: 0.5 });
      decoder.decode(bytes, 0, bytes.length, 0);
    }
    expect([decoder.counts.damaged, decoder.counts.wrongLength, ring.length]).toEqual([3, 0, 0]);
    expect(decoder.counts).toMatchObject({ samples: 0, missing: 0, restarts: 0 });
  });
});

describe("lines", () => {
  const lines = (ofClasses = true) => createLineReplies(ofClasses);
  const text = (...words: Parameters<typeof encode>) => Buffer.from(encode(...words)).toString();

  test.each<[ReplyKind, Content, string]>([
    ["prediction", { class: 1, value: 0.93412, sequence: 4711 }, "prediction,1,0.9341,4711\n"],
    ["prediction", { class: 2047, value: 1, sequence: 0 }, "prediction,2047,1,0\n"],
    ["prediction", { class: 0, value: 1e-12, sequence: 1 }, "prediction,0,0,1\n"],
    ["score", { value: 0.896, baseline: 0.34, sequence: 12 }, "score,0.896,0.34,12\n"],
    ["alarm", { on: 1, class: 2, value: 0.80004, sequence: 9 }, "alarm,1,2,0.8,9\n"],
  ])("tell a %s of a class", (kind, said, line) => {
    expect(text(lines(), kind, said)).toBe(line);
  });

  test.each<[ReplyKind, Content, string]>([
    ["prediction", { value: -21.456789123, sequence: 5 }, "prediction,-21.45679,5\n"],
    ["score", { value: 1234.5, baseline: 0.000012345678, sequence: 6 }, "score,1234.5,0.00001234568,6\n"],
  ])("tell a %s of a number", (kind, said, line) => {
    expect(text(lines(false), kind, said)).toBe(line);
  });

  test("tell a class by its word where it has one, and by its number where that would be no cell", () => {
    const names = ["idle", "a,b"];
    const encoder = createLineReplies(true, names);
    const tell = (index: number) => text(encoder, "prediction", { class: index, value: 0.5, sequence: 3 });
    expect([tell(0), tell(1), tell(2)]).toEqual([
      "prediction,idle,0.5,3\n",
      "prediction,1,0.5,3\n",
      "prediction,2,0.5,3\n",
    ]);
    names.push("run");
    expect(tell(2)).toBe("prediction,run,0.5,3\n");
  });

  test("fit their buffer whatever they say", () => {
    const extreme = -Number.MAX_VALUE;
    const said = { sequence: 2 ** 53, on: 1, class: 2047, value: extreme, baseline: extreme };
    for (const kind of replyKinds) {
      // An alarm is about a class.
      const ofClasses = kind === "alarm";
      const line = encode(lines(ofClasses), kind, said);
      expect(line.at(-1)).toBe(10);
      expect(readLines(line, ofClasses)[0]).toMatchObject({ kind, value: extreme, sequence: 2 ** 53 });
    }
  });

  test("are known for replies by how they begin", () => {
    const known = (line: string) => isReply(Buffer.from(line), 0, line.length);
    expect(["prediction,1", "score,", "alarm,0,1"].map(known)).toEqual([true, true, true]);
    expect(["predictions,1", "score", "alarm;1", "", "1,alarm,2"].map(known)).toEqual(Array(5).fill(false));
    expect(isReply(Buffer.from("1,alarm,2"), 2, 9)).toBe(true);
    expect(isReply(Buffer.from("score,1"), 0, 5)).toBe(false);
  });

  test("that come back are damaged, also where columns that are passed over would make a sample of them", () => {
    const fields = defineFields([{ name: "x" }, { name: "y" }]);
    const read = (refuseReplies: boolean) => {
      const decoder = createLineDecoder(fields, new SampleRing(2, 10, "pause"), {
        startsAtLine: true,
        refuseReplies,
      });
      const bytes = Buffer.from("kind,x,y,z\nlog,1,2,3\nprediction,1,0.5,7\nalarm,1,0.5,7\nalarm,x,y\n");
      decoder.decode(bytes, 0, bytes.length, 0);
      return decoder.counts;
    };
    expect(read(true)).toMatchObject({ samples: 1, damaged: 2, nonNumeric: 2, headers: 2 });
    // Where none are sent, a column may hold any word.
    expect(read(false)).toMatchObject({ samples: 3, damaged: 0, headers: 2 });
  });
});

test("encoding a million replies allocates nothing on the heap", () => {
  const { collections, heapGrowth } = measureAllocation(new URL("./replies-repeated.ts", import.meta.url));
  expect(collections).toBe(0);
  // 16 bytes a reply, the smallest thing V8 can allocate, would be 16 million.
  expect(heapGrowth).toBeLessThan(100_000);
});
