import { loadConfig } from "../config/config.ts";
import type { Invocation, Report } from "./command-line/command.ts";
import { tell } from "./live/tell.ts";

/** Tells a running daemon to continue learning. */
export async function run({ positionals: [file] }: Invocation): Promise<Report> {
  return tell(loadConfig(file), "resume", {});
}
