import { parseArgs } from "node:util";
import { UsageError } from "../../errors/errors.ts";
import { alternatives } from "../../wording/alternatives.ts";
import { nearest, suggestion } from "../../wording/nearest.ts";
import type { Command, Invocation, Option } from "./command.ts";

/** What a command line asks for. */
export type Call =
  | { kind: "version" }
  | { kind: "help"; command: Command | null }
  | { kind: "command"; command: Command; invocation: Invocation };

/** Options that every command understands. */
export const commonOptions: Record<string, Option> = {
  json: { help: "print one JSON document and nothing else on standard output" },
  help: { help: "show this help" },
};

/**
 * Reads a command line against the table of commands.
 * @throws UsageError for anything unknown, missing or superfluous, with the nearest known word
 */
export function parseCall(words: string[], commands: Command[]): Call {
  const [first, ...rest] = words;
  if (first === undefined || first === "--help" || first === "-h" || first === "help") {
    const topic = first === "help" ? rest.find((word) => !word.startsWith("-")) : undefined;
    return { kind: "help", command: topic === undefined ? null : findCommand(topic, commands) };
  }
  if (first === "--version" || first === "-v") return { kind: "version" };
  if (first.startsWith("-")) {
    throw new UsageError(
      `the command comes first, found ${first}: rivulet COMMAND [options]; see rivulet --help`,
    );
  }
  const command = findCommand(first, commands);
  if (rest.includes("--help") || rest.includes("-h")) return { kind: "help", command };
  return { kind: "command", command, invocation: parseInvocation(command, rest) };
}

function findCommand(name: string, commands: Command[]): Command {
  const command = commands.find((candidate) => candidate.name === name);
  if (command !== undefined) return command;
  const names = commands.map((candidate) => candidate.name);
  throw new UsageError(`there is no command "${name}", see rivulet --help; ${suggestion(name, names)}`);
}

function parseInvocation(command: Command, words: string[]): Invocation {
  const options: Invocation["options"] = {};
  const switches = new Set<string>();
  const positionals: string[] = [];
  const known: Record<string, { value?: string }> = { ...command.options, ...commonOptions };
  // Not strict: parseArgs then returns tokens for unknown options too, and the error sentences are ours.
  const { tokens } = parseArgs({
    args: words,
    strict: false,
    tokens: true,
    allowPositionals: true,
    options: Object.fromEntries(
      Object.entries(known).map(([name, option]) => [
        name,
        { type: option.value === undefined ? ("boolean" as const) : ("string" as const) },
      ]),
    ),
  });
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const { name, rawName, value } = token;
    if (!Object.hasOwn(known, name)) {
      const near = nearest(name, Object.keys(known));
      const hint = near === null ? `see rivulet ${command.name} --help` : `did you mean --${near}?`;
      throw new UsageError(`rivulet ${command.name} has no option ${rawName}; ${hint}`);
    }
    const expected = known[name].value;
    if (expected === undefined) {
      if (value !== undefined) throw new UsageError(`--${name} takes no value, found "${value}"`);
      switches.add(name);
    } else {
      if (value === undefined || value === "")
        throw new UsageError(`--${name} needs a value: --${name} ${expected}`);
      if (!token.inlineValue && value.startsWith("--")) {
        throw new UsageError(`--${name} needs a value, found the option ${value}: --${name} ${expected}`);
      }
      if (name in options)
        throw new UsageError(`--${name} is given twice: "${options[name]}" and "${value}"`);
      options[name] = value;
    }
  }
  const needed = command.positionals.filter((name) => !name.startsWith("["));
  if (positionals.length < needed.length) {
    throw new UsageError(
      `rivulet ${command.name} needs ${needed[positionals.length]}: ${synopsis(command)}; see rivulet ${command.name} --help`,
    );
  }
  if (positionals.length > command.positionals.length) {
    throw new UsageError(
      `rivulet ${command.name} does not know what to do with "${positionals[command.positionals.length]}": ${synopsis(command)}`,
    );
  }
  return { positionals, options, switches, json: switches.has("json") };
}

/** `rivulet fit CONFIG --data FILE [options]`: how the command is written. */
export function synopsis(command: Command): string {
  const options = Object.keys(command.options).length > 0 ? ["[options]"] : [];
  return ["rivulet", command.name, ...command.positionals, ...options].join(" ");
}

/** The file of `--data`, else that of the config. @throws UsageError where neither names one */
export function dataOf(
  invocation: Invocation,
  command: string,
  config: { source: { file: unknown } } | null,
): string {
  const own = config?.source.file;
  if (invocation.options["data"] === undefined && typeof own === "string") return own;
  return required(invocation, command, "data", "FILE");
}

/** A whole number from an option, or `fallback` when it was not given. */
export function wholeNumber(
  invocation: Invocation,
  name: string,
  fallback: number,
  range: { minimum: number; maximum?: number },
): number {
  const { minimum, maximum = Number.MAX_SAFE_INTEGER } = range;
  const text = invocation.options[name];
  if (text === undefined) return fallback;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= minimum && value <= maximum) return value;
  const limit =
    maximum === Number.MAX_SAFE_INTEGER ? `of at least ${minimum}` : `from ${minimum} to ${maximum}`;
  throw new UsageError(`--${name} must be a whole number ${limit}, found "${text}"`);
}

/** A fraction from `minimum` up to, but not including, `below`; or `fallback` when it was not given. */
export function fraction(
  invocation: Invocation,
  name: string,
  fallback: number,
  range: { minimum: number; below: number },
): number {
  const text = invocation.options[name];
  if (text === undefined) return fallback;
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (value >= range.minimum && value < range.below) return value;
  throw new UsageError(
    `--${name} must be a number from ${range.minimum} to below ${range.below}, found "${text}"`,
  );
}

/** One of several words from an option, or `fallback` when it was not given. */
export function choice<const Word extends string>(
  invocation: Invocation,
  name: string,
  words: readonly Word[],
  fallback: Word,
): Word {
  const text = invocation.options[name];
  if (text === undefined) return fallback;
  const word = words.find((candidate) => candidate === text);
  if (word !== undefined) return word;
  const near = nearest(text, words);
  const hint = near === null ? "" : `; did you mean ${near}?`;
  throw new UsageError(`--${name} must be ${alternatives(words)}, found "${text}"${hint}`);
}

/** The value of an option that the command requires. @throws UsageError where it is not given */
export function required(invocation: Invocation, command: string, name: string, value: string): string {
  const text = invocation.options[name];
  if (text !== undefined) return text;
  throw new UsageError(`rivulet ${command} needs --${name} ${value}; see rivulet ${command} --help`);
}
