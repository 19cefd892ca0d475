/** What a command loads is what it costs a board: serialport takes 11 MB, the emulator is not even installed there. */
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { commands } from "../../src/commands/command-line/table.ts";
import { cli, folderWith, start } from "../rivulet.ts";

/** Writes the CommonJS packages that were loaded, as all of the heavy ones are, behind everything else. */
const confess = `import module from "node:module"; import { writeSync } from "node:fs";
process.on("exit", () => writeSync(2, "loaded: " + Object.keys(module._cache).concat(process.moduleLoadList).join(" ")));`;

async function loadedBy(words: string[], cwd: string, stdin: "ignore" | "pipe" = "ignore"): Promise<string> {
  const hook = `data:text/javascript,${encodeURIComponent(confess)}`;
  const run = start(["--import", hook, cli, ...words], { cwd, stdin });
  run.process.stdin?.end();
  const { stderr } = await run.ended;
  expect(stderr).toContain("loaded: ");
  return stderr;
}

const port =
  "source: { serial: { path: none }, framing: lines, fields: [x, label] }\ntarget: { column: label, classes: 2 }\n";
const cwd = folderWith({
  "pipe.yaml":
    "source: { stdin: true, framing: lines, fields: [x, label] }\ntarget: { column: label, classes: 2 }\n",
  "c.yaml": "target: { column: label, classes: 2 }\n",
  "port.yaml": port,
  // Two daemons may not share a folder of checkpoints, which is named after the config.
  "other-port.yaml": port,
  "file.yaml": "source: { file: d.csv, fields: [x, label] }\ntarget: { column: label, classes: 2 }\n",
  "d.csv": "x,label\n1,0\n2,1\n",
});

test.concurrent.each([
  [["--help"]],
  [["plan", "c.yaml", "--data", "d.csv"]],
  [["replay", "--data", "d.csv"]],
  [["fit", "c.yaml", "--data", "d.csv", "--epochs", "1"]],
  [["inspect", "d.csv"]],
  [["ports"]],
  [["doctor", "port.yaml"]],
])("%j loads no serial port and no emulator", async (words) => {
  expect(await loadedBy(words, cwd)).not.toMatch(/serialport|avr8js|node-pty/);
});

test("every file of the command line is ASCII, of which a character takes one byte of memory", () => {
  const folder = dirname(cli);
  const files = readdirSync(folder).filter((name) => name.endsWith(".cjs"));
  expect(files.length).toBeGreaterThan(30);
  expect(files.filter((name) => /[^\p{ASCII}]/u.test(readFileSync(join(folder, name), "utf8")))).toEqual([]);
});

test("the commands that use Node's own streams are those of which the table says so, and run in a terminal", () => {
  const texts = commands.map(({ name }) => [name, readFileSync(join(dirname(cli), `${name}.cjs`), "utf8")]);
  const using = texts.filter(([, text]) => /process\.std(out|err)\b/.test(text)).map(([name]) => name);
  const said = commands.filter(({ usesStreams }) => usesStreams).map(({ name }) => name);
  expect(using.sort()).toEqual([...said, "run"].sort());
});

test.concurrent("a command that only prints loads no streams", async () => {
  const loaded = await loadedBy(["validate", "port.yaml"], cwd);
  expect(loaded).toMatch(/validate\.cjs/);
  expect(loaded).not.toMatch(/NativeModule (internal\/fs\/sync_write_stream|tty|net)\b/);
});

test.concurrent("run loads a serial port, and no emulator", async () => {
  const loaded = await loadedBy(["run", "port.yaml"], cwd);
  expect(loaded).toMatch(/serialport/);
  expect(loaded).not.toMatch(/avr8js|node-pty/);
});

test.concurrent("run loads sockets where there is no port and no file, and gzip for a packed file only", async () => {
  writeFileSync(join(cwd, "d.csv.gz"), gzipSync("x,label\n1,0\n2,1\n"));
  const calls = [
    ["run", "other-port.yaml"],
    ["run", "file.yaml"],
    ["replay", "--data", "d.csv.gz"],
  ];
  const [port, file, packed] = await Promise.all(calls.map((words) => loadedBy(words, cwd)));
  for (const loaded of [port, file]) expect(loaded).not.toMatch(/NativeModule (net|zlib|http)\b/);
  expect(file).not.toMatch(/serialport/);
  expect(packed).toMatch(/NativeModule zlib\b/);
  const pipe = await loadedBy(["run", "pipe.yaml"], cwd, "pipe");
  expect(pipe).toMatch(/NativeModule net\b/);
});

test.concurrent("sync loads neither planner nor learner, and TLS only for https", async () => {
  const sync = (to: string) => `${port}sync: { to: "${to}", device: pump-7, secretFile: pump-7.key }\n`;
  const folder = folderWith({ "http.yaml": sync("http://127.0.0.1:1/fleet"), "pump-7.key": "secret\n" });
  chmodSync(join(folder, "pump-7.key"), 0o600);
  const loaded = await loadedBy(["sync", "http.yaml", "--dry-run"], folder);
  expect(loaded).toMatch(/sync\.cjs/);
  expect(loaded).not.toMatch(/planning\.cjs|learner\.cjs|configuration\.cjs|NativeModule (tls|https)\b/);
});
