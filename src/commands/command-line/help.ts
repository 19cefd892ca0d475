import { wrap } from "../terminal/wrap.ts";
import { commonOptions, synopsis } from "./call.ts";
import type { Command, Option } from "./command.ts";

/** `name` padded to `width`, then `text` wrapped beside it. */
function entry(name: string, text: string, width: number): string {
  const lines = wrap(text, 96 - width);
  return lines.map((line, index) => `  ${(index === 0 ? name : "").padEnd(width)}${line}`).join("\n");
}

/** What `rivulet --help` prints. */
export function generalHelp(commands: Command[]): string {
  const written = commands.map((command) => [command.name, ...command.positionals].join(" "));
  const width = Math.max(...written.map((text) => text.length)) + 3;
  return [
    "Rivulet trains a small neural network on a sensor stream as it arrives.",
    "",
    "Usage: rivulet COMMAND [options]",
    "",
    "Commands:",
    ...commands.map((command, index) => entry(written[index], command.summary, width)),
    "",
    "rivulet COMMAND --help says more about a command, rivulet --version which one this is.",
    "Exit code 0: done. 1: failed, with one sentence on standard error. 2: wrong use.",
    "With --json a command prints one JSON document on standard output; a failure is",
    '{ "error": "...", "code": "...", "path": "..." }, the path only where a key of the config is wrong.',
  ].join("\n");
}

/** What `rivulet COMMAND --help` prints. */
export function commandHelp(command: Command): string {
  // The order is the command's own options first; the words are the command's where it says a common option better.
  const options: [string, Option][] = Object.entries({
    ...command.options,
    ...commonOptions,
    ...command.options,
  });
  const written = options.map(
    ([name, option]) => `--${name}${option.value === undefined ? "" : ` ${option.value}`}`,
  );
  const width = Math.max(...written.map((text) => text.length)) + 3;
  return [
    `Usage: ${synopsis(command)}`,
    "",
    ...wrap(`${command.summary[0].toUpperCase()}${command.summary.slice(1)}.`, 98),
    "",
    "Options:",
    ...options.map(([, option], index) => entry(written[index], option.help, width)),
    ...command.details.flatMap((paragraph) => ["", ...wrap(paragraph, 98)]),
  ].join("\n");
}
