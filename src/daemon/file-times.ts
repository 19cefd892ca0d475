/** Whether the samples of a config have times of their own. */
import type { Config } from "../config/config.ts";
import { RivuletError } from "../errors/errors.ts";
import { isRecordingFile } from "../recording/play.ts";
import { requireRegularFile } from "../samples/sources/file-bytes.ts";

/**
 * Whether samples have no times: those of a file without a clock come as fast as they are read, and their number tells the
 * time.
 * @throws RivuletError where anomalies are watched for and nothing says how much time passes between samples
 */
export async function timesAreCounted({ anomaly, source, file }: Config): Promise<boolean> {
  const path = source.file as string | null;
  if (path === null) return false;
  await requireRegularFile(path);
  if (source.time !== null || (await isRecordingFile(path))) return false;
  if (anomaly === null || anomaly.intervalMs !== null || source.rate !== null) return true;
  throw new RivuletError(
    "config.missing-key",
    `${file}: anomaly counts alarms a week, but ${path} has no clock; name the column with the time in source.time, or say how much time is between two rows, such as anomaly: { interval: 5min }`,
    { path: "anomaly.interval" },
  );
}
