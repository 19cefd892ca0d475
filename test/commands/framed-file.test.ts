/** Files of bytes as a device sends them, in replay, fit and run alike. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openData } from "../../src/commands/data/data-file.ts";
import { startingConfig } from "../../src/commands/sniff/starting-config.ts";
import { parseConfig } from "../../src/config/config.ts";
import { configuredSource } from "../../src/daemon/configured-source.ts";
import { SampleReader } from "../../src/daemon/sample-reader.ts";
import { recognize } from "../../src/samples/recognition/recognize.ts";
import { folderWith } from "../rivulet.ts";
import { frames } from "../samples/streams.ts";

const blocks = Array.from({ length: 20 }, (_, i) => `temp: ${(i % 7) / 4} C\nstate: ${i % 2}\n----\n`).join(
  "",
);
const sentences = Array.from({ length: 20 }, (_, i) => `>temp:${(i % 7) / 4}|g\n>state:${i % 2}|g\n`).join(
  "",
);

const given: [string, Uint8Array][] = [
  ["frames", frames(0, 40)],
  ["blocks", Buffer.from(blocks)],
  ["teleplot", Buffer.from(sentences)],
];

/** The config that sniff prints for a file of these bytes, with a target where none was found. */
function sniffed(bytes: Uint8Array) {
  const path = join(folderWith(), "bytes.bin");
  writeFileSync(path, bytes);
  const stream = recognize(bytes, true);
  if (stream.framing === null) throw new Error("not recognized");
  const text = startingConfig(stream, { file: path }) as string;
  return {
    path,
    config: parseConfig(text.replace("# target: { column: NAME }", "target: { column: field1 }"), "c.yaml"),
  };
}

describe.each(given)("a file of %s", (_, bytes) => {
  test("gives run and replay the same samples, by the config of sniff", async () => {
    const { path, config } = sniffed(bytes);
    const input = configuredSource(config, () => {});
    const run: number[][] = [];
    const reader = new SampleReader(input, (values, offset) => {
      run.push([...values.subarray(offset, offset + input.fields.length)]);
    });
    await reader.open();
    await input.source.ended;
    await reader.close();
    const data = await openData(path, { config });
    const replayed: number[][] = [];
    const { damaged } = await data.read(await data.columns(), (values, offset) => {
      replayed.push([...values.subarray(offset, offset + input.fields.length)]);
    });
    expect(run.length).toBeGreaterThanOrEqual(19);
    expect([replayed, damaged]).toEqual([run, 0]);
  });

  test("is read as CSV where it is CSV, by the same config", async () => {
    const { config } = sniffed(bytes);
    const names = (config.source.fields ?? []).map(({ name }) => name);
    const path = join(folderWith(), "data.csv");
    writeFileSync(path, `${names.join(",")}\n${names.map((_name, index) => index).join(",")}\n`.repeat(1));
    const data = await openData(path, { config });
    const rows: number[][] = [];
    await data.read(names, (values, offset) =>
      rows.push([...values.subarray(offset, offset + names.length)]),
    );
    expect(rows).toEqual([names.map((_name, index) => index)]);
  });
});
