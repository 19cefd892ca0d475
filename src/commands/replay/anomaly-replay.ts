/** What a replay for anomalies came to. */
import type { AnomalyEpisode } from "../../status/document.ts";
import type { DatasetRead } from "../../training/dataset.ts";
import { formatCount, formatDuration } from "../../wording/quantities.ts";

export const weekMs = 7 * 86_400_000;

/** A window in which somebody knows of an anomaly. */
export interface KnownWindow {
  /** From and to, both within: milliseconds since the epoch, or numbers of rows. */
  from: number;
  to: number;
  /** Its first and last row, counted from 1; null where the data has no row of it. */
  rows: readonly [first: number, last: number] | null;
  /** Number of the first alarm that began in it; null where none did. */
  alarm: number | null;
}

/** How well alarms met known windows. */
export interface WindowScore {
  windows: number;
  /** Windows in which an alarm began. */
  found: number;
  /** Alarms that began in no window. */
  falseAlarms: number;
  falsePerWeek: number;
  /** Of each window: how long after its beginning the first alarm came, in milliseconds or rows; null where none did. */
  delays: (number | null)[];
  unit: "time" | "row";
  /** In the order of their file. */
  known: KnownWindow[];
}

/** An episode, with the rows from its first to its last, counted from 1. */
export interface FoundEpisode {
  episode: AnomalyEpisode;
  row: number;
  lastRow: number;
  /** Time of its first row, milliseconds since the epoch, or since the first row where rows have no time. */
  time: number;
}

/** What is known of a replay. */
export interface AnomalyReplay {
  data: string;
  columns: string[];
  rows: number;
  alarmsPerWeek: number;
  weeks: number;
  /** Whether rows have a time; where not, they are this many milliseconds apart. */
  intervalMs: number | null;
  found: FoundEpisode[];
  windows: WindowScore | null;
  /** What of the file could not be read, or may be meant otherwise. */
  damage: Omit<DatasetRead, "rows">;
  /** Its state at the end. */
  text: string;
}

/** When it was: by the clock of the rows, or by their number. */
export const momentText = (
  { row, time }: Pick<FoundEpisode, "row" | "time">,
  { intervalMs }: AnomalyReplay,
): string =>
  intervalMs === null
    ? new Date(time).toISOString().slice(0, 19).replace("T", " ")
    : `row ${row}, after ${formatDuration((row - 1) * intervalMs)}`;

const spanText = (weeks: number) =>
  weeks < 1 ? formatDuration(weeks * weekMs) : `${weeks.toFixed(1)} weeks`;

/** Says how many alarms there were, and how many a week. */
export const rateText = ({ found, weeks, alarmsPerWeek }: AnomalyReplay): string =>
  `${formatCount(found.length, "alarm")} in ${spanText(weeks)}, ${(found.length / Math.max(weeks, 1)).toFixed(2)} a week of ${alarmsPerWeek} at most`;
