/** What the built commands load at first use. */
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { built, folderWith, start } from "../rivulet.ts";
import { until } from "../until.ts";

test("a process that stays loads what it has not used, before an update may move it away", async () => {
  const cwd = folderWith({
    "part.cjs": 'process.stdout.write("loaded"); module.exports = { answer: 42 };',
    "main.cjs": `const part = require("./later.cjs")("./part.cjs");
process.stdout.write("begun;");
process.stdin.resume().on("end", () => process.stdout.write(";" + part.answer));`,
  });
  copyFileSync(join(built, "dist/bin/later.cjs"), join(cwd, "later.cjs"));
  const run = start([join(cwd, "main.cjs")], { cwd, stdin: "pipe" });
  await until(() => run.stdout.includes("loaded"));
  run.process.stdin?.end();
  expect(await run.ended).toMatchObject({ code: 0, stdout: "begun;loaded;42" });
});
