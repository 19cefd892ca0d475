import type { Config } from "../../config/config.ts";
import { RivuletError } from "../../errors/errors.ts";
import type { Report } from "../command-line/command.ts";
import { clientOf } from "./daemon-client.ts";

/** Sends a command to the daemon that runs with a config. @throws RivuletError where it cannot be asked, or refuses */
export async function tell(
  config: Config,
  command: "pause" | "resume" | "normal",
  body: object,
): Promise<Report> {
  const answer = await clientOf(config).tell(command, body);
  if (!answer.done) throw new RivuletError("status.refused", `${config.name}: ${answer.text}`);
  return { data: { ...answer }, text: `${config.name}: ${answer.text}` };
}
