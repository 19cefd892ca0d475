/** What a command finished with: `data` is printed with --json, `text` without. */
export interface Report {
  data: Record<string, unknown>;
  text: string;
  /** Whether what was examined is not as it should be: the exit code is then 1, with the report all the same. */
  failed?: boolean;
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

/** A command as the table lists it; its code is loaded when it runs. */
export interface Command {
  name: string;
  /** One line for the list of commands. */
  summary: string;
  /** Positional arguments in order; a name in brackets may be left out. */
  positionals: string[];
  options: Record<string, Option>;
  /** Paragraphs below the options. */
  details: string[];
  /** Never touches Node's own streams of output, which take memory once they are loaded. */
  avoidsStreams?: true;
  load(): Promise<{
    /** `null` when the command has printed everything itself. */
    run(invocation: Invocation): Promise<Report | null>;
  }>;
}
