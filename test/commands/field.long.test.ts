/** Files as loggers and other programs make them, learned from without a config or with a few lines of one. */
import { describe, expect, test } from "vitest";
import { folderWith, rivulet } from "../rivulet.ts";

const rows = Array.from({ length: 40 }, (_, i) => [
  20 + (i % 7) / 4,
  40 + (i % 5),
  i % 2 === 0 ? "idle" : "run",
]);
const csv = (line: (row: (string | number)[], index: number) => string) => rows.map(line).join("\n");

async function replay(files: Record<string, string>, words: string[]) {
  const cwd = folderWith(files);
  const { code, stdout, stderr } = await rivulet(["replay", ...words, "--json"], { cwd });
  return { code, stderr, data: code === 0 ? JSON.parse(stdout) : null };
}

describe.concurrent("without a config", () => {
  test("classes are words, clocks and columns without a name are left out", async () => {
    const text = `,time,temp,hum,label\n${csv(([t, h, l], i) => `${i},2024-01-01 00:00:${10 + i},${t},${h},${l}`)}\n`;
    const { data } = await replay({ "d.csv": text }, ["--data", "d.csv"]);
    expect(data).toMatchObject({
      rows: 40,
      rejected: 0,
      damaged: 0,
      target: { column: "label", classes: 2, names: ["idle", "run"] },
    });
  });

  test.each([
    ["1 and 2", "1", "2", ["1", "2"]],
    ["-1 and 1", "-1", "1", ["-1", "1"]],
    ["OFF and ON", "OFF", "ON", ["OFF", "ON"]],
    ["10 and 20", "10", "20", ["10", "20"]],
  ])("classes may be %s", async (_, one, other, names) => {
    const text = `temp;hum;state\n${csv(([t, h], i) => `${t};${h};${i % 2 ? one : other}`)}\n`;
    const { data } = await replay({ "d.csv": text }, [
      "--data",
      "d.csv",
      "--target",
      "state",
      "--classes",
      "auto",
    ]);
    expect(data).toMatchObject({ rows: 40, target: { classes: 2, names } });
  });

  test("--target names a number in any form, and what is missing is left out", async () => {
    const text = csv(([t, h], i) =>
      JSON.stringify({ ts: 1.7e12 + 1000 * i, in: { t, h: i % 8 ? h : null }, flow: i }),
    );
    const { data } = await replay({ "d.txt": text }, ["--data", "d.txt", "--target", "in.t"]);
    expect(data).toMatchObject({ rows: 40, rejected: 5, target: { column: "in.t" } });
  });

  test("a column that is not there is refused with the nearest name", async () => {
    const { code, stderr } = await replay({ "d.csv": "temp,hum\n1,2\n" }, [
      "--data",
      "d.csv",
      "--target",
      "tmp",
    ]);
    expect(code).toBe(1);
    expect(stderr).toBe('rivulet: d.csv has no column "tmp" of --target; did you mean "temp"?\n');
  });

  test("a word that is not a class is refused once, with its line, and counted", async () => {
    const text = `temp,hum,state\n${csv(([t, h, l]) => `${t},${h},${l}`)}\n1,2,broken\n3,4,broken\n`;
    const { data } = await replay({ "d.csv": text }, [
      "--data",
      "d.csv",
      "--target",
      "state",
      "--classes",
      "idle,run",
    ]);
    expect(data).toMatchObject({
      damaged: 2,
      refused: ['line 42: a value that is not a class for state: "broken"'],
    });
  });
});

describe.concurrent("with a config", () => {
  const config = (fields: string, more = "") =>
    `source: { fields: [${fields}]${more} }\ntarget: { column: label, classes: [idle, run] }\n`;

  test("columns are left out by place, and a field lists what stands for no value", async () => {
    const text = `${csv(([t, h, l], i) => `12:00:${10 + i};${i === 3 ? 85 : t};${h};${l}`)}\n`;
    const files = {
      "d.csv": text.replaceAll(".", ","),
      "c.yaml": config("_, { name: temp, missing: [85] }, hum, label"),
    };
    const { data } = await replay(files, ["c.yaml", "--data", "d.csv"]);
    expect(data).toMatchObject({ rows: 40, rejected: 1, damaged: 0 });
  });

  test("an absent value is replaced by the mean so far", async () => {
    const text = `temp,hum,label\n${csv(([t, h, l], i) => `${i % 4 === 3 ? "NA" : t},${h},${l}`)}\n`;
    const files = { "d.csv": text, "c.yaml": config("temp, hum, label", ", values: { missing: absent }") };
    const { data } = await replay(files, ["c.yaml", "--data", "d.csv"]);
    expect(data).toMatchObject({ rows: 40, rejected: 0, faults: [{ field: "temp", notFinite: 10 }] });
  });

  test("classes may come as they are met, and inspect names them", async () => {
    const text = `temp,hum,label\n${csv(([t, h, l]) => `${t},${h},${l}`)}\n`;
    const cwd = folderWith({
      "d.csv": text,
      "c.yaml": "source: { fields: [temp, hum, label] }\ntarget: { column: label, classes: { max: 4 } }\n",
    });
    expect(
      (await rivulet(["replay", "c.yaml", "--data", "d.csv", "--save", "s.msgpack"], { cwd })).code,
    ).toBe(0);
    const { stdout } = await rivulet(["inspect", "s.msgpack"], { cwd });
    expect(stdout).toContain("label, one of 4 classes: idle, run");
  });
});
