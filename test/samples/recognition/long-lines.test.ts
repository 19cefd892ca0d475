/** A file or a port may print anything: no pattern may take the square of the length of a line. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { csvFile } from "../../../src/library/data-files.ts";
import { recognize } from "../../../src/samples/recognition/recognize.ts";
import { temporaryFolder } from "../../checkpoint/folder.ts";

/** A line that a pattern with the square of its length would read for minutes. */
const length = 1 << 17;
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
];

test.each(parts)("a line of nothing but %j is looked at in passing", async (part) => {
  const line = part.repeat(Math.ceil(length / part.length));
  const file = join(temporaryFolder(), "d.csv");
  writeFileSync(file, `${line}\n1,2,3\n`);
  expect(() => recognize(Buffer.from(`${line}\n${line}\n`))).not.toThrow();
  await csvFile(file)
    .columns()
    .catch(() => {});
});
