/** What the source never does with what comes from outside: make HTML of it, hand it to a shell, read it without a limit. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const src = fileURLToPath(new URL("../src", import.meta.url));
const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.endsWith("binary.ts"))
  .map((file) => ({ file, text: readFileSync(join(src, file), "utf8") }));

/** Places of a pattern in all files but those named. */
function found(pattern: RegExp, except: readonly string[] = []): string[] {
  return files
    .filter(({ file }) => !except.includes(file))
    .flatMap(({ file, text }) =>
      text
        .split("\n")
        .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
    );
}

test("the page makes no HTML of text", () => {
  expect(files.some(({ file }) => file.startsWith("page/"))).toBe(true);
  const html =
    /innerHTML|outerHTML|insertAdjacentHTML|createContextualFragment|DOMParser|document\.write|srcdoc/;
  expect(found(html)).toEqual([]);
});

test("no text becomes code", () => {
  expect(found(/\beval\(|new Function\(|import\((?!["'`.])|\bvm\./)).toEqual([]);
});

test("programs are started with a list of words, and never by a shell", () => {
  expect(found(/from "node:child_process"/).length).toBeGreaterThan(3);
  expect(found(/\b(exec|execSync)\b.*from "node:child_process"/)).toEqual([]);
  expect(
    found(/\bshell: (?!false)|(spawn|execFile|spawnSync|execFileSync)\(\s*["'`](\/bin\/)?(ba|da|z)?sh["'`]/),
  ).toEqual([]);
});

/** Files that read a whole file besides by machine/regular-file.ts, and what bounds it. */
const wholeReads: Record<string, string> = {
  "machine/regular-file.ts": "the limit that its callers state",
  "machine/boot.ts": "the kernel",
  "machine/version.ts": "part of the package",
  "checkpoint/folder-lock.ts": "the kernel",
  "commands/bench/process-memory.ts": "the kernel",
  "commands/install.ts":
    "a config that was read within its limit, parts of the package, and units of systemd",
  "commands/sync.ts": "part of the package",
  "device/gpio/sysfs-chip.ts": "the kernel",
  "device/machine.ts": "the kernel and the files of the boot loader",
  "device/port.ts": "/etc/group",
  "device/profile.ts": "part of the package",
  "emulation/hex.ts": "firmware that the user wrote",
  "samples/ports/port-survey.ts": "the kernel",
  "samples/ports/ports.ts": "/etc/group",
  "samples/sources/unread-datagrams.ts": "the kernel",
  "status/page-files.ts": "part of the package",
  "sync/client/transmit-queue.ts": "the kernel",
  "sync/host/object-folder.ts": "the largest body that a host takes",
};

test("what is read whole has a limit", () => {
  const reads = found(/\breadFile(Sync)?\(/, Object.keys(wholeReads));
  expect(reads).toEqual([]);
  const reading = files.filter(({ text }) => /\breadFile(Sync)?\(/.test(text)).map(({ file }) => file);
  expect(Object.keys(wholeReads).filter((file) => !reading.includes(file))).toEqual([]);
});

test("each limit on what comes from outside names tests that there are", () => {
  const page = readFileSync(fileURLToPath(new URL("../docs/limits.md", import.meta.url)), "utf8");
  const rows = page
    .split("\n## ")[0]
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .slice(1);
  expect(rows.length).toBeGreaterThan(30);
  const proofs = readdirSync(fileURLToPath(new URL("../scripts/proof", import.meta.url)));
  for (const row of rows) {
    const named = row.split(" | ")[3].replace(/ \|$/, "").split(/[,;] /);
    let folder = "";
    for (const name of named) {
      const proof = /^`proof -- (\w+)`$/.exec(name)?.[1];
      if (proof !== undefined) {
        expect(proofs, row).toContain(proof);
        continue;
      }
      // A name alone stands for another file of the folder before.
      const path = name.includes("/") ? name : `${folder}/${name}`;
      folder = path.slice(0, path.lastIndexOf("/"));
      expect(
        existsSync(fileURLToPath(new URL(`${path}.test.ts`, import.meta.url))),
        `${path} in ${row}`,
      ).toBe(true);
    }
  }
});
