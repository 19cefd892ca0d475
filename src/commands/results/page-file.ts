/** Files with a page or a drawing, which a user named. */
import { dirname, resolve } from "node:path";
import { diskError } from "../../checkpoint/disk-error.ts";
import { writeNamedFileDurablySync } from "../../checkpoint/durable-file.ts";
import { RivuletError } from "../../errors/errors.ts";
import { rivuletVersion } from "../../machine/version.ts";
import { requireWritable } from "../command-line/writable-file.ts";
import type { Fact } from "../terminal/text-table.ts";

/**
 * Refuses, before anything is trained, a page that could not be written, or would replace one of the inputs.
 * @param option which named the page
 */
export function requirePage(file: string, option: string, inputs: readonly string[]): void {
  if (inputs.some((input) => resolve(input) === resolve(file))) {
    throw new RivuletError(
      "file.unsuitable",
      `cannot write ${file}: its rows or its config are read from it; name another file with --${option}`,
    );
  }
  requireWritable(file, `cannot write ${file}`);
}

/** Writes a page whole, or leaves what was there. @throws RivuletError where it cannot be written */
export function writePage(file: string, text: string): void {
  try {
    writeNamedFileDurablySync(resolve(file), [Buffer.from(text)]);
  } catch (error) {
    throw diskError(error, `cannot write ${file}`, dirname(resolve(file)));
  }
}

/** Facts as a page lists them at its end, with when it was made and by what. */
export function pageFacts(given: readonly Fact[]): [name: string, text: string][] {
  const made = `${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC, by rivulet ${rivuletVersion()}`;
  return [...given, ["made", made] satisfies Fact]
    .filter((fact) => fact !== null)
    .map(([name, text]) => [name, typeof text === "string" ? text : text.join("; ")]);
}
