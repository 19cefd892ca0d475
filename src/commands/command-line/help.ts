import { wrap } from "../terminal/wrap.ts";
import { commonOptions, synopsis } from "./call.ts";
import type { Command, CommandGroup, Option } from "./command.ts";

/** In the order in which somebody meets them. */
const groupTitles: Record<CommandGroup, string> = {
  start: "From a device to a config",
  daemon: "Learn from a source, day and night",
  files: "Learn from files",
  checkpoints: "Use what was learned",
  host: "Checkpoints and models on another machine",
};

/** `name` padded to `width`, then `text` wrapped beside it. */
function entry(name: string, text: string, width: number): string {
  const lines = wrap(text, 96 - width);
  return lines.map((line, index) => `  ${(index === 0 ? name : "").padEnd(width)}${line}`).join("\n");
}

/** What `rivulet --help` prints. */
export function generalHelp(commands: Command[]): string {
  const called = ({ name, positionals }: Command) => [name, ...positionals].join(" ");
  const width = Math.max(...commands.map((command) => called(command).length)) + 3;
  const grouped = Object.entries(groupTitles).flatMap(([group, title]) => [
    `${title}:`,
    ...commands
      .filter((command) => command.group === group)
      .map((command) => entry(called(command), command.summary, width)),
    "",
  ]);
  return [
    "Rivulet learns from a sensor stream as it arrives, and predicts each sample before it learns from it.",
    "",
    "Usage: rivulet COMMAND [options]",
    "",
    ...grouped,
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
