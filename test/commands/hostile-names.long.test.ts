/** Names and bytes from outside reach no terminal as they are: a test over every command. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { commands } from "../../src/commands/command-line/table.ts";
import { folderWith, type Outcome, rivulet, startRivulet } from "../rivulet.ts";

/** It recolours, rings, turns the letters around, sets the title, and begins a line of its own. */
const evil = "e\u001b[31m\u0007\u202ev\u009b1m\u001b]0;owned\u0007";
const evilPath = `${evil}\nFORGED`;
const evilField = `t${evil}`;

const config = (source: string, file = "saved") => `source:
  ${source}
  framing: lines
  fields: [${JSON.stringify(evilField)}, y, label]
target: { column: label, classes: 2 }
checkpoint: { directory: ${JSON.stringify(file)} }
`;
const dataConfig = `source:
  fields: [${JSON.stringify(evilField)}, y, label]
target: { column: label, classes: 2 }
model: { layers: [dense] }
`;
const rows = Array.from({ length: 60 }, (_, i) => `${i % 7},${i % 5},${i % 2}\n`).join("");
const table = `${evilField},y,label\n${rows}`;
const port = `serial: { path: ${JSON.stringify(`/dev/${evilPath}`)} }`;

const folder = folderWith({
  [`${evilPath}.yaml`]: config("stdin: true"),
  [`port-${evilPath}.yaml`]: config(port),
  [`missing-${evilPath}.yaml`]: config("stdin: true").replace("y, label", `y, ${JSON.stringify(evilField)}`),
  [`data-${evilPath}.yaml`]: dataConfig,
  [`${evilPath}.csv`]: table,
  [`bad-${evilPath}.csv`]: `${evilField},y,label\n1,${evil},0\n`,
  [`sent-${evilPath}`]: Array.from({ length: 60 }, (_, i) => `{"${evilField}":${i}.5,"y":${i % 3}}\n`).join(
    "",
  ),
  [`noise-${evilPath}`]: `${evil}\n`.repeat(40),
});
const inFolder = (name: string) => join(folder, name);

/** Command lines of each command, most with something wrong. */
const trials: Record<string, string[][]> = {
  demo: [["--seconds", evilPath]],
  run: [
    [inFolder(`${evilPath}.yaml`)],
    [inFolder(`missing-${evilPath}.yaml`)],
    [inFolder(`port-${evilPath}.yaml`)],
    [inFolder(evilPath)],
  ],
  install: [[inFolder(`port-${evilPath}.yaml`), "--dry-run", "--root", inFolder(`root-${evilPath}`)]],
  sniff: [[inFolder(`sent-${evilPath}`)], [inFolder(`noise-${evilPath}`)], [inFolder(evilPath)]],
  record: [
    [inFolder(`${evilPath}.yaml`), "--out", inFolder(`rec-${evilPath}`)],
    [inFolder(`${evilPath}.yaml`), "--out", inFolder(`none-${evilPath}/x`)],
  ],
  replay: [
    ["--data", inFolder(`${evilPath}.csv`), "--save", inFolder(`cp-${evilPath}`)],
    ["--data", inFolder(`bad-${evilPath}.csv`)],
    [inFolder(`data-${evilPath}.yaml`), "--data", inFolder(evilPath)],
  ],
  fit: [
    [inFolder(`data-${evilPath}.yaml`), "--data", inFolder(`${evilPath}.csv`), "--epochs", "1"],
    [inFolder(`data-${evilPath}.yaml`), "--data", inFolder(`bad-${evilPath}.csv`), "--epochs", "1"],
  ],
  compare: [[inFolder(`data-${evilPath}.yaml`), "--data", inFolder(`bad-${evilPath}.csv`)]],
  config: [[evilPath]],
  plan: [[inFolder(`data-${evilPath}.yaml`)], [inFolder(evilPath)]],
  inspect: [[inFolder(`cp-${evilPath}`)], [inFolder(evilPath)]],
  migrate: [
    [inFolder(`cp-${evilPath}`), "--config", inFolder(`port-${evilPath}.yaml`), "--dry-run"],
    [inFolder(evilPath), "--config", inFolder(evilPath)],
  ],
  normal: [[inFolder(`port-${evilPath}.yaml`)], [inFolder(evilPath)]],
  ports: [[evilPath]],
  doctor: [[inFolder(`port-${evilPath}.yaml`)], [inFolder(evilPath)]],
  bench: [[evilPath]],
  validate: [[inFolder(`port-${evilPath}.yaml`)], [inFolder(evilPath)]],
  predict: [
    [inFolder(`cp-${evilPath}`), "--data", inFolder(`${evilPath}.csv`)],
    [inFolder(evilPath), "--data", inFolder(`${evilPath}.csv`)],
  ],
  evaluate: [
    [inFolder(`cp-${evilPath}`), "--data", inFolder(`${evilPath}.csv`)],
    [inFolder(evilPath), "--data", inFolder(`${evilPath}.csv`)],
  ],
  convert: [[inFolder(evilPath), "--to", "csv"]],
  label: [[inFolder(`port-${evilPath}.yaml`), "--class", "1", "--last", "1s"]],
  pause: [[inFolder(`port-${evilPath}.yaml`)], [inFolder(evilPath)]],
  resume: [[inFolder(`port-${evilPath}.yaml`)]],
  top: [[inFolder(`port-${evilPath}.yaml`)]],
  mqtt: [[inFolder(`port-${evilPath}.yaml`)]],
  sync: [[inFolder(`port-${evilPath}.yaml`)]],
  host: [["list", inFolder(evilPath)]],
  models: [
    ["publish", inFolder(evilPath), "--to", inFolder(evilPath), "--group", "g", "--key", inFolder(evilPath)],
    ["list", "--to", inFolder(evilPath), "--group", evil, "--key", inFolder(evilPath)],
  ],
};

/** All that turns, hides or forges, except the line feed, which only Rivulet may write. */
const unsafe = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

function expectSafe({ stdout, stderr }: Outcome): void {
  for (const text of [stdout, stderr]) {
    expect(unsafe.exec(text)?.[0] ?? "", text).toBe("");
    expect(text).not.toMatch(/^(# )?FORGED/m);
  }
}

/** Commands that read standard input, or run until a signal. */
const ofOwnProcess = ["run", "record"];

function outcomeOf(command: string, words: string[]): Promise<Outcome> {
  if (!ofOwnProcess.includes(command)) return rivulet(words, { cwd: folder });
  const run = startRivulet(words, { cwd: folder, stdin: "pipe" });
  run.process.stdin?.on("error", () => {}).end(`${evil}\n${rows}${evil},1,2\n`);
  return run.ended;
}

test("every command has its trial", () => {
  expect(Object.keys(trials).sort()).toEqual(commands.map(({ name }) => name).sort());
});

describe("a hostile name is harmless in what is printed by", () => {
  for (const [command, lines] of Object.entries(trials)) {
    test(command, async () => {
      let shown = "";
      for (const words of lines) {
        for (const json of [[], ["--json"]]) {
          const outcome = await outcomeOf(command, [command, ...words, ...json]);
          expectSafe(outcome);
          shown += outcome.stdout + outcome.stderr;
        }
      }
      // Else the trials would prove nothing.
      expect(shown).toContain("owned");
    });
  }
});
