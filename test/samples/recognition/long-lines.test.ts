/** A file or a port may print anything: no pattern may take the square of the length of a line. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { RivuletError } from "../../../src/errors/errors.ts";
import { csvFile } from "../../../src/library/data-files.ts";
import { tooLittle, unrecognizedCause } from "../../../src/samples/recognition/likely-cause.ts";
import { recognize } from "../../../src/samples/recognition/recognize.ts";
import { temporaryFolder } from "../../checkpoint/folder.ts";

/** The longest line that is looked at: a pattern with the square of its length would read it for minutes. */
const length = 128_000;
/** How often a part is in the first half of such a line. */
const half = (part: string) => Math.floor((length / 2 - 8) / part.length);
const parts = [
  "a",
  "0",
  " ",
  "\t",
  "[",
  "(",
  "{",
  '"',
  ".",
  ",",
  ";",
  ":",
  "=",
  "-",
  "e",
  "[a",
  "a:",
  "1e",
  " a",
  "0 ",
  '{"a":',
  "a=1,",
  ' {"',
  '""',
  " '",
  '"\t',
];

async function lookAt(line: string): Promise<void> {
  const file = join(temporaryFolder(), "d.csv");
  writeFileSync(file, `${line}\n1,2,3\n`);
  expect(() => recognize(Buffer.from(`${line}\n${line}\n`))).not.toThrow();
  const columns = csvFile(file).columns();
  await columns.catch((fault) => expect(fault).toBeInstanceOf(RivuletError));
}

test.each(parts)("a line of nothing but %j is looked at in passing", (part) =>
  lookAt(part.repeat(Math.floor(length / part.length))),
);

test.each<[start: string, part: string, end: string]>([
  ["1,", " ", "x"],
  ["(1,", " ", "x"],
  ["1,", "\t", "x"],
  ["a", ' {"', "x"],
  ["a", ' {"', "}"],
  ["a,", " ", `${'"'.repeat(half('"'))},b`],
  ['a,"', '""', ",b"],
  ["# 1,", " ", "x"],
  ["", "[", `1${"]".repeat(half("["))}`],
  ['{"a":', '{"a":', `1${"}".repeat(half('{"a":'))}`],
])("a line of %j, many %j, and its end is looked at in passing", (start, part, end) =>
  lookAt(start + part.repeat(half(part)) + end),
);

test.each([
  ["few bytes are too little to tell", 1000, tooLittle],
  ["many have no line end", 1 << 18, expect.stringContaining("hardly any line ends")],
])("of text in one line, %s", (_, bytes, cause) => {
  const text = Buffer.alloc(bytes, "1,2 ");
  expect(unrecognizedCause(text, { framing: null, almost: null }, null)).toEqual(cause);
});
