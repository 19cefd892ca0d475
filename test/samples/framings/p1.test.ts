import { expect, test } from "vitest";
import { checksum, crcByName, createCrc } from "../../../src/samples/decoding/crc.ts";
import { recognize } from "../../../src/samples/recognition/recognize.ts";
import { expectNoFalseSamples, expectSameInAnyChunks, type Given, read } from "./framing-trials.ts";

const given: Given = { framing: "p1", fields: ["1-0:1.8.1", "1-0:1.7.0", "0-1:24.2.1"] };
const crc = createCrc(crcByName["crc16-arc"]);

function telegram(i: number): Buffer {
  const text = Buffer.from(
    `/ISK5\\2M550E-1012\r\n\r\n1-3:0.2.8(50)\r\n0-0:1.0.0(${250_101_000_000 + i}W)\r\n` +
      `1-0:1.8.1(${(1234.5 + i / 1000).toFixed(3)}*kWh)\r\n1-0:1.7.0(${(i / 100).toFixed(3)}*kW)\r\n` +
      `0-1:24.2.1(250101000000W)(${(785.25 + i).toFixed(3)}*m3)\r\n!`,
  );
  const sum = (checksum(crc, text, 0, text.length) & 0xffff).toString(16).toUpperCase().padStart(4, "0");
  return Buffer.concat([text, Buffer.from(`${sum}\r\n`)]);
}
const stream = Buffer.concat(Array.from({ length: 20 }, (_, i) => telegram(i)));

test("a telegram is a sample; the value is the last bracket's, without its unit", () => {
  const { rows, counts } = read(stream, given);
  expect(counts).toMatchObject({ samples: 20, damaged: 0, bytes: stream.length });
  expect(rows[10]).toEqual([1234.51, 0.1, 795.25]);
});

test("telegrams are the same in any chunks, and damage brings no false sample", () => {
  expectSameInAnyChunks(stream.subarray(0, 1500), given);
  expectNoFalseSamples(stream.subarray(0, 1200), given);
});

test("a telegram without digits, as meters before DSMR 4 send it, is taken; with wrong ones it is refused", () => {
  const text = stream.toString("latin1");
  expect(read(text.replace(/![0-9A-F]{4}/g, "!"), given).counts).toMatchObject({ samples: 20, damaged: 0 });
  const { refused, reasons } = read(text.replace(/![0-9A-F]{4}/, "!0000"), given);
  expect([refused, reasons]).toEqual([{ checksum: 1 }, ["checksum"]]);
});

test("is recognized, with its fields", () => {
  const found = recognize(stream.subarray(40), false);
  expect(found).toMatchObject({ framing: "p1", understood: 1 });
  const names = found.framing === null ? [] : found.fields.map(({ name }) => name);
  expect(names).toContain("1-0:1.7.0");
  // Its time is no quantity.
  expect(names).not.toContain("0-0:1.0.0");
});
