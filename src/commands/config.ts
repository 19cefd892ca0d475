import { configKeys, type KeyReference } from "../config/reference.ts";
import { UsageError } from "../errors/errors.ts";
import { suggestion } from "../wording/nearest.ts";
import type { Invocation, Report } from "./command-line/command.ts";
import { facts } from "./terminal/text-table.ts";
import { wrap } from "./terminal/wrap.ts";

/** Prints what the keys of a config mean: those at the top, or one with all in it. */
export async function run({ positionals: [key] }: Invocation): Promise<Report> {
  const keys = configKeys();
  if (key === undefined) {
    const top = keys.filter(({ path }) => !/[.[]/.test(path));
    const text = `${facts(top.map(({ path, title }) => [path, title]))}\n\nrivulet config KEY prints a key with all that is in it, such as source.serial.`;
    return { data: { keys }, text };
  }
  const found = keys.filter(({ path }) => isIn(plain(key), plain(path)));
  if (found.length === 0) {
    const [word, known] = besides(
      plain(key),
      keys.map(({ path }) => plain(path)),
    );
    throw new UsageError(`a config has no key ${key}; ${suggestion(word, known)}`);
  }
  return { data: { keys: found }, text: found.map(entry).join("\n\n") };
}

/** A path without the places of lists: `source.fields.name`. */
const plain = (path: string) => path.replaceAll(/\[\d*\]/g, "");

const isIn = (key: string, path: string) => path === key || path.startsWith(`${key}.`);

/** The last word of an unknown key, and the keys of the map that it would be in; those at the top where that is unknown. */
function besides(key: string, known: readonly string[]): [string, string[]] {
  const around = key.slice(0, key.lastIndexOf(".") + 1);
  const names = known.filter((path) => path.startsWith(around)).map((path) => path.slice(around.length));
  if (names.length === 0) return besides(key.split(".")[0], known);
  return [key.slice(around.length), names.filter((name) => !name.includes("."))];
}

function entry({ path, title, accepts, leftOut }: KeyReference): string {
  const lines = [`${title}.`, `Value: ${accepts}.`, leftOut === null ? "Required." : `Left out: ${leftOut}.`];
  return [path, ...lines.flatMap((line) => wrap(line, 92)).map((line) => `    ${line}`)].join("\n");
}
