import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Invocation } from "../../src/commands/command-line/command.ts";
import { run as pause } from "../../src/commands/pause.ts";
import { run as resume } from "../../src/commands/resume.ts";
import { folderWith } from "../rivulet.ts";
import { startWatched } from "../status/bench.ts";

const invoke = (file: string, options: Record<string, string> = {}) =>
  ({ positionals: [file], options, switches: new Set(), json: false }) as unknown as Invocation;
const config =
  "source: { stdin: true, framing: lines, fields: [a, b, label] }\ntarget: { column: label, classes: 3 }\n";

test("a running daemon is paused, for a time too, and goes on when it is told", async () => {
  const folder = folderWith();
  const { daemon, port, config: own, stop } = await startWatched({ folder });
  const file = join(folder, "told.yaml");
  writeFileSync(
    file,
    `${config}status: { listen: 127.0.0.1:${port}, tokenFile: ${own.status?.tokenFile} }\n`,
  );
  expect((await pause(invoke(file, { for: "2h" }))).text).toContain("told: learning is paused for 2 h");
  expect(daemon.status().pauseLeftMs).toBeGreaterThan(7_000_000);
  expect((await resume(invoke(file))).text).toBe("told: learning continues");
  expect([daemon.status().paused, daemon.status().pauseLeftMs]).toEqual([false, null]);
  await pause(invoke(file));
  expect([daemon.status().paused, daemon.status().pauseLeftMs]).toEqual([true, null]);
  await stop();
  await expect(resume(invoke(file))).rejects.toThrow("cannot reach the daemon at http://127.0.0.1:");
});

test("what cannot be asked is said before anything is sent", async () => {
  const folder = folderWith({ "c.yaml": config });
  const file = join(folder, "c.yaml");
  await expect(pause(invoke(file))).rejects.toThrow("add the line status: { listen: 127.0.0.1:8787 }");
  await expect(pause(invoke(file, { for: "soon" }))).rejects.toThrow('such as 2h, up to 24d, found "soon"');
});
