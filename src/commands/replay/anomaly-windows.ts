/** Known windows of anomalies, and how well alarms meet them. */
import { RivuletError } from "../../errors/errors.ts";
import { reasonOf } from "../../errors/system-error.ts";
import { readNamedText } from "../../machine/regular-file.ts";
import { formatCount, formatDuration } from "../../wording/quantities.ts";
import type { Spans } from "../charts/line-chart.ts";
import type { Table, Tile } from "../charts/page.ts";
import type { Fact } from "../terminal/text-table.ts";
import type { AnomalyReplay, KnownWindow, WindowScore } from "./anomaly-replay.ts";

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

/** Finds out which rows are in which window, as they pass in their order. */
export class WindowRows {
  readonly #windows: Windows;
  /** First and last row of each window, NaN where it has not come yet. */
  readonly #rows: [first: number, last: number][];
  /** Of windows of times: where each begins and ends, the earliest first. */
  readonly #edges: { time: number; index: number; end: 0 | 1 }[];
  #next = 0;
  #passed = 0;

  constructor(windows: Windows) {
    const { unit, list } = windows;
    this.#windows = windows;
    this.#rows = list.map(() => [Number.NaN, Number.NaN]);
    const edges = list.flatMap(([from, to], index) => [
      { time: from, index, end: 0 as const },
      { time: to, index, end: 1 as const },
    ]);
    this.#edges = unit === "row" ? [] : edges.sort((a, b) => a.time - b.time || a.end - b.end);
  }

  /** @param time of the row, milliseconds since the epoch; NaN: unknown */
  pass(row: number, time: number): void {
    this.#passed = row;
    for (; this.#next < this.#edges.length; this.#next++) {
      const { time: edge, index, end } = this.#edges[this.#next];
      if (!(end === 0 ? time >= edge : time > edge)) return;
      this.#rows[index][end] = row - end;
    }
  }

  /** First and last row of each window, counted from 1; null where none of those that passed was in it. */
  get rows(): (readonly [first: number, last: number] | null)[] {
    const { unit, list } = this.#windows;
    return (unit === "row" ? list : this.#rows).map(([first, last]) => {
      const end = Number.isNaN(last) ? this.#passed : Math.min(last, this.#passed);
      return Math.max(first, 1) <= end ? [Math.max(first, 1), end] : null;
    });
  }
}

/**
 * Compares alarms with windows in which somebody knows of an anomaly.
 * @param rows first and last row of each window, see `WindowRows`
 * @throws RivuletError where windows and rows count differently
 */
export function scoreWindows(
  { unit, list }: Windows,
  { found, weeks, intervalMs }: AnomalyReplay,
  rows: WindowRows["rows"],
): WindowScore {
  if (unit === "time" && intervalMs !== null) {
    throw new RivuletError(
      "argument.bad-value",
      "found windows of times, but the rows have none; give numbers of rows, or a file with a column of time",
    );
  }
  const begins = found.map(({ row, time }) => (unit === "row" ? row : time));
  const isIn = (begin: number, [from, to]: readonly [number, number]) => begin >= from && begin <= to;
  const firsts = list.map((window) => begins.findIndex((begin) => isIn(begin, window)));
  const delays = firsts.map((first, index) => (first < 0 ? null : begins[first] - list[index][0]));
  const known = list.map(([from, to], index): KnownWindow => {
    return { from, to, rows: rows[index], alarm: found[firsts[index]]?.episode.number ?? null };
  });
  const falseAlarms = begins.filter((begin) => !list.some((window) => isIn(begin, window))).length;
  return {
    ...{ windows: list.length, found: delays.filter((delay) => delay !== null).length },
    ...{ falseAlarms, falsePerWeek: falseAlarms / Math.max(weeks, 1), delays, unit, known },
  };
}

const lengthText = (length: number, unit: Windows["unit"]) =>
  unit === "row" ? formatCount(length, "row") : formatDuration(length);

/** How soon windows were found, at the median: `half of them within 20 min`; empty where none was. */
function delayText({ delays, unit }: WindowScore): string {
  const known = delays.filter((delay) => delay !== null).sort((a, b) => a - b);
  return known.length === 0 ? "" : `half of them within ${lengthText(known[known.length >> 1], unit)}`;
}

/** Returns the lines of a report on windows: those found, false alarms, and how soon. */
export function windowFacts(score: WindowScore | null): Fact[] {
  if (score === null) return [];
  const { windows, found, falseAlarms, falsePerWeek } = score;
  const delay = delayText(score);
  return [
    ["windows", `${found} of ${windows} found${delay && `, ${delay}`}`],
    ["false", `${falseAlarms} outside of them, ${falsePerWeek.toFixed(2)} a week`],
  ];
}

/** The same as figures at the head of a page. */
export function windowTiles(score: WindowScore | null): Tile[] {
  if (score === null) return [];
  const { windows, found, falseAlarms, falsePerWeek } = score;
  return [
    { name: "known windows found", value: `${found} of ${windows}`, note: delayText(score) },
    {
      name: "alarms outside of them",
      value: String(falseAlarms),
      note: `${falsePerWeek.toFixed(2)} a week`,
    },
  ];
}

/** The windows as a chart by rows shows them. */
export function windowSpans(score: WindowScore | null): Spans[] {
  const rowsOf = (isFound: boolean) =>
    (score?.known ?? []).flatMap(({ rows, alarm }) =>
      rows !== null && (alarm !== null) === isFound ? [rows] : [],
    );
  const spans = [
    { name: "known window, found", colour: "#009e73", ranges: rowsOf(true) },
    { name: "known window, missed", colour: "#cc79a7", hollow: true, ranges: rowsOf(false) },
  ];
  return spans.filter(({ ranges }) => ranges.length > 0);
}

/** Windows that a page lists. */
const mostListed = 100;

/** The windows one by one: which alarm found each, and how soon. */
export function windowTable(score: WindowScore | null): Table[] {
  if (score === null) return [];
  const { known, delays, unit } = score;
  const endText = (end: number) =>
    unit === "row" ? String(end) : new Date(end).toISOString().slice(0, 19).replace("T", " ");
  const rows = known.slice(0, mostListed).map(({ from, to, rows, alarm }, index) => {
    const delay = delays[index];
    const fate = rows === null ? "not in the data" : "missed";
    const result = delay === null ? fate : `alarm ${alarm}, after ${lengthText(delay, unit)}`;
    return [String(index + 1), endText(from), endText(to), result];
  });
  return [
    {
      title: "Known windows",
      hasCards: true,
      sentence: known.length > mostListed ? `The first ${mostListed} of ${known.length}.` : undefined,
      columns: ["window", unit === "row" ? "from row" : "from", unit === "row" ? "to row" : "to", "found by"],
      rows,
    },
  ];
}
