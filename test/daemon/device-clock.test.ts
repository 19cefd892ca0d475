/** The clock of a device, from the config to the recording. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseConfig } from "../../src/config/config.ts";
import { configuredSource } from "../../src/daemon/configured-source.ts";
import { SampleReader } from "../../src/daemon/sample-reader.ts";
import { folderWith } from "../rivulet.ts";
import { frames } from "../samples/streams.ts";

/** The samples of a file and their times, as a daemon gets them. */
async function samplesOf(content: string, source: string) {
  const path = join(folderWith(), "data.csv");
  writeFileSync(path, content);
  const config = parseConfig(`source: { file: ${path}, ${source} }\ntarget: { column: b }\n`, "c.yaml");
  const input = configuredSource(config, () => {});
  const samples: number[][] = [];
  const times: string[] = [];
  const reader = new SampleReader(input, (values, offset) => {
    samples.push([...values.subarray(offset, offset + input.fields.length)]);
    times.push(new Date(input.ring.measuredAt[input.ring.frontSlot]).toISOString());
  });
  await reader.open();
  await input.source.ended;
  await reader.close();
  return { samples, times, clock: input.clock?.report() };
}

const expected = {
  samples: [
    [1, 2],
    [3, 4],
  ],
  times: ["2024-03-10T18:00:00.000Z", "2024-03-10T18:00:01.000Z"],
  clock: { absent: 0, repeated: 0, back: 0 },
};

test.each([
  [
    "by name below a header",
    "at,a,b\n2024-03-10T18:00:00Z,1,2\n2024-03-10T18:00:01Z,3,4\n",
    "fields: [a, b], time: at",
  ],
  ["by its place among the fields", "1,1710093600,2\n3,1710093601,4\n", "fields: [a, at, b], time: at"],
  [
    "of two columns",
    "10.03.2024;18:00:00;1;2\n10.03.2024;18:00:01;3;4\n",
    "fields: [day, hour, a, b], time: [day, hour]",
  ],
  [
    "in microseconds",
    "a:1,b:2,t:1710093600000000\na:3,b:4,t:1710093601000000\n",
    "fields: [a, b], time: { column: t, unit: us }",
  ],
])("a clock is the time of a sample and no part of it: %s", async (_, content, source) => {
  expect(await samplesOf(content, source)).toMatchObject(expected);
});

test("a clock is refused where samples have none, or another", () => {
  const complaint = (text: string) => {
    try {
      parseConfig(text, "c.yaml");
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  };
  const serial = "serial: { path: /dev/ttyACM0 }";
  const target = "target: { column: b }";
  expect(
    complaint(
      `source: { ${serial}, fields: [{ name: a, type: f32 }, { name: b, type: f32 }], time: at }\n${target}`,
    ),
  ).toContain("source.time is a column of text, but frames are binary");
  expect(complaint(`source: { time: b }\n${target}`)).toContain(
    'source.time is "b", which is the target too',
  );
  expect(complaint(`source: { time: [a, a] }\n${target}`)).toContain("names a column twice");
});

test("the clock in the header of frames is the time of a sample where the config says so", async () => {
  const folder = folderWith();
  const path = join(folder, "frames.bin");
  writeFileSync(path, frames(0, 40));
  const text = `source: { file: ${path}, framing: frames, fields: [{ name: t, type: i16, scale: 0.01 }, { name: v, type: f32 }], time: header }
target: { column: v }
`;
  const input = configuredSource(parseConfig(text, "c.yaml"), () => {});
  const times: number[] = [];
  const reader = new SampleReader(input, () => times.push(input.ring.measuredAt[input.ring.frontSlot]));
  await reader.open();
  await input.source.ended;
  await reader.close();
  expect(times.map((time) => time - times[0])).toEqual(times.map((_, i) => 10 * i));
  expect(times).toHaveLength(41);
  expect(input.clock?.report()).toMatchObject({ columns: ["header"], absent: 0, repeated: 0, back: 0 });
});
