import type { Config } from "../config/config.ts";
import { RivuletError } from "../errors/errors.ts";
import { isRecordingFile } from "../recording/play.ts";

/** @throws RivuletError where anomalies are watched for and nothing says how much time passes between samples */
export async function requireTimes({ anomaly, source, file }: Config): Promise<void> {
  const path = source.file as string | null;
  if (anomaly === null || path === null || source.time !== null || anomaly.intervalMs !== null) return;
  if (await isRecordingFile(path)) return;
  throw new RivuletError(
    "config.missing-key",
    `${file}: anomaly counts alarms a week, but ${path} has no clock; name the column with the time in source.time, or say how much time is between two rows, such as anomaly: { interval: 5min }`,
    { path: "anomaly.interval" },
  );
}
