/** Sizes that read well: what the code is held to, so that a file stays one idea and a function fits on a screen. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const src = fileURLToPath(new URL("../src", import.meta.url));

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

test("no function of a command has more than 70 lines", () => {
  const functions = files
    // The benchmark's daemon is a script that runs another process from start to end.
    .filter(({ file }) => file.startsWith("commands") && !file.endsWith("fed-daemon.ts"))
    .flatMap(({ file, lines }) => functionsOf(lines).map((found) => ({ file, ...found })));
  expect(functions.length).toBeGreaterThan(100);
  const long = functions.filter(({ length }) => length > 70);
  expect(long.map(({ file, name, length }) => `${file}: ${name}, ${length} lines`)).toEqual([]);
});
