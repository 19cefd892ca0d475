import { expect, test } from "vitest";
import { startingConfig } from "../../../src/commands/sniff/starting-config.ts";
import { parseConfig } from "../../../src/config/config.ts";
import { recognize } from "../../../src/samples/recognition/recognize.ts";

/** The target that is proposed for lines of text. */
function targetFor(lines: string[]) {
  const stream = recognize(Buffer.from(lines.map((line) => `${line}\n`).join("")), true);
  if (stream.framing === null) throw new Error("not recognised");
  const text = startingConfig(stream, { path: "/dev/ttyUSB0", baudRate: 9600 });
  return parseConfig(text as string, "sniffed.yaml").target;
}

test.each([
  ["the last column, as a number", ["1.5,2.5", "2,3.5", "1,4.5"], { column: "field2", standardize: true }],
  ["the last column, as a class", ["1.5,0", "2.5,2", "1,1"], { column: "field2", classes: 3 }],
  ["a label that stands elsewhere", ["label,b", "3,2.5", "0,3.5", "1,4.5"], { column: "label", classes: 4 }],
  ["a label of one class so far", ["a,label", "3,0", "0,0", "1,0"], { column: "label", classes: 2 }],
  ["a target that is a number", ["target,b", "3.5,1", "0,2", "1,1"], { column: "target", standardize: true }],
  [
    "a target of small whole numbers, as a number",
    ["a,target", "3.5,1", "0,2", "1,0"],
    { column: "target", standardize: true },
  ],
  [
    "the last of label and target",
    ["label,b,target", "1,2.5,3", "0,3.5,1", "2,4,0"],
    { column: "target", standardize: true },
  ],
  [
    "the other column, where the last never changes",
    ["1.5,1", "2.5,1", "1,1"],
    { column: "field1", standardize: true },
  ],
  ["a number, where it is below 0", ["1.5,1", "2.5,-1", "1,1"], { column: "field2", standardize: true }],
  ["a number, where it is large", ["1.5,1", "2.5,512", "1,1"], { column: "field2", standardize: true }],
  [
    "no counter, but the column that is none",
    Array.from({ length: 10 }, (_, index) => `${index % 4}.5,${index}`),
    { column: "field1", standardize: true },
  ],
  [
    "a column that behaves like a class, where the last does not",
    Array.from({ length: 10 }, (_, index) => `${index % 3},${(index * 7) % 10}.25`),
    { column: "field1", classes: 3 },
  ],
  [
    "a column by its name in any case",
    ["Activity,b", "3,2", "0,3", "1,4"],
    { column: "Activity", classes: 4 },
  ],
])("the target is %s", (_, lines, target) => {
  expect(targetFor(lines)).toEqual(target);
});

test("a clock that has a name is no field, a constant is none to predict, and ranges are in comments", () => {
  const rows = Array.from(
    { length: 40 },
    (_, i) => `{"ts":${1_700_000_000 + i},"temp":${20 + (i % 9) / 2},"unit":1,"on":${i % 2}}`,
  );
  const stream = recognize(Buffer.from(`${rows.join("\n")}\n`), true);
  if (stream.framing === null) throw new Error("not recognised");
  expect(startingConfig(stream, { path: "/dev/ttyUSB0", baudRate: 9600 })).toBe(`source:
  serial: { path: /dev/ttyUSB0, baudRate: 9600 }
  framing: lines
  fields: # without "ts", a clock or a counter
    - temp # range: [18, 26] would refuse what lies outside
    - unit # always 1 so far
    - "on"
target: { column: "on", classes: 2 } # classes 0 to 1; a number: leave classes out
`);
});

test("where every column is constant or a clock, the target is left to the user", () => {
  const stream = recognize(Buffer.from(Array.from({ length: 20 }, (_, i) => `${i},7\n`).join("")), true);
  if (stream.framing === null) throw new Error("not recognised");
  expect(startingConfig(stream, null)).toMatch(
    /^# target: \{ column: NAME \} # the column to predict: no column/m,
  );
});

test("one field makes no config", () => {
  const stream = recognize(Buffer.from("1\n2\n3\n"), true);
  if (stream.framing === null) throw new Error("not recognised");
  expect(startingConfig(stream, null)).toBe(null);
});
