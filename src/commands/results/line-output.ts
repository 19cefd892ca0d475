/** Lines of a result, to a file that the user named or to standard output. */
import { closeSync, openSync, writeSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { diskError } from "../../checkpoint/disk-error.ts";
import { standardOutput } from "../../machine/output.ts";
import { requireWritable } from "../command-line/writable-file.ts";

/** A cell of CSV, quoted where it must be; one that is missing is empty. */
export function csvCell(value: string | number | null): string {
  const text = value === null || Number.isNaN(value) ? "" : String(value);
  return /[",;\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export interface LineOutput {
  write(line: string): void;
  /** Writes what is left. @throws RivuletError where it cannot be written */
  close(): void;
}

/** Lines that are written together. */
const linesAtOnce = 1024;

/**
 * Opens the file or the standard output to which a command writes lines.
 * @throws RivuletError where the file cannot be written
 */
export function openLineOutput(path: string | undefined): LineOutput {
  const failure = `cannot write ${path}`;
  if (path !== undefined) requireWritable(path, failure);
  const file = path === undefined ? null : openSync(path, "w");
  let waiting: string[] = [];
  const flush = () => {
    if (waiting.length === 0) return;
    const text = `${waiting.join("\n")}\n`;
    waiting = [];
    if (file === null) {
      standardOutput.write(text);
      return;
    }
    try {
      writeSync(file, text);
    } catch (error) {
      throw diskError(error, failure, dirname(resolve(path as string)));
    }
  };
  return {
    write(line) {
      waiting.push(line);
      if (waiting.length >= linesAtOnce) flush();
    },
    close() {
      try {
        flush();
      } finally {
        if (file !== null) closeSync(file);
      }
    },
  };
}
