import { keyError } from "../errors/errors.ts";
import { parseTimeSpan } from "../wording/quantities.ts";
import { GatheredWindows, type WindowGroup } from "./gathered-windows.ts";
import { type PlannedSeries, placesOf, type SeriesKind, type SeriesRows } from "./series-transform.ts";
import { requireSize, Spectrum } from "./spectrum.ts";
import { takeNames, takenFrom, WindowStatistics, type WindowTake } from "./window-statistics.ts";

export interface WindowOptions {
  /** Columns of which rows are collected; each other column adds its latest value. */
  of: readonly string[];
  /** Rows of a window. */
  size: number;
  /** From one row that comes out to the next: a number of rows, a time such as `10s`, or `sequence`: one as each ends. */
  every: number | string;
  /** What is taken of each window. */
  take: readonly WindowTake[];
}

const largestSize = 2 ** 20;

/**
 * Gathers the latest rows of some columns in rings, and makes one row of each window: statistics and spectrum of its columns
 * in place of their values. Rows come out at the pace of `every`, the first once a window is full; of other columns, the
 * target among them, a row holds the latest value since the row before. Several stand side by side, each with its own columns
 * and size, at one pace.
 */
export const window: SeriesKind<WindowOptions> = {
  title: "Gathers rows in windows and takes statistics and spectrum of each: fewer rows come out",
  settings: {
    of: {
      title: "Columns of which rows are collected; each other column adds its latest value",
      default: [],
      list: "columns",
    },
    size: {
      ...{ title: "Rows of a window; a power of two for bands, centroid and envelope", default: 512 },
      ...{ minimum: 2, maximum: largestSize, whole: true },
    },
    every: {
      ...{
        title: "From one row that comes out to the next: rows, a time such as 10s, or sequence",
        default: 512,
      },
      ...{ step: 1, words: ["sequence"] },
    },
    take: { title: "What is taken of each window", default: [], list: takeNames },
  },
  required: ["of", "take"],
  plan: (options, rows, path) => planWindows([{ options, path }], rows),
};

/** An entry of the list of features, and its place there. */
export interface WindowEntry {
  options: WindowOptions;
  path: string;
}

/** What comes of the columns of one entry. */
interface PlannedGroup extends WindowGroup {
  columns: string[];
  bytes: number;
}

/**
 * Plans windows side by side: each collects its own columns in its own size, and all come out at one pace, once each is full.
 * @throws RivuletError where an option does not fit the rows, or a pace the one before
 */
export function planWindows(entries: readonly WindowEntry[], rows: SeriesRows): PlannedSeries {
  const [{ options: first, path: firstPath }] = entries;
  for (const { options, path } of entries) {
    if (options.every === first.every) continue;
    throw keyError(
      "config.conflict",
      `${path}.every`,
      `is ${options.every}, but ${firstPath}.every is ${first.every}, and all windows come out as one row; write the same`,
    );
  }
  const groups = entries.map((entry) => planGroup(entry, rows));
  const gathered = new Set(entries.flatMap(({ options }) => options.of));
  const others = rows.columns.filter((name) => !gathered.has(name));
  const columns = [...others, ...groups.flatMap((group) => group.columns)];
  const { every } = first;
  const pace = {
    everyRows: typeof every === "number" ? every : 0,
    everyMs: typeof every === "string" && every !== "sequence" ? (parseTimeSpan(every) as number) : 0,
  };
  const otherPlaces = Uint32Array.from(others, (name) => rows.columns.indexOf(name));
  const target = rows.target === null ? -1 : others.indexOf(rows.target);
  return {
    columns,
    bytes:
      GatheredWindows.bytes(groups, others.length) +
      groups.reduce((sum, { bytes }) => sum + bytes, 0) +
      8 * columns.length,
    rate: rateOf(every, rows),
    makesFewerRows: every !== 1,
    isOfSequences: every === "sequence",
    create: () => new GatheredWindows(groups, pace, otherPlaces, target, columns.length),
  };
}

function planGroup({ options, path }: WindowEntry, rows: SeriesRows): PlannedGroup {
  const { of, size, every, take } = options;
  const places = placesOf(of, rows, `${path}.of`);
  if (rows.target !== null && of.includes(rows.target)) {
    throw keyError(
      "config.bad-value",
      `${path}.of`,
      `names the target "${rows.target}", but a window would contain the value that is to be predicted; leave it out, and use lags of it`,
    );
  }
  const hasSpectrum = take.some((name) => takenFrom[name] === "spectrum");
  if (hasSpectrum) requireSize(size, `${path}.size`);
  if (hasSpectrum && every === "sequence") {
    throw keyError(
      "config.bad-value",
      `${path}.every`,
      "is sequence, but bands, centroid and envelope need a window of fixed size, and sequences differ in length; take others, or write a number of rows",
    );
  }
  return {
    ...{ size, places, take, hasSpectrum },
    columns: of.flatMap((name) => takeColumns(name, take)),
    bytes: WindowStatistics.bytes(size) + (hasSpectrum ? Spectrum.bytes(size) : 0),
  };
}

/** The columns that the window of one column becomes. */
function takeColumns(column: string, take: readonly WindowTake[]): string[] {
  return take.flatMap((name) =>
    name === "bands"
      ? Array.from({ length: WindowStatistics.bands }, (_, band) => `${column}_band${band + 1}`)
      : [`${column}_${name}`],
  );
}

/** Rows a second that come out. */
function rateOf(every: number | string, { rate }: SeriesRows): number | null {
  if (every === "sequence") return null;
  if (typeof every === "string") return 1000 / (parseTimeSpan(every) as number);
  return rate === null ? null : rate / every;
}
