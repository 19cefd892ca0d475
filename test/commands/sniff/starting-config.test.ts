import { describe, expect, test } from "vitest";
import { type StartingSource, startingConfig } from "../../../src/commands/sniff/starting-config.ts";
import { parseConfig } from "../../../src/config/config.ts";
import { recognize } from "../../../src/samples/recognition/recognize.ts";

const port = { path: "/dev/ttyUSB0", baudRate: 9600 };

/** The config that is proposed for lines of text that come at a rate, where it is known. */
function configFor(lines: string[], source: StartingSource = port, rate?: number): string | null {
  const stream = recognize(Buffer.from(lines.map((line) => `${line}\n`).join("")), true);
  if (stream.framing === null) throw new Error("not recognized");
  return startingConfig(stream, source, rate);
}

const targetFor = (lines: string[]) => parseConfig(configFor(lines) as string, "sniffed.yaml").target;

test.each([
  ["the last column, as a number", ["1.5,2.5", "2,3.5", "1,4.5"], { column: "field2", standardize: true }],
  ["the last column, as a class", ["1.5,0", "2.5,2", "1,1"], { column: "field2", classes: 3 }],
  ["a label that stands elsewhere", ["label,b", "3,2.5", "0,3.5", "1,4.5"], { column: "label", classes: 4 }],
  [
    "a label of words",
    ["a,label", "3,idle", "0,run", "1,idle"],
    { column: "label", classes: 2, names: ["idle", "run"] },
  ],
  [
    "a label of one word so far",
    ["a,label", "3,idle", "0,idle", "1,idle"],
    { column: "label", classes: 8, names: [] },
  ],
  [
    "a column of words, where no other is called label",
    ["1.5,2,on fire,3", "2.5,2,fine,4", "1,2,on fire,1", "3,2,fine,5"],
    { column: "field3", classes: 2, names: ["on fire", "fine"] },
  ],
  [
    "a class that is switched",
    ["1.5,ON", "2.5,OFF", "1,ON"],
    { column: "field2", classes: 2, names: ["OFF", "ON"] },
  ],
  ["classes from 1", ["1.5,1", "2.5,3", "1,2"], { column: "field2", classes: 3, names: ["1", "2", "3"] }],
  [
    "classes with gaps",
    ["a,label", "1.5,0", "2.5,20", "1,10"],
    { column: "label", classes: 3, names: ["0", "10", "20"] },
  ],
  ["a target that is a number", ["target,b", "3.5,1", "0,2", "1,1"], { column: "target", standardize: true }],
  [
    "a target of small whole numbers, as a number",
    ["a,target", "3.5,1", "0,2", "1,0"],
    { column: "target", standardize: true },
  ],
  [
    "the last of label and target",
    ["label,b,target", "1,2.5,3", "0,3.5,1", "2,4,0"],
    { column: "target", standardize: true },
  ],
  [
    "the other column, where the last never changes",
    ["1.5,1", "2.5,1", "1,1"],
    { column: "field1", standardize: true },
  ],
  ["-1 and 1, as classes", ["1.5,1", "2.5,-1", "1,1"], { column: "field2", classes: 2, names: ["-1", "1"] }],
  ["a number, where it is below -1", ["1.5,1", "2.5,-2", "1,1"], { column: "field2", standardize: true }],
  ["a number, where it is large", ["1.5,1", "2.5,512", "1,1"], { column: "field2", standardize: true }],
  [
    "no counter, but the column that is none",
    Array.from({ length: 10 }, (_, index) => `${index % 4}.5,7,${index}`),
    { column: "field1", standardize: true },
  ],
  [
    "a column that behaves like a class, where the last does not",
    Array.from({ length: 10 }, (_, index) => `${index % 3},${(index * 7) % 10}.25`),
    { column: "field1", classes: 3 },
  ],
  [
    "a column by its name in any case",
    ["Activity,b", "3,2", "0,3", "1,4"],
    { column: "Activity", classes: 4 },
  ],
])("the target is %s", (_, lines, target) => {
  expect(targetFor(lines)).toEqual(target);
});

test("a clock that has a name is no field, a constant is none to predict, and ranges are in comments", () => {
  const rows = Array.from(
    { length: 40 },
    (_, i) => `{"ts":${1_700_000_000 + i},"temp":${20 + (i % 9) / 2},"unit":1,"on":${i % 2}}`,
  );
  const stream = recognize(Buffer.from(`${rows.join("\n")}\n`), true);
  if (stream.framing === null) throw new Error("not recognized");
  expect(startingConfig(stream, { path: "/dev/ttyUSB0", baudRate: 9600 })).toBe(`source:
  serial: { path: /dev/ttyUSB0, baudRate: 9600 }
  framing: lines
  time: ts
  fields:
    - temp # range: [18, 26] would refuse what lies outside
    - unit # always 1 so far
    - "on"
target: { column: "on", classes: 2 } # classes 0 to 1; a number: leave classes out
`);
});

test("where every column is constant, the target is left to the user", () => {
  expect(configFor(Array.from({ length: 20 }, () => "8,7"))).toMatch(
    /^# target: \{ column: NAME \} # the column to predict: no column/m,
  );
});

test("a label that is constant is named, but not taken", () => {
  expect(configFor(Array.from({ length: 20 }, (_, i) => `a:${i % 3}.5,label:1`))).toMatch(
    /^# target: \{ column: label \} # it has the name, but is always 1 so far/m,
  );
});

test("clocks and what nobody learns from keep their place among columns without names", () => {
  const rows = Array.from({ length: 20 }, (_, i) => `2024-03-10 18:00:${10 + i},hello,${i % 5}.5,${i % 2}`);
  expect(configFor(rows)).toContain(`  time: field1
  fields:
    - field1 # the clock
    - _
    - field3 # range: [0, 7] would refuse what lies outside
    - field4
`);
});

test("numbers far from all others are no values, and units are remarks", () => {
  const rows = Array.from(
    { length: 40 },
    (_, i) => `t:${i % 20 === 7 ? -127 : 20 + (i % 9) / 2}C,label:${i % 2}`,
  );
  expect(configFor(rows)).toContain("- { name: t, missing: [-127] } # in C; range: [18, 26] would refuse");
});

test("a field that many lines lack is filled in, for as long as it is away", () => {
  const rows = Array.from({ length: 40 }, (_, i) => `${i % 9}.5,${i % 8 === 0 ? i % 5 : ""},${i % 2}`);
  expect(configFor(rows)).toContain(`  values:
    missing: hold # field2 has no value in many lines: the last one is repeated
    holdFor: 14
`);
});

test("a file is named with its framing, where that is not text", () => {
  const blocks = Array.from({ length: 9 }, (_, i) => `a: ${i % 4}.5\nb: ${i % 3}\n----`);
  expect(configFor(blocks, { file: "/tmp/a b.txt" })).toContain(
    'file: "/tmp/a b.txt"\n  framing: { blocks: { end: "----" } }',
  );
  expect(configFor(["1.5,1", "2.5,0", "1,1"], { file: "/tmp/a.csv" })).not.toContain("framing");
});

describe("a single column", () => {
  const load = Array.from({ length: 40 }, (_, i) => String(512 + ((i * 37) % 11)));

  test("is watched for what is unlike normal, at a port", () => {
    const text = configFor(load, port, 5) as string;
    const { anomaly, target, source } = parseConfig(text, "sniffed.yaml");
    expect([anomaly?.alarmsPerWeek, target, source.rate]).toEqual([2, null, 5]);
    expect(source.fields?.map(({ name }) => name)).toEqual(["field1"]);
    expect(text).toContain("\n# target: { forecast: field1, horizon: 1 } # beside it");
    // As the comment says, both are possible.
    const both = text.replace("# target", "target");
    expect(parseConfig(both, "sniffed.yaml").target).toMatchObject({ column: "field1" });
  });

  test("of vibration is watched in windows", () => {
    expect(configFor(load, port, 500)).toMatch(/\nfeatures: # as features: auto chooses\n {2}- window: /);
  });

  test("is forecast in a file that tells no time, and watched where one does", () => {
    const { target, anomaly } = parseConfig(configFor(load, { file: "/d.txt" }) as string, "s.yaml");
    expect([target, anomaly]).toEqual([expect.objectContaining({ forecast: expect.anything() }), null]);
    const timed = load.map((value, i) => `2026-01-05T00:${10 + i}:00Z,${value}`);
    const watched = parseConfig(configFor(["at,load", ...timed], { file: "/d.txt" }) as string, "s.yaml");
    expect([watched.target, watched.anomaly?.alarmsPerWeek]).toEqual([null, 2]);
  });

  test("of words or of a clock makes no config", () => {
    expect(configFor(["a", ...Array.from({ length: 9 }, (_, i) => String(1000 * i))])).toBe(null);
  });
});

const wave = (i: number, k: number) => Math.sin(1.3 * i + k).toFixed(3);
const axes = [
  "ax,ay,az",
  ...Array.from({ length: 60 }, (_, i) => `${wave(i, 0)},${wave(i, 1)},${wave(i, 2)}`),
];
const labelled = axes.map((line, i) => `${line},${i === 0 ? "state" : i % 3}`);
const rooms = [
  "indoor,outdoor",
  ...Array.from({ length: 60 }, (_, i) => `${20 + Number(wave(i, 0))},${9 + Number(wave(i, 3))}`),
];
/** The config that is read, whose features fit its columns. */
const read = (text: string | null) => parseConfig(text as string, "sniffed.yaml");

test("three axes without a label are watched in windows, with the rate that was probably meant", () => {
  const text = configFor(axes, port, 1593);
  expect(text).toContain(`  rate: 1600 # as measured; text such as 1/hour will do too
features: # as features: auto chooses
  - window: { of: [ax, ay, az], size: 512, every: 10s, take: [logSd, kurtosis, centroid, envelope] }
  - standardize
anomaly: { alarmsPerWeek: 2 } # no column`);
  expect(text).toMatch(/^# target: \{ column: az \}/m);
  expect(read(text)).toMatchObject({ target: null, anomaly: { alarmsPerWeek: 2 }, source: { rate: 1600 } });
});

test("axes with a label are classified by windows one after the other, whatever else comes with them", () => {
  const withHeat = labelled.map((line, i) => `${i === 0 ? "heat" : 20 + (i % 7) / 2},${line}`);
  const { features, target } = read(configFor(withHeat, port, 400));
  expect(features).toEqual([
    { window: expect.objectContaining({ of: ["ax", "ay", "az"], size: 128, every: 128 }) },
    "standardize",
  ]);
  expect(target).toMatchObject({ column: "state", classes: 3 });
});

test("other fast columns with a label are learned from one by one, with windows as a choice in a comment", () => {
  const lines = labelled.map((line, i) => (i === 0 ? "flow,pressure,heat,label" : line));
  const text = configFor(lines, port, 250);
  expect(text).toMatch(/^# features: # where the course .*\n# {3}- window: /m);
  expect(text).not.toContain("rate:");
  expect(read(text).features).toEqual(["standardize"]);
  expect(read(text?.replace(/^# (features:| {2}- )/gm, "$1") ?? "").features).toHaveLength(2);
});

test("a slow number gets its lags, the hour and the hour of the week", () => {
  const text = configFor(rooms, port, 1 / 3600);
  expect(text).toContain("  rate: every 1h #");
  const { features, target, source } = read(text);
  expect(features).toEqual([
    { lags: { of: ["outdoor"], at: [1, 2, 3, 24, 168] } },
    { clock: { of: ["hourOfDay"] } },
    { profile: { of: ["outdoor"], by: "hourOfWeek" } },
    "standardize",
  ]);
  expect(target).toMatchObject({ column: "outdoor" });
  expect(source.rate).toBeCloseTo(1 / 3600, 12);
});

test("without a rate nothing is said of features, and a file of a machine keeps its guess, as its weeks are unknown", () => {
  const text = configFor(axes, { file: "/tmp/a.csv" });
  expect(text).not.toMatch(/rate|features|anomaly/);
  expect(read(text).target).toMatchObject({ column: "az" });
  expect(configFor(axes)).toMatch(/^anomaly: /m);
});

test("a machine's slow columns are watched as they are", () => {
  const lines = rooms.map((line, i) => (i === 0 ? "motor_current,winding" : line));
  expect(read(configFor(lines, { file: "/tmp/a.csv" }, 1 / 60))).toMatchObject({
    ...{ target: null, features: ["standardize"], anomaly: { alarmsPerWeek: 2 } },
    source: { rate: 1 / 60 },
  });
});
