/** Whether the samples of a config have times of their own, and whose. */
import type { Config } from "../config/config.ts";
import { RivuletError } from "../errors/errors.ts";
import { isRecordingFile } from "../recording/play.ts";
import { requireRegularFile } from "../samples/sources/file-bytes.ts";

/** What the times of samples are. */
export interface SampleTimes {
  /** Samples have none: they come as fast as they are read, and their number tells the time. */
  areCounted: boolean;
  /** They are those of a text, which says what its clock showed. */
  areOfText: boolean;
}

/**
 * What the times of a config's samples are. A file without a clock has none.
 * @throws RivuletError where anomalies are watched for and nothing says how much time passes between samples
 */
export async function timesOf({ anomaly, source, file }: Config): Promise<SampleTimes> {
  const path = source.file as string | null;
  if (path === null) return { areCounted: false, areOfText: false };
  await requireRegularFile(path);
  const areOfText = !(await isRecordingFile(path));
  if (source.time !== null || !areOfText) return { areCounted: false, areOfText };
  if (anomaly === null || anomaly.intervalMs !== null || source.rate !== null)
    return { areCounted: true, areOfText };
  throw new RivuletError(
    "config.missing-key",
    `${file}: anomaly counts alarms a week, but ${path} has no clock; name the column with the time in source.time, or say how much time is between two rows, such as anomaly: { interval: 5min }`,
    { path: "anomaly.interval" },
  );
}
