import { loadConfig } from "../config/config.ts";
import { RivuletError, UsageError } from "../errors/errors.ts";
import { parseDuration } from "../wording/quantities.ts";
import type { Invocation, Report } from "./command-line/command.ts";
import { clientOf } from "./live/daemon-client.ts";

/** Tells a running daemon to predict only, for a time or until it is told to resume. */
export async function run({ positionals: [file], options }: Invocation): Promise<Report> {
  const time = options["for"];
  if (time !== undefined && parseDuration(time) === null) {
    throw new UsageError(`--for must be a duration with its unit such as 2h, up to 24d, found "${time}"`);
  }
  return tell(file, "pause", time === undefined ? {} : { for: time });
}

/** Sends a command to the daemon that runs with a config. @throws RivuletError where it cannot be asked, or refuses */
export async function tell(file: string, command: "pause" | "resume", body: object): Promise<Report> {
  const config = loadConfig(file);
  const answer = await clientOf(config).tell(command, body);
  if (!answer.done) throw new RivuletError("status.refused", `${config.name}: ${answer.text}`);
  return { data: { ...answer }, text: `${config.name}: ${answer.text}` };
}
