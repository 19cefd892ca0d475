import type { Invocation, Report } from "./command-line/command.ts";
import { tell } from "./pause.ts";

/** Tells a running daemon to go on learning. */
export const run = ({ positionals: [file] }: Invocation): Promise<Report> => tell(file, "resume", {});
