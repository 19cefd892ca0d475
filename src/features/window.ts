import { keyError } from "../errors/errors.ts";
import type { State } from "../state.ts";
import { parts, sampledOrMissing, whole, wholeWithin } from "../state-check.ts";
import { parseTimeSpan } from "../wording/quantities.ts";
import { restoreBlock } from "./restore.ts";
import {
  type PlannedSeries,
  placesOf,
  type SeriesKind,
  type SeriesRows,
  type SeriesTransform,
} from "./series-transform.ts";
import { requireSize, Spectrum } from "./spectrum.ts";
import { takeNames, takenFrom, WindowStatistics } from "./window-statistics.ts";

/** What can be taken of a window: see `WindowStatistics`. */
export type WindowTake = (typeof takeNames)[number];

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
 * target among them, a row holds the latest value since the row before.
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
  plan: (options, rows, path) => planWindow(options, rows, path),
};

function planWindow(options: WindowOptions, rows: SeriesRows, path: string): PlannedSeries {
  const { of, size, every, take } = options;
  const places = placesOf(of, rows, `${path}.of`);
  if (rows.target !== null && of.includes(rows.target)) {
    throw keyError(
      "config.bad-value",
      `${path}.of`,
      `names the target "${rows.target}", of which a window would hold the value to predict; leave it out, and use lags of it`,
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
  const others = rows.columns.filter((name) => !of.includes(name));
  const names = of.flatMap((name) => takeColumns(name, take));
  const rate = rateOf(every, rows);
  return {
    columns: [...others, ...names],
    bytes:
      8 * (ownNumbers + of.length * size + others.length) +
      WindowStatistics.bytes(size) +
      (hasSpectrum ? Spectrum.bytes(size) : 0) +
      8 * (others.length + names.length),
    rate,
    isOfSequences: every === "sequence",
    create: () => new Window(rows, options, places, hasSpectrum),
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

const at = { next: 0, count: 1, since: 2, due: 3, isDue: 4 } as const;
const ownNumbers = 5;

class Window implements SeriesTransform {
  readonly row: Float64Array;
  readonly #size: number;
  /** Rows between two that come out; 0 where time or the end of a sequence decides. */
  readonly #everyRows: number;
  /** Milliseconds between two rows that come out; 0 where rows or the end of a sequence decide. */
  readonly #everyMs: number;
  readonly #places: Uint32Array;
  readonly #others: Uint32Array;
  /** Among the others, the target: a value of an earlier row is none of this one. -1: none. */
  readonly #target: number;
  readonly #take: readonly WindowTake[];
  readonly #statistics: WindowStatistics;
  /**
   * Where the next row goes, how many there are, rows since the last that came out, when the next is due, whether that is
   * known, then the rings [columns, size], then the latest values of the others.
   */
  readonly #block: Float64Array;

  constructor(rows: SeriesRows, options: WindowOptions, places: Uint32Array, hasSpectrum: boolean) {
    const { size, every, take, of } = options;
    const others = rows.columns.filter((name) => !of.includes(name));
    this.#size = size;
    this.#everyRows = typeof every === "number" ? every : 0;
    this.#everyMs = typeof every === "string" && every !== "sequence" ? (parseTimeSpan(every) as number) : 0;
    this.#places = places;
    this.#others = Uint32Array.from(others, (name) => rows.columns.indexOf(name));
    this.#target = rows.target === null ? -1 : others.indexOf(rows.target);
    this.#take = take;
    this.#statistics = new WindowStatistics(size, hasSpectrum ? new Spectrum(size) : null);
    const columns = of.flatMap((name) => takeColumns(name, take));
    this.row = new Float64Array(others.length + columns.length);
    this.#block = new Float64Array(ownNumbers + places.length * size + others.length);
    this.restart();
  }

  push(values: Float64Array, offset: number, times: Float64Array, timeAt: number): boolean {
    this.#gather(values, offset);
    const block = this.#block;
    if (block[at.count] < this.#size || !this.#isDue(times, timeAt)) return false;
    this.#make();
    return true;
  }

  /** A sequence has ended: its row is due where sequences set the pace. */
  finish(): boolean {
    if (this.#everyRows > 0 || this.#everyMs > 0 || this.#block[at.count] < 2) return false;
    this.#make();
    return true;
  }

  #gather(values: Float64Array, offset: number): void {
    const block = this.#block;
    const size = this.#size;
    const next = block[at.next];
    const last = next === 0 ? size - 1 : next - 1;
    for (let c = 0; c < this.#places.length; c++) {
      const start = ownNumbers + c * size;
      const value = values[offset + this.#places[c]];
      block[start + next] = Number.isNaN(value) && block[at.count] > 0 ? block[start + last] : value;
    }
    const latest = ownNumbers + this.#places.length * size;
    for (let i = 0; i < this.#others.length; i++) {
      const value = values[offset + this.#others[i]];
      if (!Number.isNaN(value)) block[latest + i] = value;
    }
    block[at.next] = next + 1 === size ? 0 : next + 1;
    if (block[at.count] < size) block[at.count]++;
    block[at.since]++;
  }

  /** Whether the window that is full now is to come out. A clock that jumps moves the pace with it. */
  #isDue(times: Float64Array, timeAt: number): boolean {
    const block = this.#block;
    const every = this.#everyMs;
    if (this.#everyRows > 0) return block[at.isDue] === 0 || block[at.since] >= this.#everyRows;
    if (every === 0) return false;
    const time = times[timeAt];
    if (block[at.isDue] === 0) {
      block[at.due] = time;
      block[at.isDue] = 1;
    } else if (block[at.due] - time > every) block[at.due] = time + every;
    if (time < block[at.due]) return false;
    block[at.due] += every;
    if (block[at.due] <= time) block[at.due] = time + every;
    return true;
  }

  #make(): void {
    const { row } = this;
    const block = this.#block;
    const size = this.#size;
    const count = block[at.count];
    const others = this.#others.length;
    const latest = ownNumbers + this.#places.length * size;
    for (let i = 0; i < others; i++) row[i] = block[latest + i];
    let outAt = others;
    for (let c = 0; c < this.#places.length; c++) {
      this.#statistics.read(block, ownNumbers + c * size, count === size ? block[at.next] : 0, count);
      for (let i = 0; i < this.#take.length; i++) outAt = this.#statistics.take(this.#take[i], row, outAt);
    }
    block[at.since] = 0;
    if (this.#everyRows > 0) block[at.isDue] = 1;
    if (this.#target >= 0) block[latest + this.#target] = Number.NaN;
  }

  restart(): void {
    const block = this.#block;
    block[at.next] = 0;
    block[at.count] = 0;
    block[at.since] = 0;
    // The pace of time goes on; by rows, the first full window of a sequence comes out.
    if (this.#everyMs === 0) block[at.isDue] = 0;
    block.fill(Number.NaN, ownNumbers + this.#places.length * this.#size);
  }

  state(): State {
    return this.#block;
  }

  restore(state: State): void {
    const size = this.#size;
    const sane = parts(sampledOrMissing, [
      [at.next, wholeWithin(0, size)],
      [at.count, wholeWithin(0, size)],
      [at.since, whole],
      [at.isDue, wholeWithin(0, 1)],
    ]);
    restoreBlock(this.#block, state, "window", sane);
  }
}
