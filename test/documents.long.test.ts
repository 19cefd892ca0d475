import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { commands } from "../src/commands/command-line/table.ts";
import { findingsText } from "../src/commands/doctor.ts";
import { parseConfig } from "../src/config/config.ts";
import { demoFirmware } from "../src/emulation/demo-firmware.ts";
import { startBoard } from "../src/emulation/start-board.ts";
import type { Field } from "../src/samples/decoding/fields.ts";
import { createLineDecoder } from "../src/samples/decoding/lines.ts";
import { SampleRing } from "../src/samples/ring.ts";
import { fakeMachine, findingsOn, needing, usbPort } from "./device/tree.ts";
import { asExpression, blocks, documents, read, root, type Shown, shownCommands } from "./documents.ts";
import { built, cli, type Outcome, rivulet, start } from "./rivulet.ts";

const readme = "README.md";

const outcomes = new Map<string, Promise<Outcome>>();

/** What a snippet prints, and its exit code. Each is run once. */
function execute(code: string): Promise<Outcome> {
  const known = outcomes.get(code);
  if (known !== undefined) return known;
  const file = join(folder, `snippet-${outcomes.size}.mjs`);
  writeFileSync(file, code);
  const outcome = start([file], { cwd: folder }).ended;
  outcomes.set(code, outcome);
  return outcome;
}

/** With or without settings before it. */
const isDaemon = ({ command }: Shown) => /rivulet(\.cjs)? run /.test(command);

/** A folder, new for each document, in which its paths hold and `rivulet` is this project. */
let folder: string;
function beginInOwnFolder(): void {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "rivulet-documents-"));
    cpSync(join(root, "devices"), join(folder, "devices"), { recursive: true });
    const modules = join(folder, "node_modules");
    cpSync(join(root, "package.json"), join(modules, "rivulet/package.json"));
    symlinkSync(join(built, "dist"), join(modules, "rivulet/dist"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
}

describe.each(documents)("in %s", (document) => {
  beginInOwnFolder();
  const shown = shownCommands(document);
  const daemons = shown.filter(isDaemon);

  test("every fenced block is of a language that is checked, or that no command here reads", () => {
    const languages = [...read(document).matchAll(/^```(\w*)\n[\s\S]*?^```/gm)].map((match) => match[1]);
    expect(["sh", "console", "yaml", "js", "ts", "text", "c", "cpp"]).toEqual(
      expect.arrayContaining(languages),
    );
  });

  // In order: a later command may use what an earlier one saved.
  test("every command over a file works, and prints what is shown", async () => {
    for (const { command, output } of shown.filter(
      (one) => !isDaemon(one) && one.command.startsWith("npx rivulet"),
    )) {
      const { code, stdout, stderr } = await rivulet(command.split(" ").slice(2), { cwd: folder });
      // What doctor finds depends on the machine: a problem is no fault of the document.
      if (!command.startsWith("npx rivulet doctor")) expect(code, `${command}\n${stderr}`).toBe(0);
      expect(stdout, command).not.toBe("");
      if (output !== null) expect(stdout, command).toMatch(asExpression(output));
    }
  });

  test("every script that is named exists", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const named = [...read(document).matchAll(/npm run ([\w:-]+)/g)].map((match) => match[1]);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
  });

  test("every link leads to a file that is there", () => {
    const links = [...read(document).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map((match) => match[1]);
    const missing = links.filter(
      (link) => !link.includes("://") && !existsSync(join(root, dirname(document), link)),
    );
    expect(missing).toEqual([]);
  });

  test("every config, or part of one, is without a fault", () => {
    for (const block of blocks(document, "yaml")) {
      const target = /loss: .*(huber|mse|mae)/.test(block)
        ? { column: "label" }
        : { column: "label", classes: 3 };
      const config = stringify(completed(parse(block), target));
      expect(() => parseConfig(config, "shown.yaml"), block).not.toThrow();
    }
  });

  test("every snippet runs", async () => {
    for (const code of blocks(document, "js")) {
      const { code: exit, stdout, stderr } = await execute(code);
      expect([exit, stderr], code).toEqual([0, ""]);
      expect(stdout, code).not.toBe("");
    }
  });

  if (daemons.length === 0) return;
  test("the daemon learns from a board on the port that its config names", async () => {
    for (const { command } of daemons) await learnFromBoard(command);
  });
});

/** A part of a config with what a whole one has besides, a target among it. */
function completed(part: Record<string, unknown>, target: object): unknown {
  const fields = ["temperature", "vibration", "label"];
  const { source, ...rest } = part as { source?: Record<string, unknown> };
  const origin = { serial: { path: "/dev/ttyACM0", baudRate: 115_200 }, framing: "lines", fields };
  return { target, ...rest, source: source?.["ignore"] ? source : { ...origin, ...source } };
}

async function learnFromBoard(command: string): Promise<void> {
  const board = await startBoard(demoFirmware.path);
  const config = join(folder, "devices/examples/pump.yaml");
  const text = readFileSync(config, "utf8");
  writeFileSync(config, text.replace("/dev/ttyACM0", board.path));
  const settings = command.split(" ").filter((word) => /^\w+=/.test(word));
  const [before, called] = command.split(/rivulet(?:\.cjs)? (?=run)/);
  const flags = before.split(" ").filter((word) => word.startsWith("--"));
  const words = [...called.split(" "), "--status-every", "1s"];
  const child = spawn(process.execPath, [...flags, cli, ...words], {
    cwd: folder,
    env: { ...process.env, ...Object.fromEntries(settings.map((setting) => setting.split(/=(.*)/s))) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  let output = "";
  try {
    for await (const text of child.stdout) {
      output += text;
      // Once: a second signal would end it at once, without a checkpoint.
      if (!child.killed && /\d{2,} samples, \d+/.test(output)) child.kill("SIGTERM");
    }
    expect(await ended).toBe(0);
  } finally {
    child.kill("SIGKILL");
    await board.close();
    writeFileSync(config, text);
    rmSync(join(folder, "checkpoints"), { recursive: true, force: true });
  }
  expect(output).toContain("checkpoint-00000001.msgpack");
}

describe("in the README", () => {
  beginInOwnFolder();

  test("is at most 200 lines", () => {
    expect(read(readme).trimEnd().split("\n").length).toBeLessThanOrEqual(200);
  });

  test("the network of the first snippet takes under fifteen lines and learns exclusive or", async () => {
    const [code] = blocks(readme, "js");
    expect(code.trim().split("\n").length).toBeLessThan(15);
    const { stdout } = await execute(code);
    const [no, yes] = (stdout.match(/0\.\d+/g) as string[]).map(Number);
    expect(yes).toBeGreaterThan(0.9);
    expect(no).toBeLessThan(0.1);
  });

  test("the learner of the second snippet is right about nine in ten", async () => {
    const { stdout } = await execute(blocks(readme, "js")[1]);
    expect(Number.parseFloat(stdout)).toBeGreaterThan(0.9);
  });

  test("every way to write a line is read as the same sample", () => {
    const [text] = blocks("devices/examples/README.md", "text");
    const { fields } = parseConfig(blocks(readme, "yaml")[0], "readme.yaml").source;
    const ring = new SampleRing(3, 16, "pause");
    const decoder = createLineDecoder(fields as Field[], ring, { startsAtLine: true });
    decoder.decode(Buffer.from(text), 0, text.length, 0);
    const lines = text.trim().split("\n").length;
    expect(decoder.counts).toMatchObject({ samples: lines, damaged: 0 });
    for (; ring.length > 0; ring.release()) {
      const front = ring.front();
      expect([...ring.values.subarray(front, front + 3)]).toEqual([21.5, 0.37, 1]);
    }
  });

  test("what doctor says of a board is what it says", () => {
    const newcomer = { name: "pi", id: 54_321, groups: [54_321] };
    const changes = { ...usbPort, "sys/fs/cgroup/cgroup.controllers": "cpuset cpu io pids\n" };
    const machine = fakeMachine("raspberry-pi-zero-2-w", changes, { user: newcomer });
    const findings = findingsOn(machine, needing({ port: "/dev/ttyACM0", gpio: false }));
    const said = findingsText(findings).split("\n");
    const block =
      /reports, among other things:\n\n((?: {4}.*\n|\n)+)/.exec(read("devices/boards/README.md"))?.[1] ?? "";
    const shown = block
      .trimEnd()
      .split("\n")
      .map((line) => line.slice(4));
    expect(shown).toEqual(said.filter((line) => shown.includes(line)));
    expect(shown.length).toBeGreaterThan(8);
  });

  test("every command that is named exists", () => {
    const named = [...read(readme).matchAll(/(?:^|`|\$ )(?:npx )?rivulet ([a-z]+)/gm)].map(
      (match) => match[1],
    );
    expect(named.length).toBeGreaterThan(10);
    expect(commands.map(({ name }) => name)).toEqual(expect.arrayContaining(named));
  });
});
