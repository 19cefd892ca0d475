import { loadConfig } from "../config/config.ts";
import { RivuletError } from "../errors/errors.ts";
import type { Invocation, Report } from "./command-line/command.ts";
import { tell } from "./live/tell.ts";

/** Tells a running daemon that its latest anomaly was normal. */
export async function run({ positionals: [file] }: Invocation): Promise<Report> {
  const config = loadConfig(file);
  if (config.anomaly === null) {
    throw new RivuletError(
      "config.missing-key",
      `${file} does not watch for anomalies, expected the key anomaly; add anomaly: { alarmsPerWeek: 2 } and start the daemon again`,
      { path: "anomaly" },
    );
  }
  return tell(config, "normal", {});
}
