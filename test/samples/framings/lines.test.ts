import { expect, test } from "vitest";
import { defineFields } from "../../../src/samples/decoding/fields.ts";
import { lines } from "../../../src/samples/framings/lines.ts";
import { SampleRing } from "../../../src/samples/ring.ts";
import { feed, takeRows } from "../streams.ts";

const row = `1,2,"${"x".repeat(20_000)}"\n`;

test.each([
  ["from a pipe is read, however few its columns are", true, 2],
  ["from a port is damage", false, 0],
])("a line of 20 kB %s", (_, startsAtLine, rows) => {
  const ring = new SampleRing(2, 8, "drop-oldest");
  const fields = defineFields([{ name: "a" }, { name: "b" }]);
  const decoder = lines.createDecoder(fields, ring, {
    ...{ startsAtLine, refuseReplies: false, passNonFinite: true, crc: 16, decimal: "auto" },
    columns: ["a", "b", "_"],
  });
  feed(decoder, Buffer.from(startsAtLine ? row + row : `\n${row}${row}`));
  expect(takeRows(ring)).toEqual(Array(rows).fill([1, 2]));
});
