/** What a command loads is what it costs a board: serialport takes 11 MB, the emulator is not even installed there. */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { folderWith, start } from "../rivulet.ts";

const cli = fileURLToPath(new URL("../../dist/bin/rivulet.cjs", import.meta.url));

/** Writes the CommonJS packages that were loaded, as all of the heavy ones are, behind everything else. */
const confess = `import module from "node:module"; import { writeSync } from "node:fs";
process.on("exit", () => writeSync(2, "loaded: " + Object.keys(module._cache).join(" ")));`;

async function loadedBy(words: string[], cwd: string): Promise<string> {
  const hook = `data:text/javascript,${encodeURIComponent(confess)}`;
  const { stderr } = await start(["--import", hook, cli, ...words], { cwd }).ended;
  expect(stderr).toContain("loaded: ");
  return stderr;
}

const cwd = folderWith({
  "c.yaml": "target: { column: label, classes: 2 }\n",
  "port.yaml":
    "source: { serial: { path: none }, framing: lines, fields: [x, label] }\ntarget: { column: label, classes: 2 }\n",
  "d.csv": "x,label\n1,0\n2,1\n",
});

test.concurrent.each([
  [["--help"]],
  [["plan", "c.yaml", "--data", "d.csv"]],
  [["replay", "--data", "d.csv"]],
  [["fit", "c.yaml", "--data", "d.csv"]],
  [["inspect", "d.csv"]],
])("%j loads no serial port and no emulator", async (words) => {
  expect(await loadedBy(words, cwd)).not.toMatch(/serialport|avr8js|node-pty/);
});

test.concurrent("run loads a serial port, and no emulator", async () => {
  const loaded = await loadedBy(["run", "port.yaml"], cwd);
  expect(loaded).toMatch(/serialport/);
  expect(loaded).not.toMatch(/avr8js|node-pty/);
});
