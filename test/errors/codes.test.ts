import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { errorCodes } from "../../src/errors/codes.ts";

const folder = fileURLToPath(new URL("../../src", import.meta.url));
const sources = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.endsWith("codes.ts"))
  .map((file) => readFileSync(join(folder, file), "utf8"));

/** Codes in quotes anywhere in the sources, and those that a `PortError` makes of its kind. */
function usedCodes(): Set<string> {
  const used = new Set<string>();
  for (const text of sources) {
    for (const [, word] of text.matchAll(/"([a-z][a-z.-]*)"/g)) used.add(word);
    for (const [, kind] of text.matchAll(/new PortError\(\s*"(\w+)"/g)) used.add(`port.${kind}`);
  }
  return used;
}

test("every code is used", () => {
  const used = usedCodes();
  expect(Object.keys(errorCodes).filter((code) => !used.has(code))).toEqual([]);
});

test("every code is lower case, of a group and a name, and its meaning is one sentence", () => {
  for (const [code, meaning] of Object.entries(errorCodes)) {
    expect(code).toMatch(/^usage$|^[a-z]+\.[a-z]+(-[a-z]+)*$/);
    expect(meaning).toMatch(/^[A-Z][^.]*\.$/);
  }
});
