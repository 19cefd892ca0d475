import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { folderWith, rivulet } from "../rivulet.ts";
import { saddle } from "./data.ts";

const learn = (fields: string, more = "") =>
  `source: { file: d.csv, fields: [${fields}] }\ntarget: { column: label, classes: 3 }\ncheckpoint: { directory: saved${more} }\n`;
const wide = saddle(400)
  .trimEnd()
  .split("\n")
  .map((line, row) => (row === 0 ? `z,${line}` : `${row % 7},${line}`))
  .join("\n");

async function run(cwd: string, ...words: string[]) {
  const { code, stdout, stderr } = await rivulet([...words, "--json"], { cwd });
  return {
    code,
    stderr,
    lines: stdout
      .trim()
      .split("\n")
      .map((line) => (line === "" ? {} : JSON.parse(line))),
  };
}

test("a field more is refused with the command that helps, and after it learning continues", async () => {
  const cwd = folderWith({
    ...{ "old.yaml": learn("x, y, label"), "new.yaml": learn("z, x, y, label") },
    ...{ "free.yaml": learn("y, z, x, label", ", onChange: migrate"), "d.csv": wide },
  });
  const first = await run(cwd, "replay", "old.yaml", "--data", "d.csv", "--save", "saved/");
  expect([first.code, first.stderr]).toEqual([0, ""]);
  const folder = join(cwd, "saved");
  const refused = await run(cwd, "run", "new.yaml");
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain(
    `rivulet migrate ${folder} --config new.yaml carries over what was learned`,
  );

  const dry = await run(cwd, "migrate", "saved", "--config", "new.yaml", "--dry-run");
  expect(dry.lines[0]).toMatchObject({ new: ["field z"], removed: [], saved: null });
  expect(readdirSync(folder)).toHaveLength(1);
  const migrated = await run(cwd, "migrate", "saved", "--config", "new.yaml");
  expect([migrated.code, migrated.stderr]).toEqual([0, ""]);
  expect(readdirSync(folder)).toHaveLength(2);

  const going = await run(cwd, "run", "new.yaml");
  expect([going.code, going.stderr]).toEqual([0, ""]);
  const resumed = going.lines.find(({ event }) => event === "resume");
  expect(resumed.samplesSeen).toBe(first.lines[0].metrics.samples + 1);

  // With onChange the daemon does it by itself, here for another order.
  const free = await run(cwd, "run", "free.yaml");
  expect(free.lines.find(({ event }) => event === "config-changed").text).toContain(
    "was carried over to the changed config",
  );
  expect(free.lines.find(({ event }) => event === "resume").samplesSeen).toBeGreaterThan(resumed.samplesSeen);
  expect(free.lines.filter(({ event }) => event === "memory-lost")).toEqual([]);
  // What the daemon counts goes on too.
  const counted = (lines: typeof free.lines) => lines.findLast(({ event }) => event === "totals").sequence;
  expect(counted(free.lines)).toBe(2 * counted(going.lines));
});

test("what cannot be carried over leaves everything as it is", async () => {
  const cwd = folderWith({
    "c.yaml": learn("x, y, label"),
    "other.yaml": "target: { column: x }\n",
    "d.csv": saddle(60),
  });
  await run(cwd, "replay", "c.yaml", "--data", "d.csv", "--save", "a.msgpack");
  const { code, stderr } = await run(
    cwd,
    "migrate",
    "a.msgpack",
    "--config",
    "other.yaml",
    "--save",
    "b.msgpack",
  );
  expect(code).toBe(2);
  expect(stderr).toContain('target.column is "x" in the config and "label" in it');
  expect(existsSync(join(cwd, "b.msgpack"))).toBe(false);
});
