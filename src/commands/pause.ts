import { loadConfig } from "../config/config.ts";
import { UsageError } from "../errors/errors.ts";
import { parseDuration } from "../wording/quantities.ts";
import type { Invocation, Report } from "./command-line/command.ts";
import { tell } from "./live/tell.ts";

/** Tells a running daemon to predict only, for a time or until it is told to resume. */
export async function run({ positionals: [file], options }: Invocation): Promise<Report> {
  const time = options["for"];
  if (time !== undefined && parseDuration(time) === null) {
    throw new UsageError(`--for must be a duration with its unit such as 2h, up to 24d, found "${time}"`);
  }
  return tell(loadConfig(file), "pause", time === undefined ? {} : { for: time });
}
