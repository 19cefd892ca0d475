/** A config is data from outside: what is beyond its limits is refused in one sentence, before it costs anything. */
import { expect, test } from "vitest";
import { parseConfig } from "../../src/config/config.ts";
import { mostBytes, mostItems, mostLevels } from "../../src/config/document-limits.ts";

const repeated = (count: number, item: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => item(i));
const fields = (count: number) =>
  `source: { fields: [${repeated(count, (i) => `f${i}`).join(",")}] }\ntarget: { column: f0 }\n`;
const bomb = ["a: &a [x, x, x, x, x, x, x, x, x]"]
  .concat(
    repeated(4, (i) => `${"bcde"[i]}: &${"bcde"[i]} [${repeated(9, () => `*${"abcd"[i]}`).join(", ")}]`),
  )
  .join("\n");

test.each<[string, string, RegExp]>([
  [
    "an alias that stands for aliases that stand for aliases",
    bomb,
    /^c\.yaml: its aliases \(\*name\) stand for too many/,
  ],
  [
    "more bytes than any device needs",
    "#".repeat(mostBytes + 1),
    /^c\.yaml: it is larger than 256\.0 KiB, expected/,
  ],
  ["700,000 fields", fields(700_000), /^c\.yaml: it is larger than 256\.0 KiB, expected/],
  ["more lines than are parsed in a second", "\n".repeat(200_000), /^c\.yaml: it has more than 32768 lines/],
  [
    "a list that is too long",
    fields(mostItems + 1),
    /^c\.yaml:1: a list has 4097 items, expected at most 4096/,
  ],
  [
    "a map that is too long",
    repeated(4097, (i) => `k${i}: 1`).join("\n"),
    /^c\.yaml:1: a map has 4097 items/,
  ],
  [
    "lists in lists",
    `a: ${"[".repeat(100_000)}`,
    /^c\.yaml: maps and lists are nested more than 32 levels deep/,
  ],
  [
    "maps in maps",
    `${"{a: ".repeat(40)}1${"}".repeat(40)}`,
    /^c\.yaml: maps and lists are nested more than 32/,
  ],
  ["lists of one line", `a:\n  ${"- ".repeat(100_000)}x`, /^c\.yaml: maps and lists are nested more than 32/],
  [
    "maps by indentation",
    repeated(mostLevels + 2, (i) => `${" ".repeat(i)}a:`).join("\n"),
    /^c\.yaml:33: maps and lists are nested more than 32/,
  ],
  [
    "a key twice",
    "target: { column: x }\nname: a\ntarget: { column: y }",
    /^c\.yaml:3: the key "target" is given twice/,
  ],
  [
    "too many layers",
    `target: { column: x }\nmodel: { layers: [${repeated(300, () => "relu").join(",")}] }`,
    /^c\.yaml:2: model\.layers has 300 items, expected at most 256; leave some out$/,
  ],
  [
    "a long word",
    `target: ${"k".repeat(100_000)}`,
    /^c\.yaml:1: target must be a map of .*, found the text "k{100}\.\.\."$/,
  ],
])("refuses %s", (_, text, sentence) => {
  expect(() => parseConfig(text, "c.yaml")).toThrow(sentence);
});

test("reports the first twenty of many errors, and how many there are beside them", () => {
  const text = `source: { fields: [${repeated(500, () => "1").join(",")}] }\ntarget: { column: f0 }\n`;
  try {
    parseConfig(text, "c.yaml");
    expect.unreachable();
  } catch (error) {
    const lines = (error as Error).message.split("\n");
    expect(lines).toHaveLength(21);
    expect(lines[20]).toBe("c.yaml: 480 errors more; correct these first");
  }
});

test("brackets in texts and comments, and as many fields as are allowed, are fine", () => {
  const text = `${"# [[[[\n".repeat(50)}name: pump\n${fields(mostItems)}checkpoint: { directory: "${"[".repeat(60)}" }\n`;
  expect(parseConfig(text, "c.yaml").source.fields).toHaveLength(mostItems);
});
