import { execFile, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findingsText } from "../src/commands/doctor.ts";
import { parseConfig } from "../src/config/config.ts";
import { demoFirmware } from "../src/emulation/demo-firmware.ts";
import { startBoard } from "../src/emulation/start-board.ts";
import type { Field } from "../src/samples/decoding/fields.ts";
import { createLineDecoder } from "../src/samples/decoding/lines.ts";
import { SampleRing } from "../src/samples/ring.ts";
import { fakeMachine, findingsOn, needing, usbPort } from "./device/tree.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const cli = join(root, "dist/bin/rivulet.cjs");
const readme = readFileSync(join(root, "README.md"), "utf8");
const execute = promisify(execFile);

/** Contents of the fenced blocks of one language, in order. */
function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, "g"))].map((match) => match[1]);
}

const commands = blocks("sh").flatMap((block) => block.trim().split("\n"));
/** With or without settings before it. */
const daemon = commands.filter((command) => /rivulet(\.cjs)? run /.test(command));
const others = commands.filter((command) => !daemon.includes(command));

/** A folder in which the README's paths hold, and `rivulet` is this project. */
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "rivulet-readme-"));
  cpSync(join(root, "devices"), join(folder, "devices"), { recursive: true });
  const modules = join(folder, "node_modules");
  cpSync(join(root, "package.json"), join(modules, "rivulet/package.json"));
  symlinkSync(join(root, "dist"), join(modules, "rivulet/dist"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("in the README", () => {
  test("there are commands, snippets and a config to run", () => {
    expect([others.length, daemon.length, blocks("js").length, blocks("yaml").length]).toEqual([14, 2, 2, 3]);
  });

  // In order: a later command may use what an earlier one saved.
  test("every command over a file works as it stands", async () => {
    for (const command of others) {
      expect(command).toMatch(/^npx rivulet /);
      const { stdout } = await execute(process.execPath, [cli, ...command.split(" ").slice(2)], {
        cwd: folder,
      });
      expect(stdout, command).not.toBe("");
    }
  });

  test.each(daemon)(
    "the daemon learns from a board on the port that its config names: %s",
    async (command) => {
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
    },
  );

  test.each(blocks("js").map((code, index) => [index + 1, code]))("snippet %i runs", async (_, code) => {
    const file = join(folder, "snippet.mjs");
    writeFileSync(file, code as string);
    const { stdout } = await execute(process.execPath, [file], { cwd: folder });
    expect(stdout).not.toBe("");
  });

  test("the network of the first snippet takes under fifteen lines and learns exclusive or", async () => {
    const [code] = blocks("js");
    expect(code.trim().split("\n").length).toBeLessThan(15);
    const file = join(folder, "network.mjs");
    writeFileSync(file, code);
    const { stdout } = await execute(process.execPath, [file], { cwd: folder });
    const [no, yes] = (stdout.match(/0\.\d+/g) as string[]).map(Number);
    expect(yes).toBeGreaterThan(0.9);
    expect(no).toBeLessThan(0.1);
  });

  test("the learner of the second snippet is right about nine in ten", async () => {
    const file = join(folder, "learner.mjs");
    writeFileSync(file, blocks("js")[1]);
    const { stdout } = await execute(process.execPath, [file], { cwd: folder });
    expect(Number.parseFloat(stdout)).toBeGreaterThan(0.9);
  });

  test("the configs are whole", () => {
    const [first, gpio, second] = blocks("yaml");
    const [stream, windows] = [`${first}${gpio}`, second].map((text) => parseConfig(text, "readme.yaml"));
    expect(stream.source.fields).toHaveLength(3);
    expect(stream.gpio).toMatchObject({ alarm: { pin: 22, atLeastMs: 2000 }, checkpoint: { holdMs: 1000 } });
    expect(windows.model.layers).toHaveLength(4);
  });

  test("every way to write a line is read as the same sample", () => {
    const [text] = blocks("text");
    const { fields } = parseConfig(blocks("yaml")[0], "readme.yaml").source;
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
    const block = /reports, among other things:\n\n((?: {4}.*\n|\n)+)/.exec(readme)?.[1] ?? "";
    const shown = block
      .trimEnd()
      .split("\n")
      .map((line) => line.slice(4));
    expect(shown).toEqual(said.filter((line) => shown.includes(line)));
    expect(shown.length).toBeGreaterThan(8);
  });

  test("every command of the table exists", async () => {
    const { stdout } = await execute(process.execPath, [cli, "--help"]);
    const named = [...readme.matchAll(/^\| `rivulet (\w+)/gm)].map((match) => match[1]);
    expect(named.length).toBeGreaterThan(5);
    for (const command of named) expect(stdout).toContain(`  ${command} `);
  });
});
