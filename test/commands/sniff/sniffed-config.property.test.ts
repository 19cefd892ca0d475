/** The config that sniff prints for any table, in any form that is not ambiguous, reads the same numbers in replay. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { columnsOf, configuredFile } from "../../../src/commands/data/data-file.ts";
import { startingConfig } from "../../../src/commands/sniff/starting-config.ts";
import { parseConfig } from "../../../src/config/config.ts";
import { recognize } from "../../../src/samples/recognition/recognize.ts";
import { folderWith } from "../../rivulet.ts";
import { formNames, forms, tableAsText } from "../../samples/decoding/forms.ts";
import { trials } from "../../trials.ts";

/** Two or three classes, each in a few of the rows, as they are counted by users. */
const classes = fc.constantFrom("0", "1", "2");

test.each(Object.keys(forms))("a table in the form of %s", async (form) => {
  const folder = folderWith();
  await fc.assert(
    fc.asyncProperty(tableAsText(form, classes), async (given) => {
      const path = join(folder, "data.txt");
      writeFileSync(path, given.text);
      const stream = recognize(Buffer.from(given.text), true);
      if (stream.framing === null) throw new Error(`not recognized: ${given.text}`);
      const text = startingConfig(stream, { file: path });
      // Where a column never changes, or all rise, the user has to name the target.
      const named = (text ?? "")
        .replace(/^# target: \{ column: NAME \}/m, "target: { column: any }")
        .replace(/^# target/m, "target");
      const config = parseConfig(
        named.replace("column: any", `column: ${stream.fields[0].name}`),
        "sniffed.yaml",
      );
      const columns = await columnsOf(config, configuredFile(path, config));
      const { target } = config;
      const rows: number[][] = [];
      await configuredFile(path, config).read(columns, (values, offset) => {
        rows.push(
          columns.map((name, index) => {
            const value = values[offset + index];
            return target !== null && name === target.column && "names" in target
              ? Number(target.names?.[value])
              : value;
          }),
        );
      });
      const known = columns.flatMap((name, index) => {
        const place = formNames.findIndex((other) => name.toLowerCase().startsWith(other));
        const numbered = /^field(\d+)$/.exec(name);
        if (place < 0 && numbered === null) return [];
        return [{ index, place: numbered === null ? place : Number(numbered[1]) - 1 }];
      });
      expect(known.length).toBeGreaterThanOrEqual(2);
      // A lone number that comes again and again is taken for a missing value, and the config says so.
      const codes = new Set(stream.observation.fields.flatMap((field) => field.codes));
      const read = (value: number) => (codes.has(value) ? Number.NaN : value);
      expect(rows.map((row) => known.map(({ index }) => read(row[index])))).toEqual(
        given.rows.map((row) => known.map(({ place }) => read(row[place]))),
      );
    }),
    { numRuns: trials(12, 400) },
  );
});
