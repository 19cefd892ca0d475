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
import { formNames, forms, tableAsText } from "./forms.ts";

const fields = defineFields(formNames.map((name) => ({ name })));
describe.each(Object.keys(forms))("a table in the form of %s", (form) => {
  test("reads back through a port, wherever the chunks are cut", () => {
    fc.assert(
      fc.property(tableAsText(form), chunkSizes, (given, sizes) => {
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
      fc.asyncProperty(tableAsText(form), fc.constantFrom("utf8", "utf16le"), async (given, encoding) => {
        const path = join(folder, "data.txt");
        writeFileSync(path, Buffer.from(`\uFEFF${given.text}`, encoding as BufferEncoding));
        const rows: number[][] = [];
        await readRows(path, (values, offset) => rows.push([...values.subarray(offset, offset + 3)]), {
          fields: formNames,
        });
        expect(rows).toEqual(given.rows);
      }),
      { numRuns: trials(15, 500) },
    );
  });
});
