/** Sizes that read well: what the code is held to, so that a file stays one idea and a function fits on a screen. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const src = join(root, "src");

/** Files that are written by the build, and the one kernel whose variants belong together. */
const exempt = [/binary\.ts$/, /scalar\/(run|losses|softmax)\.ts$/, /assembly\/matrix\.ts$/];

const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !exempt.some((pattern) => pattern.test(file)))
  .map((file) => ({ file, lines: readFileSync(join(src, file), "utf8").split("\n") }));

test("no file has more than 650 lines", () => {
  expect(files.length).toBeGreaterThan(200);
  const long = files.filter(({ lines }) => lines.length > 650);
  expect(long.map(({ file, lines }) => `${file}: ${lines.length} lines`)).toEqual([]);
});

/** Each function of a module with its number of lines. As the formatter has it, one ends at the first brace in column 0. */
function functionsOf(lines: string[]): { name: string; length: number }[] {
  return lines.flatMap((line, start) => {
    const name = /^(?:export )?(?:async )?function\*? (\w+)/.exec(line)?.[1];
    if (name === undefined) return [];
    return [{ name, length: lines.indexOf("}", start) - start + 1 }];
  });
}

test("every exported function is described, and first by what it does", () => {
  const described = files.filter(({ file }) => !file.startsWith("engine/kernels/"));
  const undescribed = described.flatMap(({ file, lines }) =>
    lines.flatMap((line, at) => {
      const name = /^export (?:async )?function\*? (\w+)/.exec(line)?.[1];
      const isOverload = lines.slice(0, at).some((each) => each.startsWith(`export function ${name}<`));
      if (name === undefined || isOverload) return [];
      const begin = lines.findLastIndex((each, index) => index < at && each.startsWith("/**"));
      const summary = lines
        .slice(begin, at)
        .join(" ")
        .replace(/^[/* ]+/, "");
      return lines[at - 1]?.endsWith("*/") && !summary.startsWith("@") ? [] : [`${file}: ${name}`];
    }),
  );
  expect(undescribed).toEqual([]);
});

test("no function has more than 75 lines", () => {
  const functions = files
    // The instructions and formulas of kernels, one after the other.
    .filter(({ file }) => !file.startsWith("engine/kernels/"))
    .flatMap(({ file, lines }) => functionsOf(lines).map((found) => ({ file, ...found })));
  expect(functions.length).toBeGreaterThan(1000);
  const long = functions.filter(({ length }) => length > 75);
  expect(long.map(({ file, name, length }) => `${file}: ${name}, ${length} lines`)).toEqual([]);
});

test("every file and folder that CONTRIBUTING.md names exists, and every room of the house is in its map", () => {
  const text = readFileSync(join(root, "CONTRIBUTING.md"), "utf8");
  const named = [...text.matchAll(/`((?:src|test|scripts|devices|docs)\/[\w./-]*)`/g)].map(
    ([, path]) => path,
  );
  const paths = named.filter((path) => !path.includes("NAME"));
  expect(paths.length).toBeGreaterThan(60);
  expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  const rooms = readdirSync(src, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const unnamed = rooms.filter(({ name }) => !paths.some((path) => path.startsWith(`src/${name}/`)));
  expect(unnamed.map(({ name }) => name)).toEqual([]);
});
