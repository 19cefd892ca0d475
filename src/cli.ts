#!/usr/bin/env node
/**
 * The command line: finds the command, checks the options, loads that one command, prints what it reports.
 * Nothing is imported before it is needed, so that `plan` never loads a serial port and a device never an emulator.
 */

import { type Call, parseCall } from "./commands/call.ts";
import type { Report } from "./commands/command.ts";
import { commandHelp, generalHelp } from "./commands/help.ts";
import { commands } from "./commands/table.ts";
import { RivuletError, UsageError } from "./errors.ts";

/** Runs one command line (without `node cli.js`) and gives the exit code: 0 done, 1 failed, 2 wrong use. */
async function main(words: string[]): Promise<number> {
  // Asked for before anything is checked, so that even the report of a wrong option is JSON.
  const json = words.includes("--json");
  try {
    const call = parseCall(words, commands);
    const report = await answer(call);
    if (report !== null) print(json ? JSON.stringify(report.data) : report.text);
    return 0;
  } catch (error) {
    const known = error instanceof RivuletError;
    if (json) print(JSON.stringify({ error: known ? error.message : String(error) }));
    process.stderr.write(
      known ? `rivulet: ${error.message.replaceAll("\n", "\nrivulet: ")}\n` : `${describeFault(error)}\n`,
    );
    return error instanceof UsageError ? 2 : 1;
  }
}

async function answer(call: Call): Promise<Report | null> {
  if (call.kind === "version") {
    const text = await version();
    return { data: { version: text }, text };
  }
  if (call.kind === "help") {
    const text = call.command === null ? generalHelp(commands) : commandHelp(call.command);
    return { data: { help: text }, text };
  }
  const { run } = await call.command.load();
  return run(call.invocation);
}

function print(text: string): void {
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
}

/** What only a fault in Rivulet itself can cause: the stack is what a report of it needs. */
function describeFault(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `rivulet: this is a fault in Rivulet, not in what you gave it; please report it with these lines:\n${stack}`;
}

async function version(): Promise<string> {
  const { readFile } = await import("node:fs/promises");
  const manifest = await readFile(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}

// A reader that went away (`rivulet plan ... | head`) is no fault: what was still to be said is not needed. A full
// disk behind `> file` is one, but none to stop a daemon for: it is told once, and the exit code keeps it.
let outputFails = false;
process.stderr.on("error", () => {});
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE" || outputFails) return;
  outputFails = true;
  process.exitCode = 1;
  process.stderr.write(`rivulet: cannot write to standard output: ${error.message}\n`);
});

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = outputFails ? 1 : code;
});
