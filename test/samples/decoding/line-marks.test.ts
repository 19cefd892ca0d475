import { describe, expect, test } from "vitest";
import { defineFields } from "../../../src/samples/decoding/fields.ts";
import { createLineDecoder } from "../../../src/samples/decoding/lines.ts";
import { lookAtText } from "../../../src/samples/decoding/text-look.ts";
import { SampleRing } from "../../../src/samples/ring.ts";
import { feed, takeRows } from "../streams.ts";

const fields = defineFields([{ name: "a" }, { name: "b" }]);

function rowsOf(text: string): number[][] {
  const ring = new SampleRing(2, 100, "drop-oldest");
  feed(createLineDecoder(fields, ring, { startsAtLine: true }), Buffer.from(text));
  return takeRows(ring);
}

describe("marks around a line are no part of its cells", () => {
  test.each([
    ["of Serial Studio", (cells: string) => `/*${cells}*/`],
    ["angle brackets", (cells: string) => `<${cells}>`],
    ["braces", (cells: string) => `{${cells}}`],
    ["braces and blanks", (cells: string) => `{ ${cells} }`],
    ["a dollar and a semicolon", (cells: string) => `$${cells};`],
  ])("%s", (_, around) => {
    const lines = Array.from({ length: 20 }, (_, index) => `${around(`${index},-${index}.5`)}\r\n`);
    expect(rowsOf(lines.join(""))).toEqual(lines.map((_, index) => [index, -index - 0.5]));
    expect(lookAtText(Buffer.from(lines.join("")))?.columns.map(({ holds }) => holds)).not.toContain("words");
  });

  test("nor of the names of a header", () => {
    expect(rowsOf("<b,a>\n<1,2>\n<3,4>\n")).toEqual([
      [2, 1],
      [4, 3],
    ]);
  });

  test.each([
    ["below a limit of detection", "<0.5,1\n"],
    ["each of them below one", "<0.5,<1>\n"],
    ["prices", "$5,$6;\n"],
    ["a comment of C", "/* 1,2 on\n"],
    ["a mark that is not closed", "{1,2\n"],
    ["other marks at the end", "<1,2}\n"],
  ])("values with a mark of their own are refused: %s", (_, line) => {
    expect(rowsOf(`7,7\n${line}`)).toEqual([[7, 7]]);
    expect(rowsOf(line)).toEqual([]);
  });

  test("lines between marks among lines without, and between other marks, are refused: they mean something else", () => {
    const others = ["<0,1>", "{3,200}", "/*1,2*/", "$5;6;"];
    expect(rowsOf(["1,2", ...others, "3,4", ""].join("\n"))).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(rowsOf(["<7,8>", "{3,200}", "$5;6;", "<9,10>", ""].join("\n"))).toEqual([
      [7, 8],
      [9, 10],
    ]);
  });

  test.each([
    ["of a name", '{a":1,"b":2,"z":true}'],
    ["behind a name", '{t": 0, "a": 3, "b": -1}'],
  ])("the braces of JSON that lost a quote %s are none", (_, line) => {
    expect(rowsOf(`${line}\n`)).toEqual([]);
  });
});
