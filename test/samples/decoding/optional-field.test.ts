/** A field that a line or a row may lack, as the target of a sample is: its value is NaN then. */
import { describe, expect, test } from "vitest";
import { defineFields } from "../../../src/samples/decoding/fields.ts";
import { createLineDecoder } from "../../../src/samples/decoding/lines.ts";
import { SampleRing } from "../../../src/samples/ring.ts";
import { feed, takeRows } from "../streams.ts";

const last = defineFields([{ name: "a" }, { name: "b" }, { name: "label", optional: true }]);
const middle = defineFields([{ name: "a" }, { name: "label", optional: true }, { name: "b" }]);

function decode(text: string, fields = last) {
  const ring = new SampleRing(3, 100, "pause");
  const decoder = createLineDecoder(fields, ring, { startsAtLine: true, passNonFinite: true });
  // What an earlier sample has left in a slot must not pass for a label.
  feed(decoder, Buffer.from("7,7,7\n".repeat(101)));
  takeRows(ring);
  const before = { ...decoder.counts };
  feed(decoder, Buffer.from(text));
  return { rows: takeRows(ring), damaged: decoder.counts.damaged - before.damaged };
}

describe("in a line", () => {
  test.each([
    ["an empty last cell", "1,2,\n"],
    ["an empty last cell and a separator", "1,2,,\n"],
    ["an empty last cell after a semicolon and blanks", "1 ; 2 ; \n"],
    ["the word nan", "1,2,nan\n"],
    ["a JSON object without the name", '{"a":1,"b":2}\n'],
    ["a JSON object with null", '{"label":null,"a":1,"b":2}\n'],
    ["a JSON array with null", "[1,2,null]\n"],
    ["pairs without the name", "b:2,a:1\n"],
    ["a header that does not name it", "b,more,a\n2,9,1\n"],
  ])("%s stands for a missing value", (_, text) => {
    expect(decode(text)).toEqual({ rows: [[1, 2, Number.NaN]], damaged: 0 });
  });

  test("an empty cell in the middle is a missing value", () => {
    expect(decode("1,,2\n1, ,2\n1;;2\n", middle)).toEqual({
      rows: [1, 2, 3].map(() => [1, Number.NaN, 2]),
      damaged: 0,
    });
  });

  test("a value that is there is read, before and after one that is missing", () => {
    const { rows } = decode('1,2,1\n1,2,\n{"a":1,"b":2,"label":0}\n1,2,\n');
    expect(rows.map((row) => row[2])).toEqual([1, Number.NaN, 0, Number.NaN]);
  });

  test.each([
    ["another field", "1,\n"],
    ["the last cell and its separator", "1,2\n"],
    ["the last cell among blanks", "1 2 \n"],
    ["a cell too many", "1,2,3,4\n"],
    ["a name twice", '{"a":1,"a":1,"b":2}\n'],
    ["a cell of an array", "[1,2]\n"],
  ])("%s that is missing makes it damaged", (_, text) => {
    expect(decode(text)).toEqual({ rows: [], damaged: 1 });
  });

  test("a column of the header that no field wants must be there", () => {
    expect(decode("a,b,more\n1,2\n").damaged).toBe(1);
  });
});
