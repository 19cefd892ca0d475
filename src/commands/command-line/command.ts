/** What a command finished with: `data` is printed with --json, `text` without. */
export interface Report {
  data: Record<string, unknown>;
  text: string;
  /** Whether what was examined has a problem: the report is printed all the same, but the exit code is 1. */
  failed?: boolean;
}

/** A report too long to be held in memory, of which each piece is printed as it comes. */
export interface LongReport {
  /** The text or, with --json, the document. */
  pieces: AsyncIterable<string>;
  /** As in a `Report`; known once all is printed. */
  failed(): boolean;
}

/** One option of a command. Without `value` it is a switch. */
export interface Option {
  /** What stands for the value in the help, such as `FILE`. */
  value?: string;
  help: string;
}

/** What the user asked of a command, checked against its options but not yet read as numbers. */
export interface Invocation {
  positionals: string[];
  options: Record<string, string | undefined>;
  switches: ReadonlySet<string>;
  json: boolean;
}

/** What a user is about when a command is of use; the help lists the commands by it, in the order of their titles there. */
export type CommandGroup = "start" | "daemon" | "files" | "checkpoints" | "host";

/** A command as the table lists it; its code is loaded when it runs. */
export interface Command {
  name: string;
  group: CommandGroup;
  /** One line for the list of commands. */
  summary: string;
  /** Positional arguments in order; a name in brackets may be left out. */
  positionals: string[];
  options: Record<string, Option>;
  /** Paragraphs below the options. */
  details: string[];
  /** Uses Node's own output streams, of a terminal or its size. To load them takes memory and a tenth of the start. */
  usesStreams?: true;
  load(): Promise<{
    /** `null` when the command has printed everything itself. */
    run(invocation: Invocation): Promise<Report | LongReport | null>;
  }>;
}
