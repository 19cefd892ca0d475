#!/usr/bin/env node
/**
 * The command line: finds the command, checks the options, loads that one command, prints what it reports.
 * Nothing is imported before it is needed, so that `plan` never loads a serial port and a device never an emulator.
 */

import { type Call, parseCall } from "./commands/command-line/call.ts";
import type { LongReport, Report } from "./commands/command-line/command.ts";
import { commandHelp, generalHelp } from "./commands/command-line/help.ts";
import { commands } from "./commands/command-line/table.ts";
import { exitCodeOf, RivuletError } from "./errors/errors.ts";
import { describeLook } from "./errors/system-error.ts";
import { outputFailed, reportOutputError, standardError, standardOutput } from "./machine/output.ts";
import { safeJson, safeLines } from "./wording/safe.ts";

/** Runs one command line (without `node cli.js`) and returns the exit code: 0 done, 1 failed, 2 wrong use or config. */
async function main(words: string[]): Promise<number> {
  // Read before anything is checked, so that even the error about a wrong option is JSON.
  const json = words.includes("--json");
  try {
    const call = parseCall(words, commands);
    const report = await answer(call);
    if (report !== null && "pieces" in report) return await printPieces(report);
    if (report !== null) print(json ? safeJson(report.data) : safeLines(report.text));
    return report?.failed ? 1 : 0;
  } catch (caught) {
    const error = named(caught);
    const known = error instanceof RivuletError;
    if (json) print(safeJson(known ? dataOf(error) : { error: String(error) }));
    standardError.write(
      known
        ? `rivulet: ${error.message.replaceAll("\n", "\nrivulet: ")}\n`
        : `${safeLines(describeFault(error))}\n`,
    );
    return exitCodeOf(error);
  }
}

async function answer(call: Call): Promise<Report | LongReport | null> {
  if (call.kind === "version") {
    const { rivuletVersion } = await import("./machine/version.ts");
    const text = rivuletVersion();
    return { data: { version: text }, text };
  }
  if (call.kind === "help") {
    const text = call.command === null ? generalHelp(commands) : commandHelp(call.command);
    return { data: { help: text }, text };
  }
  if (call.command.usesStreams) listenForOutputErrors();
  const { run } = await call.command.load();
  return run(call.invocation);
}

/** What the file system says of a path that a user named, where no command has put it into words. */
function named(error: unknown): unknown {
  const sentence = error instanceof RivuletError ? null : describeLook(error);
  return sentence === null ? error : new RivuletError("file.unreadable", sentence, { cause: error });
}

/** A failure as --json prints it: the sentence, and what a program tells it by. */
function dataOf({ message, code, path, file, line, errors }: RivuletError): Record<string, unknown> {
  return { error: message, code, path, file, line, errors: errors?.map(dataOf) };
}

function print(text: string): void {
  standardOutput.write(text.endsWith("\n") ? text : `${text}\n`);
}

/** Characters that are written together. */
const printedAtOnce = 65_536;

async function printPieces({ pieces, failed }: LongReport): Promise<number> {
  let waiting = "";
  for await (const piece of pieces) {
    waiting += piece;
    if (waiting.length < printedAtOnce) continue;
    standardOutput.write(waiting);
    waiting = "";
  }
  print(waiting);
  return failed() ? 1 : 0;
}

/** An error that only a bug in Rivulet can cause: a report of it needs the stack. */
function describeFault(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `rivulet: this is a fault in Rivulet, not in what you gave it; please report it with these lines:\n${stack}`;
}

/** For the commands that use Node's own streams. */
function listenForOutputErrors(): void {
  process.stderr.on("error", () => {});
  process.stdout.on("error", reportOutputError);
}

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = outputFailed() ? 1 : code;
});
// An error of a stream may come after the last word of main.
process.on("exit", () => {
  if (outputFailed()) process.exitCode = 1;
});
