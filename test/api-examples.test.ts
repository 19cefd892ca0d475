/** Every `@example` of what src/index.ts exports is run as it stands, as an ES module against the built package. */
import { execFile } from "node:child_process";
import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
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
beforeAll(async () => {
  cpSync(join(built, "devices/examples"), join(folder, "devices/examples"), { recursive: true });
  cpSync(join(built, "package.json"), join(folder, "node_modules/rivulet/package.json"));
  symlinkSync(join(built, "dist"), join(folder, "node_modules/rivulet/dist"));
  const recorded = await rivulet(["record", "devices/examples/pump-file.yaml", "--out", "pump.rec"], {
    cwd: folder,
  });
  expect([recorded.code, recorded.stderr]).toEqual([0, ""]);
});

describe("the example of", () => {
  test.each(examples)("$name runs", async ({ name, example }) => {
    const file = join(folder, `${name}.mjs`);
    writeFileSync(file, example);
    expect(example).toContain("assert");
    await execute(process.execPath, [file], { cwd: folder });
  });
});

test("what trains, evaluates, or reads and writes files has an example", () => {
  const parts = ["training/", "library/", "sync/"];
  const shown = values.filter(({ file }) => parts.some((part) => file.startsWith(part)));
  expect(shown.length).toBeGreaterThan(10);
  expect(shown.filter(({ example }) => example === null).map(({ name }) => name)).toEqual([]);
});
