/** The config that sniff prints for any table of numbers, in any form, reads the same numbers. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { columnsOf, openData } from "../../../src/commands/data/data-file.ts";
import { startingConfig } from "../../../src/commands/sniff/starting-config.ts";
import { parseConfig } from "../../../src/config/config.ts";
import { recognize } from "../../../src/samples/recognition/recognize.ts";
import { folderWith } from "../../rivulet.ts";
import { formNames, forms, tableAsText } from "../../samples/decoding/forms.ts";
import { trials } from "../../trials.ts";

/** Whether sniff takes it for what it is: constants, clocks and lone values of a few rows are something else. */
const isPlain = (values: readonly number[]) =>
  new Set(values).size > values.length / 2 && values.some((value, i) => i > 0 && value < values[i - 1]);

test.each(Object.keys(forms))("a table in the form of %s", async (form) => {
  const path = join(folderWith(), "data.txt");
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(tableAsText(form), async ({ text, rows }) => {
      const columns = formNames.map((_, column) => rows.map((row) => row[column]));
      fc.pre(columns.every(isPlain));
      writeFileSync(path, text);
      const stream = recognize(Buffer.from(text), true);
      if (stream.framing === null) throw new Error("not recognized");
      const written = startingConfig(stream, { file: path }, null) as string;
      const config = parseConfig(written.replace(/missing: \[.*?\]/g, "type: f32"), join(path, "../s.yaml"));
      const data = await openData(path, { config });
      const names = await columnsOf(config, data);
      const read: number[][] = [];
      await data.read(names, (values, offset) =>
        read.push([...values.subarray(offset, offset + names.length)]),
      );
      const byName = stream.places === undefined || formNames.some((name) => names.includes(name));
      const expected = names.map((name) => {
        const plain = name.toLowerCase().replace(/ .*/, "");
        const place =
          byName && formNames.includes(plain) ? formNames.indexOf(plain) : Number(/\d+/.exec(name)?.[0]) - 1;
        // What is neither a field nor numbered is the constant that JSON has besides.
        return columns[place] ?? columns[0].map(() => 1);
      });
      expect(names.length).toBeGreaterThanOrEqual(2);
      expect(read).toEqual(rows.map((_, row) => expected.map((column) => column[row])));
      compared++;
    }),
    { numRuns: trials(15, 500) },
  );
  expect(compared).toBeGreaterThan(0);
});
