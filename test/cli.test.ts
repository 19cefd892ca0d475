import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, openSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { commands } from "../src/commands/command-line/table.ts";
import { needing } from "./needs.ts";
import { cli, folderWith, rivulet, start } from "./rivulet.ts";

const config = "target: { column: label, classes: 3 }\n";
const data = "x,label\n1,0\n2,1\n";

describe.concurrent("help", () => {
  test.each([[], ["--help"], ["-h"], ["help"]])("lists every command for %j", async (...words) => {
    const { code, stdout, stderr } = await rivulet(words);
    expect([code, stderr]).toEqual([0, ""]);
    for (const { name, summary } of commands) {
      expect(stdout).toContain(`  ${name}`);
      expect(stdout.replace(/\s+/g, " ")).toContain(summary);
    }
  });

  test.each(commands.map(({ name }) => name))(
    "of %s shows every option, without running it",
    async (name) => {
      const { code, stdout, stderr } = await rivulet([name, "--help"]);
      expect([code, stderr]).toEqual([0, ""]);
      const { options } = commands.find((command) => command.name === name) as (typeof commands)[number];
      for (const option of [...Object.keys(options), "json"]) expect(stdout).toContain(`  --${option}`);
      expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
      expect((await rivulet(["help", name])).stdout).toBe(stdout);
    },
  );

  test("and version are one JSON document with --json", async () => {
    const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
    expect((await rivulet(["--version"])).stdout).toBe(`${version}\n`);
    expect(JSON.parse((await rivulet(["--version", "--json"])).stdout)).toEqual({ version });
    expect(JSON.parse((await rivulet(["help", "--json"])).stdout).help).toContain("Usage");
  });
});

describe.concurrent("wrong use ends with exit code 2 and one sentence:", () => {
  test.each([
    [["repaly"], 'there is no command "repaly", see rivulet --help; did you mean "replay"?'],
    [["help", "paln"], 'there is no command "paln", see rivulet --help; did you mean "plan"?'],
    [["plan"], "rivulet plan needs CONFIG: rivulet plan CONFIG [options]; see rivulet plan --help"],
    [["plan", "a", "b"], 'rivulet plan does not know what to do with "b": rivulet plan CONFIG [options]'],
    [["fit", "c", "--epoch", "3"], "rivulet fit has no option --epoch; did you mean --epochs?"],
    [["fit", "c", "-x"], "rivulet fit has no option -x; see rivulet fit --help"],
    [["demo", "--seconds"], "--seconds needs a value: --seconds N"],
    [["demo", "--seconds", "--json"], "--seconds needs a value, found the option --json: --seconds N"],
    [["demo", "--seconds", "soon"], '--seconds must be a whole number from 1 to 86400, found "soon"'],
    [["demo", "--json=yes"], '--json takes no value, found "yes"'],
    [["replay"], "rivulet replay needs --data FILE; see rivulet replay --help"],
    [
      ["--json", "plan"],
      "the command comes first, found --json: rivulet COMMAND [options]; see rivulet --help",
    ],
  ])("%j", async (words, sentence) => {
    const { code, stderr } = await rivulet(words);
    expect(stderr).toBe(`rivulet: ${sentence}\n`);
    expect(code).toBe(2);
  });

  test.each([
    [
      ["--regime", "bach"],
      '--regime must be one of batch, stochastic, mini-batch, found "bach"; did you mean batch?',
    ],
    [["--epochs", "0"], '--epochs must be a whole number of at least 1, found "0"'],
    [["--held-out", "1"], '--held-out must be a number from 0 to below 1, found "1"'],
    [["--seed", "1", "--seed", "2"], '--seed is given twice: "1" and "2"'],
  ])("fit with %j", async (words, sentence) => {
    const cwd = folderWith({ "c.yaml": config, "d.csv": data });
    const { code, stderr } = await rivulet(["fit", "c.yaml", "--data", "d.csv", ...words], { cwd });
    expect(stderr).toBe(`rivulet: ${sentence}\n`);
    expect(code).toBe(2);
  });

  test("run with a status as rare as no timer is", async () => {
    const cwd = folderWith({ "c.yaml": config });
    const { code, stderr } = await rivulet(["run", "c.yaml", "--status-every", "30d"], { cwd });
    expect(stderr).toBe(
      'rivulet: --status-every must be a duration such as 30s or 1min, up to 24d, found "30d"\n',
    );
    expect(code).toBe(2);
  });
});

describe.concurrent("with --json standard output holds one JSON document", () => {
  const cwd = folderWith({ "c.yaml": config, "d.csv": data });
  test.each([
    [0, ["plan", "c.yaml", "--data", "d.csv"]],
    [0, ["replay", "--data", "d.csv"]],
    [0, ["fit", "c.yaml", "--data", "d.csv", "--epochs", "1"]],
    [1, ["inspect", "c.yaml"]],
    [2, ["run", "c.yaml"]],
    [2, ["plan", "nowhere.yaml"]],
    [2, ["replay"]],
    [2, ["rply"]],
    [2, ["plan", "--wrong"]],
  ])("also where the exit code is %i: %j", async (expected, words) => {
    const { code, stdout, stderr } = await rivulet([...words, "--json"], { cwd });
    const document = JSON.parse(stdout);
    expect(code).toBe(expected);
    if (code === 0) expect(stderr).toBe("");
    else expect(stderr).toBe(`rivulet: ${document.error}\n`);
  });
});

test.concurrent("with --json an error carries its code, and where it is in the config, each of several", async () => {
  const text = `${config}training: { batchSize: 0 }\ncheckpoint: { kep: 3 }\n`;
  const cwd = folderWith({ "c.yaml": text, "d.csv": data });
  const failure = async (...words: string[]) =>
    JSON.parse((await rivulet([...words, "--json"], { cwd })).stdout);
  const wrong = { code: "config.bad-value", path: "training.batchSize", file: "c.yaml", line: 2 };
  const unknown = { code: "config.unknown-key", path: "checkpoint.kep", file: "c.yaml", line: 3 };
  expect(await failure("plan", "c.yaml")).toMatchObject({ ...wrong, errors: [wrong, unknown] });
  expect(await failure("plan", "nowhere.yaml")).toMatchObject({
    code: "config.unreadable",
    file: "nowhere.yaml",
  });
  expect(await failure("inspect", "d.csv")).toMatchObject({ code: expect.stringMatching(/^checkpoint\./) });
  expect(await failure("paln")).toMatchObject({ code: "usage" });
});

test.concurrent("ends in peace when the reader of its output goes away", async () => {
  const cwd = folderWith({ "c.yaml": config, "d.csv": data });
  const child = spawn(process.execPath, [cli, "plan", "c.yaml", "--data", "d.csv"], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.destroy();
  let complaint = "";
  child.stderr.on("data", (text) => {
    complaint += text;
  });
  const [code] = await once(child, "close");
  expect([code, complaint]).toEqual([0, ""]);
});

test.concurrent(
  "says in a sentence that its output has no room",
  needing(existsSync("/dev/full"), "/dev/full, which Linux has"),
  async () => {
    const cwd = folderWith({ "c.yaml": config, "d.csv": data });
    const child = spawn(process.execPath, [cli, "plan", "c.yaml", "--data", "d.csv"], {
      cwd,
      stdio: ["ignore", openSync("/dev/full", "w"), "pipe"],
    });
    let complaint = "";
    child.stderr?.on("data", (text) => {
      complaint += text;
    });
    const [code] = await once(child, "close");
    expect(complaint).toBe("rivulet: cannot write to standard output: no space left on the disk\n");
    expect(code).toBe(1);
  },
);

test.concurrent("asks for a report, with the stack, of what only Rivulet can be blamed for", async () => {
  const cwd = folderWith({ "d.csv": data });
  const sabotage = 'data:text/javascript,performance.now = () => { throw new TypeError("surprise"); };';
  const words = ["--import", sabotage, cli, "replay", "--data", "d.csv", "--json"];
  const { code, stdout, stderr } = await start(words, { cwd }).ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/^rivulet: this is a fault in Rivulet.*\nTypeError: surprise\n {4}at /);
  expect(JSON.parse(stdout)).toEqual({ error: "TypeError: surprise" });
});
