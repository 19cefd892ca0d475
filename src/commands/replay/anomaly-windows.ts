/** Known windows of anomalies, and how well alarms meet them. */
import { RivuletError } from "../../errors/errors.ts";
import { reasonOf } from "../../errors/system-error.ts";
import { readNamedText } from "../../machine/regular-file.ts";
import { formatDuration } from "../../wording/quantities.ts";
import type { Fact } from "../terminal/text-table.ts";
import type { AnomalyReplay, WindowScore } from "./anomaly-replay.ts";

/** From and to, both within: times in milliseconds since the epoch, or numbers of rows, counted from 1. */
export interface Windows {
  unit: "time" | "row";
  list: readonly (readonly [from: number, to: number])[];
}

/** Of some hundred thousand windows. */
const mostBytes = 16 << 20;

/**
 * Reads windows: a list in JSON of pairs, or a pair a line with a comma; each of a time such as 2026-11-29T20:40:00Z, or of
 * the number of a row.
 * @throws RivuletError where the file cannot be read, or holds something else
 */
export function readWindows(file: string): Windows {
  let text: string;
  try {
    text = readNamedText(file, mostBytes);
  } catch (error) {
    throw new RivuletError("file.unsuitable", `cannot read the windows in ${file}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
  const pairs = pairsIn(text);
  const wrong = pairs?.findIndex((pair) => pair.length !== 2 || pair.some((end) => endOf(end) === null));
  if (pairs === null || pairs.length === 0 || wrong !== -1) {
    const where = pairs === null || pairs.length === 0 ? "" : `, pair ${Number(wrong) + 1}`;
    throw new RivuletError(
      "argument.bad-value",
      `found something else in ${file}${where}, expected pairs of times or of numbers of rows, such as 2026-11-29T20:40:00Z,2026-11-29T22:00:00Z; correct it`,
    );
  }
  const list = pairs.map(([from, to]) => [endOf(from) as number, endOf(to) as number] as const);
  const rows = pairs.flat().filter(isRow).length;
  const isMixed = rows > 0 && rows < 2 * pairs.length;
  const backward = list.findIndex(([from, to]) => from > to);
  if (isMixed || backward !== -1) {
    const found = isMixed
      ? "times beside numbers of rows"
      : `in pair ${backward + 1} an end before its begin`;
    throw new RivuletError(
      "argument.bad-value",
      `found ${found} in ${file}, expected either times or numbers of rows, in each pair the earlier one first; correct it`,
    );
  }
  return { unit: rows === 0 ? "time" : "row", list };
}

const isRow = (end: unknown) => /^\d{1,10}$/.test(String(end));

function pairsIn(text: string): unknown[][] | null {
  try {
    const found: unknown = JSON.parse(text);
    return Array.isArray(found) && found.every((pair) => Array.isArray(pair)) ? found : null;
  } catch {
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    return lines.map((line) => line.split(",").map((end) => end.trim()));
  }
}

/** A time without a zone is that of the rows, which is read as UTC. */
function endOf(end: unknown): number | null {
  if (isRow(end)) return Number(end);
  const text = String(end).trim().replace(" ", "T");
  const time = Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(text) || !text.includes("T") ? text : `${text}Z`);
  return Number.isFinite(time) ? time : null;
}

/** Compares alarms with windows in which somebody knows of an anomaly. @throws RivuletError where windows and rows count differently */
export function scoreWindows(
  { unit, list }: Windows,
  { found, weeks, intervalMs }: AnomalyReplay,
): WindowScore {
  if (unit === "time" && intervalMs !== null) {
    throw new RivuletError(
      "argument.bad-value",
      "found windows of times, but the rows have none; give numbers of rows, or a file with a column of time",
    );
  }
  const begins = found.map(({ row, time }) => (unit === "row" ? row : time));
  const isIn = (begin: number, [from, to]: readonly [number, number]) => begin >= from && begin <= to;
  const delays = list.map((window) => {
    const first = begins.find((begin) => isIn(begin, window));
    return first === undefined ? null : first - window[0];
  });
  const falseAlarms = begins.filter((begin) => !list.some((window) => isIn(begin, window))).length;
  return {
    ...{ windows: list.length, found: delays.filter((delay) => delay !== null).length },
    ...{ falseAlarms, falsePerWeek: falseAlarms / Math.max(weeks, 1), delays, unit },
  };
}

/** Returns the lines of a report on windows: those found, false alarms, and how soon. */
export function windowFacts(score: WindowScore | null): Fact[] {
  if (score === null) return [];
  const { windows, found, falseAlarms, falsePerWeek, delays, unit } = score;
  const known = delays.filter((delay) => delay !== null).sort((a, b) => a - b);
  const median = known[known.length >> 1];
  const words = unit === "row" ? `${median} rows` : formatDuration(median);
  const delay = known.length === 0 ? "" : `, half of them within ${words}`;
  return [
    ["windows", `${found} of ${windows} found${delay}`],
    ["false", `${falseAlarms} outside of them, ${falsePerWeek.toFixed(2)} a week`],
  ];
}
