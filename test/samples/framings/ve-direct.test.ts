import { expect, test } from "vitest";
import { recognize } from "../../../src/samples/recognition/recognize.ts";
import { expectNoFalseSamples, expectSameInAnyChunks, type Given, read } from "./framing-trials.ts";

const given: Given = { framing: "ve-direct", fields: ["V", "I", "PPV", "LOAD", "OR"] };

/** A block as a solar charger sends it: the sum of its bytes is a multiple of 256, and the checksum is any byte. */
function block(i: number): Buffer {
  const lines = [
    `PID\t0xA053`,
    `V\t${12_000 + 37 * i}`,
    `I\t${-7 * i}`,
    `PPV\t${i}`,
    `LOAD\t${i % 2 ? "ON" : "OFF"}`,
  ];
  const text = (filling: string) =>
    Buffer.from(
      [...lines, `FW\t${filling}`, "OR\t0x0000001f", "Checksum\t"].map((line) => `\r\n${line}`).join(""),
    );
  const sumOf = (bytes: Buffer) => bytes.reduce((total, byte) => total + byte, 0) & 255;
  // Four letters, which together can make up any difference.
  let missing = (512 - sumOf(text("0000")) - (i & 255)) & 255;
  const letters = [0, 1, 2, 3].map(() => {
    const part = Math.min(missing, 70);
    missing -= part;
    return 0x30 + part;
  });
  const bytes = text(String.fromCharCode(...letters));
  return Buffer.concat([bytes, Buffer.of((256 - sumOf(bytes)) & 255)]);
}
const count = 300;
const stream = Buffer.concat(
  Array.from({ length: count }, (_, i) =>
    i % 3 ? block(i) : Buffer.concat([Buffer.from(":A0102000543\n"), block(i)]),
  ),
);

test("a block is a sample, also where the checksum is a line end, a tab or a colon; messages between are no part of it", () => {
  const { rows, counts } = read(stream, given);
  expect(counts).toMatchObject({ samples: count, damaged: 0, skipped: 0, bytes: stream.length });
  expect(rows[7]).toEqual([12_259, -49, 7, 1, 31]);
  const checksums = new Set(Array.from({ length: count }, (_, i) => block(i).at(-1)));
  for (const byte of [0x0a, 0x0d, 0x09, 0x3a]) expect(checksums).toContain(byte);
});

test("samples are the same in any chunks", () => {
  expectSameInAnyChunks(stream.subarray(0, 3000), given);
});

test("a damaged block is refused by its checksum, and the first of a stream that is joined is not counted", () => {
  const damaged = Buffer.from(stream.subarray(0, 4000));
  damaged[damaged.indexOf("V\t") + 3] ^= 2;
  expect(read(damaged, { ...given, startsAtLine: false }).counts).toMatchObject({ damaged: 0, skipped: 1 });
  const second = Buffer.concat([block(1), damaged]);
  const { refused, reasons } = read(second, given);
  expect([refused, reasons]).toEqual([{ checksum: 1 }, ["checksum"]]);
});

test("a sum tells one changed byte, and a joined stream brings no false sample", () => {
  expectNoFalseSamples(block(5), { ...given, startsAtLine: false });
});

test("is recognized, with its fields", () => {
  const found = recognize(stream.subarray(50), false);
  expect(found).toMatchObject({ framing: "ve-direct", understood: 1 });
  expect(found.framing === null ? [] : found.fields.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["V", "I", "PPV"]),
  );
});
