import { expect, test } from "vitest";
import { recognize } from "../../../src/samples/recognition/recognize.ts";
import { expectSameInAnyChunks, type Given, read } from "./framing-trials.ts";

const marked: Given = { framing: "blocks", fields: ["Temp", "Press Hpa", "Mode"], details: { end: "----" } };
const block = (i: number) =>
  `Temp: ${20 + i / 8} C\r\nPress Hpa = ${1000 + i}\nMode\t${i % 2 ? "ON" : "OFF"}\nother: x\n----\n`;
const stream = Buffer.from(Array.from({ length: 30 }, (_, i) => block(i)).join(""));

test("a block between marks is a sample, whatever separates name and value, with units and further lines", () => {
  const { rows, counts, refused } = read(stream, marked);
  expect(rows.slice(0, 2)).toEqual([
    [20, 1000, 0],
    [20.125, 1001, 1],
  ]);
  expect(counts).toMatchObject({ samples: 30, damaged: 0, bytes: stream.length });
  expect(refused).toEqual({});
});

test("blocks are the same in any chunks and with a ring of one sample", () => {
  expectSameInAnyChunks(stream, marked);
});

test("a block that lacks a field, holds a word for a number or a date is refused with its reason", () => {
  const bad = `Temp: 1\n----\n${block(1).replace("20.125 C", "warm")}${block(2).replace("20.25 C", "2025-01-02")}`;
  const { rows, refused, reasons } = read(`${block(0)}${bad}${block(3)}`, marked);
  expect(rows).toHaveLength(2);
  expect(reasons).toEqual(["incomplete", "notNumber"]);
  expect(refused).toEqual({ incomplete: 1, notNumber: 2 });
});

test("a stream that is joined inside a block begins with the next one", () => {
  const { rows, counts } = read(stream.subarray(12), { ...marked, startsAtLine: false });
  expect(rows[0]).toEqual([20.125, 1001, 1]);
  expect(counts).toMatchObject({ samples: 29, damaged: 0, skipped: 1 });
});

test("a mark may stand at the beginning instead", () => {
  const text = Array.from({ length: 5 }, (_, i) => `START ${i}\nTemp 2${i} C\nHum 4${i} %\n`).join("");
  const given: Given = {
    framing: "blocks",
    fields: ["Temp", "Hum"],
    details: { begin: "START", end: "END" },
  };
  expect(read(text.replaceAll("%\n", "%\nEND\n"), given).rows).toHaveLength(5);
});

test("without marks a block begins with the first of the fields", () => {
  const text = Array.from({ length: 4 }, (_, i) => `b ${i}.5\nc: ${i}\na=${-i}\n`).join("");
  const given: Given = { framing: "blocks", fields: ["b", "c", "a"], startsAtLine: false };
  expect(read(text, given).rows).toEqual([
    [0.5, 0, 0],
    [1.5, 1, -1],
    [2.5, 2, -2],
    [3.5, 3, -3],
  ]);
  expectSameInAnyChunks(Buffer.from(text), given);
  expect(recognize(Buffer.from(text.repeat(5)), true)).toMatchObject({
    framing: "blocks",
    framingText: "{ blocks: {} }",
  });
});

test("Teleplot's lines make a sample of each turn, without times, units and flags", () => {
  const text = Array.from(
    { length: 20 },
    (_, i) =>
      `>temp:${1700000000 + i}:2${i}.5§°C\r\nhello\r\n>hum:4${i}|np\r\n>trace:1:${i};2:${i + 1}|g\r\n`,
  ).join("");
  const given: Given = { framing: "teleplot", fields: ["temp", "hum", "trace"] };
  const { rows, counts } = read(text, given);
  expect(rows[3]).toEqual([23.5, 43, 4]);
  expect(counts).toMatchObject({ samples: 20, damaged: 0, passedOver: 20 });
  expectSameInAnyChunks(Buffer.from(text), given);
  expect(recognize(Buffer.from(text), true)).toMatchObject({ framing: "teleplot", understood: 1 });
});

test("blocks are recognized with their mark and the fields that are numbers", () => {
  const found = recognize(stream, true);
  expect(found).toMatchObject({
    framing: "blocks",
    framingText: '{ blocks: { end: "----" } }',
    understood: 1,
  });
  expect(found.framing === null ? [] : found.fields.map(({ name }) => name)).toEqual(["Temp", "Press Hpa"]);
});
