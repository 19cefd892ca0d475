import { describe, expect, test } from "vitest";
import { clockAmong, lookAtText, type TextLook } from "../../../src/samples/decoding/text-look.ts";

/** What the rows of a text hold, below their header. */
function look(header: string | null, row: (index: number) => string, rows = 60): TextLook {
  const lines = Array.from({ length: rows }, (_, index) => row(index));
  const text = [...(header === null ? [] : [header]), ...lines].map((line) => `${line}\n`).join("");
  return lookAtText(new TextEncoder().encode(text)) as TextLook;
}

const holdsOf = ({ columns }: TextLook) => columns.map(({ name, holds }) => `${name}: ${holds}`);
const two = (number: number) => String(number).padStart(2, "0");
const time = (index: number) => `2026-03-28 20:00:${two(index)}`;
const state = (index: number) => ["ok", "warning", "error"][index % 3];

describe("a column of states behind that of the time stays a column", () => {
  const columns = ["time: clock", "state: words", "temp: numbers", "hum: numbers"];

  test.each([
    ["commas", ","],
    ["tabs", "\t"],
    ["semicolons", ";"],
    ["vertical bars", "|"],
  ])("between %s", (_, separator) => {
    const row = (index: number) =>
      [time(index), state(index), 20 + index / 10, 40 + (index % 7)].join(separator);
    expect(holdsOf(look(["time", "state", "temp", "hum"].join(separator), row))).toEqual(columns);
  });

  test("between blanks, below a header of as many names", () => {
    const row = (index: number) => `${time(index)} ${state(index)} ${20 + index / 10} ${40 + (index % 7)}`;
    expect(holdsOf(look("date time state temp hum", row))).toEqual(["date: clock", ...columns]);
  });
});

test("a logger's level behind the time of each line is no column", () => {
  const found = look(
    null,
    (index) => `${time(index)},123 - dht - INFO - ${20 + index / 10},${40 + (index % 7)}`,
  );
  expect(holdsOf(found)).toEqual(["field1: numbers", "field2: numbers"]);
});

describe("decimals stand behind a comma", () => {
  test.each([
    ["where a cell has both marks", "1.200,5", "1.200"],
    ["where a cell has several groups beside a comma", "1.200.300", "7,5"],
  ])("%s", (_, one, other) => {
    const found = look("a;b", (index) => `${index % 2 ? one : other};${index}`);
    expect(found.decimal).toBe("comma");
    expect(found.columns[0].holds).toBe("numbers");
  });

  test.each([
    ["a single group of another column, with decimals of other lengths", "1,200", "21.375", "21.38"],
    ["a single group and a comma", "2,5", "1.200", "1.300"],
    ["a comma between groups", "1,200.5", "1.200", "1.300"],
    ["groups behind both", "1,200.5", "1.200,5", "7"],
    ["decimals of other lengths", "1.200,5", "21.375", "21.38"],
    ["decimals of a number below 1", "1.200,5", "0.375", "0.125"],
    ["addresses", "2,5", "192.168.100.101", "192.168.100.102"],
  ])("not by %s", (_, first, one, other) => {
    expect(look("a;b", (index) => `${first};${index % 2 ? one : other}`).decimal).not.toBe("comma");
  });
});

test("decimals stand behind a point where a cell shows commas between groups", () => {
  expect(look("a;b", (index) => `${index % 2 ? "1,200.5" : "1,200"};${index}`).decimal).toBe("point");
  expect(look("a;b", (index) => `${index % 2 ? "1,234,567" : "21.38"};${index}`).decimal).toBe("point");
  expect(look("a;b", (index) => `${index % 2 ? "1,200.5" : "1,20"};${index}`).decimal).toBeUndefined();
});

test.each([
  ["addresses", "192.168.100.10"],
  ["versions", "1.200.30"],
])("%s are words", (_, start) => {
  expect(holdsOf(look("a;b", (index) => `${start}${index % 10};${index}`))[0]).toBe("a: words");
});

describe("a column of two digits with points each", () => {
  const part = (name: string, cell: (index: number) => string) =>
    look(`${name};v`, (index) => `${cell(index)};${index % 7}`).columns[0].part;
  const day = (index: number) => `${two(1 + Math.floor(index / 3))}.03.26`;

  test.each([
    [
      "dates, where a first number is no hour",
      "x",
      (index: number) => `${two(1 + (index % 30))}.03.26`,
      "date",
    ],
    ["dates, where the same ones come again", "x", day, "date"],
    ["dates, by its name", "datum", (index: number) => `${two(1 + (index % 20))}.03.26`, "date"],
    [
      "times of day, where a second number is no month",
      "x",
      (index: number) => `18.${two(index % 60)}.10`,
      "time of day",
    ],
    ["times of day, by its name", "Zeit", (index: number) => `18.05.${two(index)}`, "time of day"],
    ["times of day, where they go on", "x", (index: number) => `18.05.${two(index)}`, "time of day"],
    [
      "times of day, where several rows have each",
      "x",
      (index: number) => `18.05.${two(Math.floor(index / 4))}`,
      "time of day",
    ],
  ])("holds %s", (_, name, cell, expected) => expect(part(name, cell)).toBe(expected));
});

describe("a date in pieces is a clock", () => {
  const cells = (index: number) => [
    2026,
    3,
    1 + Math.floor(index / 24),
    index % 24,
    10 * (index % 6),
    20 + index / 10,
  ];

  test.each([
    ["year,month,day,hour,minute,temp", ","],
    ["#YY MM DD hh mm WDIR", " "],
  ])("%s", (header, separator) => {
    const found = look(header, (index) => cells(index).join(separator));
    expect(found.columns.map(({ holds }) => holds)).toEqual([...Array(5).fill("clock"), "numbers"]);
    expect(clockAmong(found.columns)).toEqual([]);
  });

  test("whose month or minute stands beside another piece, and a column of millimetres does not", () => {
    const holds = (header: string, cells: (index: number) => (number | string)[]) =>
      look(header, (index) => cells(index).join(","), 28).columns.map((column) => column.holds);
    const rain = (index: number) => (index * 7) % 40;
    const warm = (index: number) => 20 + (index % 5);
    const clocks = Array(3).fill("clock");
    expect(holds("MM,DD,YYYY,temp", (index) => [3, 1 + index, 2026, warm(index)])).toEqual([
      ...clocks,
      "numbers",
    ]);
    expect(holds("YY,MM,DD,mm,temp", (index) => [26, 3, 1 + index, rain(index), warm(index)])).toEqual([
      ...clocks,
      "clock",
      "numbers",
    ]);
    expect(holds("YY,MM,DD,temp,mm", (index) => [26, 3, 1 + index, warm(index), rain(index)])).toEqual([
      ...clocks,
      "numbers",
      "numbers",
    ]);
  });

  test("but an hour and a month without the day are not", () => {
    const found = look("month,hour,temp", (index) => `3,${index % 24},${20 + (index % 5)}`, 100);
    expect(found.columns.map(({ holds }) => holds)).toEqual(["numbers", "numbers", "numbers"]);
  });
});
