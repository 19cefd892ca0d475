import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { folderWith, rivulet } from "../rivulet.ts";
import { startWatched } from "../status/bench.ts";

const config = `source: { fields: [a, b], stdin: true, framing: lines }
target: { column: label, classes: 3 }
labels: { keep: 10min }
`;

test("a running daemon is told what the latest samples were, or the one with a number", async () => {
  const folder = folderWith();
  const watched = await startWatched({ folder, target: "{ column: label, classes: 3 }" });
  await watched.samples(6);
  // The daemon of the test listens where there is room: the command is told where.
  const text = config.replace("stdin: true", "stdin: true").replace("[a, b]", "[a, b, label]");
  const status = `status: { listen: 127.0.0.1:${watched.port}, tokenFile: ${watched.config.status?.tokenFile} }\n`;
  writeFileSync(join(folder, "told.yaml"), `${text}${status}`);
  const told = async (...words: string[]) => {
    const { code, stdout, stderr } = await rivulet(["label", "told.yaml", ...words, "--json"], {
      cwd: folder,
    });
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout);
  };
  const all = await told("--class", "2", "--last", "10min");
  expect(all.joined + all.corrected + all.repeated).toBe(watched.daemon.status().sequence);
  expect(await told("--class", "2", "--sequence", "3")).toMatchObject({ repeated: 1, corrected: 0 });
  expect(await told("--class", "1", "--sequence", "3")).toMatchObject({ corrected: 1 });
  expect(await told("--class", "1", "--sequence", "999")).toMatchObject({ unknown: 1 });
  const plain = await rivulet(["label", "told.yaml", "--class", "1", "--sequence", "3"], { cwd: folder });
  expect(plain.stdout).toBe("labels of told: 1 repeated\n");
  const response = await fetch(`${watched.base}/pause`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${watched.token}` },
  });
  expect(response.status).toBe(200);
  const paused = await rivulet(["label", "told.yaml", "--class", "0", "--sequence", "3"], { cwd: folder });
  expect([paused.code, paused.stderr]).toEqual([1, expect.stringContaining("learning is paused")]);
  await watched.stop();
  const gone = await rivulet(["label", "told.yaml", "--class", "0", "--sequence", "3"], { cwd: folder });
  expect([gone.code, gone.stderr]).toEqual([1, expect.stringContaining("cannot be reached at 127.0.0.1:")]);
});

test("where the config has no status server the line to add is printed", async () => {
  const cwd = folderWith({ "c.yaml": config });
  const { code, stderr } = await rivulet(["label", "c.yaml", "--class", "1", "--last", "10s"], { cwd });
  expect(code).toBe(1);
  expect(stderr).toContain('add the line "status: { listen: 127.0.0.1:8787 }"');
});

test.each([
  [["--last", "10s"], 2, "one of --class CLASS and --value NUMBER"],
  [["--class", "1", "--value", "2", "--last", "10s"], 2, "one of --class CLASS and --value NUMBER"],
  [["--class", "7", "--last", "10s"], 2, "found the label 7, expected a class from 0 to 2"],
  [["--class", "1"], 2, "found no samples in a label"],
  [["--class", "1", "--from", "yesterday", "--to", "today"], 2, "expected a time with its zone"],
])("wrong words are refused before anything is sent: %j", async (words, exit, sentence) => {
  const cwd = folderWith({ "c.yaml": config });
  const { code, stderr } = await rivulet(["label", "c.yaml", ...words], { cwd });
  expect([code, stderr]).toEqual([exit, expect.stringContaining(sentence)]);
});

test.each([
  ["[idle, run]", "run", 1, "add the line"],
  ["[idle, run]", "rum", 2, 'found the label "rum", expected one of idle, run'],
  // The stream may have brought it.
  ["{ max: 4 }", "rum", 1, "add the line"],
  ["3", "run", 2, "expected a class from 0 to 2"],
])("with classes: %s the class %s is known here or not", async (classes, word, exit, sentence) => {
  const cwd = folderWith({ "c.yaml": config.replace("classes: 3", `classes: ${classes}`) });
  const { code, stderr } = await rivulet(["label", "c.yaml", "--class", word, "--last", "1s"], { cwd });
  expect([code, stderr]).toEqual([exit, expect.stringContaining(sentence)]);
});
