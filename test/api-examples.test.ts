/** Every `@example` of what src/index.ts exports is run as it stands, as an ES module against the built package. */
import { execFile } from "node:child_process";
import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { built, folderWith, rivulet } from "./rivulet.ts";

const src = fileURLToPath(new URL("../src", import.meta.url));
const execute = promisify(execFile);

interface Exported {
  name: string;
  /** Path below src/. */
  file: string;
  example: string | null;
}

/** The functions, classes and constants that a module exports, each with the example in its docstring. */
function exportedValues(file: string): Exported[] {
  const source = readFileSync(join(src, file), "utf8");
  const values: Exported[] = [...source.matchAll(/^export (?:async )?(?:function|class|const) (\w+)/gm)].map(
    ([, name]) => ({ name, file, example: exampleOf(source, name) }),
  );
  for (const [, list, from] of source.matchAll(/^export (\*|\{[^}]*\}) from "([^"]+)";/gm)) {
    const names = list.split(/[{},]/).map((name) => name.trim());
    const others = exportedValues(relative(src, join(src, dirname(file), from)));
    values.push(...others.filter(({ name }) => list === "*" || names.includes(name)));
  }
  return values;
}

function exampleOf(source: string, name: string): string | null {
  const declared = source.search(new RegExp(`^export (async )?(function|class|const) ${name}\\b`, "m"));
  const before = source.slice(0, declared).trimEnd();
  if (declared < 0 || !before.endsWith("*/")) return null;
  const comment = before.slice(before.lastIndexOf("/**"), -"*/".length);
  const [, example] = comment.split("@example");
  if (example === undefined) return null;
  const lines = example.split("\n").map((line) => line.replace(/^ *\* ?/, ""));
  const end = lines.findIndex((line) => line.startsWith("@"));
  return lines
    .slice(0, end < 0 ? lines.length : end)
    .filter((line) => !line.startsWith("```"))
    .join("\n");
}

/** An overloaded function is exported once. */
const values = [
  ...new Map(
    [...exportedValues("index.ts"), ...exportedValues("sync.ts")].map((value) => [value.name, value]),
  ).values(),
];
const examples = values.filter((value): value is Exported & { example: string } => value.example !== null);

/** A folder with what the examples name, in which `rivulet` is this project. */
const folder = folderWith({ "node_modules/.keep": "" });
const prepared = (async () => {
  cpSync(join(built, "devices/examples"), join(folder, "devices/examples"), { recursive: true });
  cpSync(join(built, "package.json"), join(folder, "node_modules/rivulet/package.json"));
  symlinkSync(join(built, "dist"), join(folder, "node_modules/rivulet/dist"));
  const recorded = await rivulet(["record", "devices/examples/pump-file.yaml", "--out", "pump.rec"], {
    cwd: folder,
  });
  if (recorded.code !== 0) throw new Error(recorded.stderr);
})();

/** Runs them one after the other in a process: loading the package takes longer than most of them. */
const runner = `
const failures = {};
for (const name of process.argv.slice(2)) {
  await import(\`./\${name}.mjs\`).catch((error) => (failures[name] = error.stack));
}
console.log(JSON.stringify(failures));
process.exit();
`;

describe("the example of", () => {
  const failures = (async () => {
    for (const { name, example } of examples) writeFileSync(join(folder, `${name}.mjs`), example);
    writeFileSync(join(folder, "runner.mjs"), runner);
    const names = examples.map(({ name }) => name);
    await prepared;
    const { stdout } = await execute(process.execPath, ["runner.mjs", ...names], { cwd: folder });
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  })();

  test.each(examples)("$name runs", async ({ name, example }) => {
    expect(example).toContain("assert");
    expect((await failures)[name]).toBeUndefined();
  });
});

test("what trains, evaluates, or reads and writes files has an example", () => {
  const parts = ["training/", "library/", "sync/"];
  const shown = values.filter(({ file }) => parts.some((part) => file.startsWith(part)));
  expect(shown.length).toBeGreaterThan(10);
  expect(shown.filter(({ example }) => example === null).map(({ name }) => name)).toEqual([]);
});
