import { expect, test } from "vitest";
import { checksumNames } from "../../../src/samples/decoding/checksums.ts";
import { crcByName, checksum as crcOf, createCrc } from "../../../src/samples/decoding/crc.ts";
import type { FieldDescription } from "../../../src/samples/decoding/fields.ts";
import { recognize } from "../../../src/samples/recognition/recognize.ts";
import {
  decoderOf,
  expectNoFalseSamples,
  expectSameInAnyChunks,
  type Given,
  read,
} from "./framing-trials.ts";

const u16 = (...names: string[]): FieldDescription[] => names.map((name) => ({ name, type: "u16" }));

/** The frames of a dust sensor (PMS5003): 0x42 0x4d, a length of 28, 13 numbers, the sum of all bytes before. */
function dust(i: number): Buffer {
  const bytes = Buffer.alloc(32);
  bytes.set([0x42, 0x4d, 0, 28]);
  for (let field = 0; field < 13; field++)
    bytes.writeUInt16BE((i * 31 + field * 0x424d) & 0xffff, 4 + 2 * field);
  bytes.writeUInt16BE(bytes.subarray(0, 30).reduce((sum, byte) => sum + byte, 0) & 0xffff, 30);
  return bytes;
}
const dustStream = Buffer.concat(Array.from({ length: 100 }, (_, i) => dust(i)));
const dustGiven: Given = {
  framing: "binary",
  fields: u16("pm1", "pm25", "pm10"),
  details: { start: [0x42, 0x4d], length: "u16be", checksum: "sum16be" },
};

test("frames that a length and a sum describe are read in the order of bytes that these have", () => {
  const { rows, counts } = read(dustStream, dustGiven);
  expect(rows[2]).toEqual([62, 62 + 0x424d, (62 + 2 * 0x424d) & 0xffff]);
  expect(counts).toMatchObject({ samples: 100, damaged: 0, outside: 0, bytes: 3200 });
});

test("frames are the same in any chunks, and damage brings no false sample", () => {
  expectSameInAnyChunks(dustStream.subarray(0, 1000), dustGiven);
  const given: Given = {
    ...dustGiven,
    fields: u16("a", "b"),
    details: { start: [0xaa, 0x55], checksum: "crc32" },
  };
  const crc = createCrc(crcByName.crc32);
  const frames = Array.from({ length: 30 }, (_, i) => {
    const bytes = Buffer.from([0xaa, 0x55, i, 0xaa, 0x55, 7, 0, 0, 0, 0]);
    bytes.writeInt32LE(crcOf(crc, bytes, 0, 6), 6);
    return bytes;
  });
  expectNoFalseSamples(Buffer.concat(frames), given);
});

test("after a damaged frame the search continues behind its first byte, and what is outside is counted", () => {
  const noise = Buffer.from([1, 2, 0x42, 3]);
  const torn = dust(5).subarray(0, 20);
  const bytes = Buffer.concat([dust(0), noise, dust(1), torn, dust(2), dust(3)]);
  const { rows, counts, refused } = read(bytes, dustGiven);
  expect(rows.map(([first]) => first)).toEqual([0, 31, 62, 93]);
  expect(counts).toMatchObject({ damaged: 1, outside: 24, bytes: bytes.length });
  expect(refused).toEqual({ checksum: 1, outside: 1 });
});

test("fields have their places, an end is checked, and bytes of a fixed length need no number", () => {
  const frame = (i: number) => Buffer.from([0x7e, 9, i, 0xff, 0xfe, i ^ 9 ^ 0xff ^ 0xfe ^ 0x7e, 0x0d]);
  const given: Given = {
    framing: "binary",
    fields: [
      { name: "count", type: "u8" },
      { name: "level", type: "i16", scale: 0.5 },
    ],
    details: { start: [0x7e], checksum: "xor8", end: [0x0d], at: [2, 3], order: "big" },
  };
  const bytes = Buffer.concat([0, 1, 2, 3].map(frame));
  expect(read(bytes, given).rows).toEqual([0, 1, 2, 3].map((i) => [i, -1]));
  expectSameInAnyChunks(bytes, given);
});

test.each(checksumNames.filter((name) => name.startsWith("crc")))("%s closes a frame", (name) => {
  const [, plain, order] = /^(.*?)(?:-(le|be))?$/.exec(name) as RegExpExecArray;
  const parameters = crcByName[plain as keyof typeof crcByName];
  const size = parameters.width / 8;
  const isLittle = order === undefined ? parameters.refIn : order === "le";
  const frame = (i: number) => {
    const body = Buffer.from([0x42, 0x4d, i, 200 - i]);
    const sum = Buffer.alloc(4);
    sum.writeUInt32LE(crcOf(createCrc(parameters), body, 0, 4) >>> 0);
    const bytes = [...sum.subarray(0, size)];
    return Buffer.from([...body, ...(isLittle ? bytes : bytes.reverse())]);
  };
  const details = { start: [0x42, 0x4d], checksum: name };
  const fields: FieldDescription[] = [
    { name: "a", type: "u8" },
    { name: "b", type: "u8" },
  ];
  const { rows, counts } = read(Buffer.concat([frame(1), frame(2)]), { framing: "binary", fields, details });
  expect([rows, counts.damaged]).toEqual([
    [
      [1, 199],
      [2, 198],
    ],
    0,
  ]);
});

test.each([
  [{}, /framing\.binary\.start is empty/],
  [{ start: [1], bytes: 4 }, /framing\.binary\.bytes is 4, but start, fields, checksum and end take 5/],
  [{ start: [1], at: [3] }, /framing\.binary\.at has 1 places, but source\.fields names 2 fields/],
  [{ start: [1], at: [1, 4095] }, /the fields end at byte 4097, expected frames of at most 4096/],
])("a description that contradicts itself is refused: %j", (details, sentence) => {
  expect(() => decoderOf({ framing: "binary", fields: u16("a", "b"), details })).toThrow(sentence);
});

test("frames of a dust sensor are recognized by start, length and sum", () => {
  const found = recognize(dustStream.subarray(11), false);
  expect(found).toMatchObject({
    framing: "binary",
    framingText: "{ binary: { start: [0x42, 0x4d], length: u16be, checksum: sum16be } }",
    understood: 1,
  });
});

/** The frames of dust sensors: of type SDS011, which sums its six numbers, and ZH03B, which negates the sum of all but the first byte. */
const dusty = {
  SDS011(i: number): number[] {
    const data = [i & 255, i >> 8, (3 * i) & 255, (3 * i) >> 8, 0x1a, 0x2b];
    return [0xaa, 0xc0, ...data, data.reduce((sum, byte) => sum + byte) & 255, 0xab];
  },
  ZH03B(i: number): number[] {
    const data = [0x17, i >> 8, i & 255, 0, 40 + (i % 7), 0, i % 11];
    return [0xff, ...data, -data.reduce((sum, byte) => sum + byte) & 255];
  },
};

test.each([
  ["SDS011", "{ binary: { start: [0xaa, 0xc0], bytes: 10, checksum: sum8, checksumFrom: 2, end: [0xab] } }"],
  ["ZH03B", "{ binary: { start: [0xff, 0x17], bytes: 9, checksum: sum8-negated, checksumFrom: 1 } }"],
] as const)("frames of the type %s are recognized", (type, framingText) => {
  const stream = Uint8Array.from(Array.from({ length: 80 }, (_, i) => dusty[type](300 + 7 * i)).flat());
  const found = recognize(stream, false);
  expect(found).toMatchObject({
    framing: "binary",
    framingText,
    understood: 1,
    fields: { length: 3 },
    counts: { samples: 80, damaged: 0 },
  });
});
