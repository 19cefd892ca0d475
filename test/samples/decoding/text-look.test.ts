import { describe, expect, test } from "vitest";
import {
  clockAmong,
  doubtsAbout,
  lookAtText,
  type TextLook,
} from "../../../src/samples/decoding/text-look.ts";

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
    ["where decimals of other lengths stand behind it, and no point before any", "1.200", "2,5"],
  ])("%s", (_, one, other) => {
    const found = look("a;b", (index) => `${index % 2 ? one : other};${index}`);
    expect(found.decimal).toBe("comma");
    expect(found.columns[0].holds).toBe("numbers");
  });

  test.each([
    ["a single group of another column, with decimals of other lengths", "1,200", "21.375", "21.38"],
    ["a comma between groups", "1,200.5", "1.200", "1.300"],
    ["groups behind both", "1,200.5", "1.200,5", "7"],
    ["decimals of other lengths", "1.200,5", "21.375", "21.38"],
    ["decimals of a number below 1", "1.200,5", "0.375", "0.125"],
    ["addresses", "2,5", "192.168.100.101", "192.168.100.102"],
  ])("not by %s", (_, first, one, other) => {
    expect(look("a;b", (index) => `${first};${index % 2 ? one : other}`).decimal).not.toBe("comma");
  });
});

describe("a cell that may be two numbers is said, with both", () => {
  test.each<[string, string, string, string | undefined, string]>([
    [
      "beside decimals of other lengths",
      "1,200",
      "21.38",
      "point",
      "1200, but would be 1.200 with decimal: comma",
    ],
    [
      "beside the other mark in doubt too",
      "1,200",
      "21.375",
      "point",
      "1200, but would be 1.200 with decimal: comma",
    ],
    [
      "beside decimals behind commas",
      "10.000",
      "19,95",
      "comma",
      "10000, but would be 10.000 with decimal: point",
    ],
    ["alone", "1,200", "7", undefined, "1.200, but would be 1200 with decimal: point"],
  ])("%s", (_, one, other, decimal, reading) => {
    const found = look("a\tb\tc", (index) => `${one}\t${other}\t${index}`);
    expect(found.decimal).toBe(decimal);
    expect(doubtsAbout(found)).toEqual([`${one} is read as ${reading}`]);
    expect(doubtsAbout(found, true)).toEqual([]);
  });

  test("but not where a mark stands before decimals for certain", () => {
    expect(doubtsAbout(look("a;b", (index) => `21.${index}5;1,${index}5`))).toEqual([]);
    expect(doubtsAbout(look("a;b", (index) => `21.375;${index}`))).toEqual([]);
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

describe("a column that rises is no clock", () => {
  test.each([
    ["where it comes round, whatever its name", "us,a", (index: number) => `${index % 30},${index}.5`],
    [
      "where it counts microseconds beyond the size of seconds",
      "tmst,a",
      (index: number) => `${3.5e9 + 1e6 * index},1.5`,
    ],
    [
      "where it does so and begins again once",
      "tmst,a",
      (index: number) => `${(3.9e9 + 2e7 * index) % 2 ** 32},1.5`,
    ],
  ])("%s", (_, header, row) => {
    expect(look(header, row, header === "tmst,a" ? 60 : 300).columns[0].holds).not.toBe("clock");
  });

  test("but seconds of this century are, however far apart and at whatever second", () => {
    const found = look("when,a", (index) => `${1_500_001_234 + 951_377 * index},1.5`);
    expect(found.columns[0].holds).toBe("clock");
  });
});

test("of several clocks the one that advances tells the time", () => {
  const found = look("start,time,a", (index) => `2026-03-28T00:00:00Z,2026-03-28T20:00:${two(index)}Z,1.5`);
  expect(clockAmong(found.columns)).toEqual(["time"]);
});

describe("words that take turns before the values", () => {
  const pq = (index: number) => "pq"[index % 2];
  test.each<[string, (index: number) => string, string[] | undefined]>([
    ["of two devices", (index) => `${pq(index)},${(index % 2) * 20 + (index % 7)}.5,7`, ["p", "q"]],
    [
      "of series with their times",
      (index) => `${pq(index)},${index % 2}.5,${1.7e9 + (index >> 1)}`,
      ["p", "q"],
    ],
    ["are none where no value depends on them", (index) => `${pq(index)},${index}.5,7`, undefined],
    ["are none where the value stays the same", (index) => `${pq(index)},21.1,7`, undefined],
    ["are none where one comes on and on", (index) => `${index % 20 ? "p,1" : "q,9"},7`, undefined],
    ["are none behind them, where classes stand", (index) => `${index % 2}.5,7,${pq(index)}`, undefined],
  ])("%s", (_, row, words) => {
    const found = look("a,b,c", row);
    expect(found.turns?.words).toEqual(words);
    expect(doubtsAbout(found)).toHaveLength(words === undefined ? 0 : 1);
  });
});

test("words that take turns are shown by their beginning", () => {
  const found = look("a,b,c", (index) => `${"pq"[index % 2].repeat(3000)},${index % 2}.5,7`);
  expect(doubtsAbout(found)[0]).toMatch(/\(p{32}, q{32}\)/);
});

test("the sign of a number may stand apart", () => {
  const found = look(null, (index) => `ST,GS,${index % 3 ? "+" : "-"}   ${index}.25kg`);
  expect(found.columns.map(({ holds, unit }) => [holds, unit])).toEqual([
    ["words", undefined],
    ["words", undefined],
    ["numbers", "kg"],
  ]);
});
