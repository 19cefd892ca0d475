/** Whether the samples of a config have times, and what counts time where they have none. */
import type { Config } from "../config/config.ts";
import { RivuletError } from "../errors/errors.ts";
import { isRecordingFile } from "../recording/play.ts";
import { requireRegularFile } from "../samples/sources/file-bytes.ts";

/**
 * Whether samples have times of their own. Those of a file without a clock have not: they come as fast as they are read.
 * @throws RivuletError where anomalies are watched for and nothing says how much time passes between samples
 */
export async function samplesHaveTimes({ anomaly, source, file }: Config): Promise<boolean> {
  const path = source.file as string | null;
  if (path === null) return true;
  await requireRegularFile(path);
  if (source.time !== null || (await isRecordingFile(path))) return true;
  if (anomaly === null || anomaly.intervalMs !== null || source.rate !== null) return false;
  throw new RivuletError(
    "config.missing-key",
    `${file}: anomaly counts alarms a week, but ${path} has no clock; name the column with the time in source.time, or say how much time is between two rows, such as anomaly: { interval: 5min }`,
    { path: "anomaly.interval" },
  );
}
