/** Any table of numbers, in any form that is not ambiguous, reads back to the same numbers through ports and files. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defineFields } from "../../../src/samples/decoding/fields.ts";
import { createLineDecoder } from "../../../src/samples/decoding/lines.ts";
import { readRows } from "../../../src/samples/decoding/text-file.ts";
import { SampleRing } from "../../../src/samples/ring.ts";
import { folderWith } from "../../rivulet.ts";
import { trials } from "../../trials.ts";
import { chunkSizes, feedInChunks, takeRows } from "../streams.ts";

const names = ["temp", "hum", "flow"];
const fields = defineFields(names.map((name) => ({ name })));
const comma = (cells: string[]) => cells.map((cell) => cell.replace(".", ","));

/** How a row may be written, and what stands above the first one. */
const forms: Record<string, { row: (cells: string[]) => string; header?: string }> = {
  commas: { row: (cells) => cells.join(",") },
  "commas below a header": { row: (cells) => cells.join(","), header: "temp,hum,flow" },
  "commas below a header of another order": {
    row: ([t, h, f]) => `12:00,${f},${h},${t}`,
    header: "time,Flow (l/s),HUM,temp",
  },
  "semicolons and decimal commas": { row: (cells) => comma(cells).join(";") },
  "tabs and decimal commas": { row: (cells) => comma(cells).join("\t") },
  "vertical bars": { row: (cells) => cells.join(" | ") },
  blanks: { row: (cells) => cells.join("   ") },
  quotes: { row: (cells) => cells.map((cell) => `"${cell}"`).join(",") },
  units: { row: ([t, h, f]) => `${t}C,${h} %,${f}m3/h` },
  tuples: { row: (cells) => `(${cells.join(", ")})` },
  "JSON objects": { row: ([t, h, f]) => `{"temp":${t},"x":{"y":[1]},"hum":"${h}","flow":${f}}` },
  pairs: { row: ([t, h, f]) => `hum: ${h}, temp: ${t}, flow: ${f}` },
  "equals signs": { row: ([t, h, f]) => `temp=${t} hum=${h} flow=${f}` },
  "names and values in turns": { row: ([t, h, f]) => `temp\t${t}\thum\t${h}\tflow\t${f}` },
  "InfluxDB lines": { row: ([t, h, f]) => `pump,place=a temp=${t},hum=${h},flow=${f} 1700000000` },
};

const number = fc.oneof(
  fc.integer({ min: -1e6, max: 1e6 }).map(String),
  fc.tuple(fc.integer({ min: -1e6, max: 1e6 }), fc.integer({ min: 1, max: 6 })).map(([value, places]) => {
    return (value / 10 ** places).toFixed(places);
  }),
);
const table = fc.array(fc.tuple(number, number, number), { minLength: 8, maxLength: 30 });
const lineEnd = fc.constantFrom("\n", "\r\n", "\r");
/** What may stand between two rows: empty lines, comments, padding, a message. */
const between = fc.constantFrom("", "", "", "\n", "# note\n", "W (312) wifi down\n", "\0\0\n", "\r\n");

const text = (form: string) =>
  fc
    .record({
      rows: table,
      ends: fc.array(lineEnd, { minLength: 1 }),
      gaps: fc.array(between, { minLength: 1 }),
    })
    .map(({ rows, ends, gaps }) => {
      const { row, header } = forms[form];
      const lines = rows.map(
        (cells, index) => gaps[index % gaps.length] + row(cells) + ends[index % ends.length],
      );
      // A form with units or another separator is known by its first line, so nothing stands before that.
      lines[0] = row(rows[0]) + ends[0];
      return {
        text: (header === undefined ? "" : `${header}\n`) + lines.join(""),
        rows: rows.map((cells) => cells.map((cell) => Number(cell) + 0)),
      };
    });

describe.each(Object.keys(forms))("a table in the form of %s", (form) => {
  test("reads back through a port, wherever the chunks are cut", () => {
    fc.assert(
      fc.property(text(form), chunkSizes, (given, sizes) => {
        const ring = new SampleRing(3, 100, "drop-oldest");
        const decoder = createLineDecoder(fields, ring, { startsAtLine: true });
        feedInChunks(decoder, Buffer.from(given.text), sizes);
        expect(takeRows(ring)).toEqual(given.rows);
        expect(decoder.counts.bytes).toBe(Buffer.byteLength(given.text));
      }),
      { numRuns: trials(40, 2000) },
    );
  });

  test("reads back from a file, in UTF-8 or UTF-16", async () => {
    const folder = folderWith();
    await fc.assert(
      fc.asyncProperty(text(form), fc.constantFrom("utf8", "utf16le"), async (given, encoding) => {
        const path = join(folder, "data.txt");
        writeFileSync(path, Buffer.from(`\uFEFF${given.text}`, encoding as BufferEncoding));
        const rows: number[][] = [];
        await readRows(path, (values, offset) => rows.push([...values.subarray(offset, offset + 3)]), {
          fields: names,
        });
        expect(rows).toEqual(given.rows);
      }),
      { numRuns: trials(15, 500) },
    );
  });
});
