import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { quoted, replaceInFile } from "../../src/device/shell.ts";
import { folderWith } from "../rivulet.ts";

const hostile = [
  "plain",
  "two words",
  "it's",
  "a'; touch owned; '",
  "$(touch owned)",
  "`id`",
  "\u001b[31m\n\\n'",
  "a|b&c\\d",
];

test.each(hostile)("a shell reads the quoted word %j as it was", (word) => {
  expect(quoted(word)).not.toMatch(/\p{Cc}/u);
  expect(execFileSync("bash", ["-c", `printf %s ${quoted(word)}`], { encoding: "utf8" })).toBe(word);
});

test.each(["/dev/ttyUSB0", "/dev/it's a|port$(touch owned)&", "/dev/[x].*"])(
  "the port %j in a config is replaced by a path of any letters",
  (port) => {
    const path = "/dev/serial/by-id/a&b|c'd\\e";
    const folder = folderWith({ "a config's.yaml": `path: ${port} # and /dev/ttyUSBx\n` });
    execFileSync("bash", ["-c", replaceInFile(port, path, "a config's.yaml")], { cwd: folder });
    expect(readFileSync(join(folder, "a config's.yaml"), "utf8")).toBe(`path: ${path} # and /dev/ttyUSBx\n`);
  },
);
