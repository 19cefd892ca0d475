import type { State } from "../state.ts";
import { LocalTime, partOfDay, partOfWeek } from "./local-time.ts";
import { restoreBlock } from "./restore.ts";
import {
  type PlannedSeries,
  placesOf,
  rowsOf,
  type SeriesKind,
  type SeriesRows,
  type SeriesTransform,
} from "./series-transform.ts";

export interface ProfileOptions {
  /** Columns whose usual course is added. */
  of: readonly string[];
  /** The cycle. */
  by: "hourOfDay" | "hourOfWeek";
  /** How far ahead of the row the usual value is told: 0, a number of rows, or a time such as `1h`. */
  ahead: number | string;
}

const hoursOfDay = 24;
const hoursOfWeek = 168;
/** Smallest weight of a new value in the mean of its hour: about the latest 50 days, or 20 weeks. */
const dayFloor = 0.02;
const weekFloor = 0.05;
const allFloor = 0.0005;

/**
 * Adds what columns usually are at this hour of the day or the week, and what they usually were at the row before (with
 * `ahead`: usually will be then, and usually are now): running means of the hours, m += (x - m) max(1 / n, floor). An hour
 * of the week that never came is taken for the hour of the day, and that for the mean of all rows.
 */
export const profile: SeriesKind<ProfileOptions> = {
  title: "Adds what columns usually are at this hour of the day or the week, and were a row before",
  settings: {
    of: { title: "Columns whose usual course is added", default: [], list: "columns" },
    by: { title: "The cycle", default: "hourOfWeek", choices: ["hourOfDay", "hourOfWeek"] },
    ahead: { title: "How far ahead, in rows or as a time", default: 0, step: 0 },
  },
  required: ["of"],
  plan: (options, rows, path) => planProfile(options, rows, path),
};

function planProfile({ of, by, ahead }: ProfileOptions, rows: SeriesRows, path: string): PlannedSeries {
  const places = placesOf(of, rows, `${path}.of`);
  const aheadMs =
    ahead === 0 ? 0 : (1000 * rowsOf(ahead, rows, `${path}.ahead`)) / rateFor(ahead, rows, path);
  const columns = [...rows.columns, ...of.flatMap((name) => [`${name}_usual`, `${name}_usual_before`])];
  return {
    columns,
    bytes: 8 * (2 + of.length * numbersOf + columns.length),
    rate: rows.rate,
    readsWallClock: true,
    create: () => new Profile(rows, places, by === "hourOfWeek", aheadMs),
  };
}

/** @throws RivuletError where nothing says how long the rows ahead take */
function rateFor(ahead: number | string, rows: SeriesRows, path: string): number {
  rowsOf("1w", rows, `${path}.ahead ${ahead}`);
  return rows.rate as number;
}

/** Mean and visits of each hour of the week, of each hour of the day, and of all rows. */
const numbersOf = 2 * (hoursOfWeek + hoursOfDay + 1);
const at = { before: 0, knowsBefore: 1, start: 2 } as const;
/** Where the values of all rows of a column are counted. */
const visitsOf = (column: number) => at.start + (column + 1) * numbersOf - 1;

class Profile implements SeriesTransform {
  readonly row: Float64Array;
  readonly #columns: number;
  readonly #places: Uint32Array;
  /** Which of the columns is the target; -1: none. */
  readonly #target: number;
  readonly #byWeek: boolean;
  readonly #aheadMs: number;
  readonly #local: LocalTime;
  /** Its own: one that reads two days by turns looks their offsets up each time. */
  readonly #ahead: LocalTime;
  /** Time of the row before, whether it is known, then for each column `numbersOf` numbers. */
  readonly #block: Float64Array;
  readonly #time = new Float64Array(1);
  /** Whether something of the target was known when the latest row came. */
  #isBegun = true;

  constructor(rows: SeriesRows, places: Uint32Array, byWeek: boolean, aheadMs: number) {
    this.#columns = rows.columns.length;
    this.#places = places;
    this.#target = rows.target === null ? -1 : places.indexOf(rows.columns.indexOf(rows.target));
    this.#byWeek = byWeek;
    this.#aheadMs = aheadMs;
    this.#local = new LocalTime(rows.timeZone);
    this.#ahead = new LocalTime(rows.timeZone);
    this.row = new Float64Array(this.#columns + 2 * places.length);
    this.#block = new Float64Array(at.start + places.length * numbersOf);
  }

  push(values: Float64Array, offset: number, times: Float64Array, timeAt: number): boolean {
    const { row } = this;
    const block = this.#block;
    const time = this.#time;
    for (let i = 0; i < this.#columns; i++) row[i] = values[offset + i];
    this.#isBegun = this.#target < 0 || block[visitsOf(this.#target)] > 0;
    const isKnown = Number.isFinite(times[timeAt]);
    time[0] = times[timeAt] + this.#aheadMs;
    this.#write(this.#ahead, isKnown, 0);
    if (this.#aheadMs > 0) time[0] = times[timeAt];
    else if (block[at.knowsBefore] === 1) time[0] = block[at.before];
    this.#write(this.#local, isKnown, 1);
    time[0] = times[timeAt];
    if (isKnown) this.#local.read(time, 0);
    for (let c = 0; c < this.#places.length; c++) this.#learn(c, values, offset + this.#places[c], isKnown);
    block[at.before] = isKnown ? times[timeAt] : 0;
    block[at.knowsBefore] = isKnown ? 1 : 0;
    return true;
  }

  isReady(): boolean {
    return this.#isBegun;
  }

  /** Writes what is usual at the moment in `#time` as the first or second number of each column. */
  #write(local: LocalTime, isKnown: boolean, second: number): void {
    if (isKnown) local.read(this.#time, 0);
    const block = this.#block;
    const hour = partOfDay(local, hoursOfDay);
    const week = partOfWeek(local, hoursOfWeek);
    for (let c = 0; c < this.#places.length; c++) {
      const weeks = at.start + c * numbersOf;
      const days = weeks + 2 * hoursOfWeek;
      const all = days + 2 * hoursOfDay;
      // Before the first value, a column is as usual; the target comes later, and no row comes out.
      let mean = block[all + 1] > 0 || c === this.#target ? block[all] : this.row[this.#places[c]];
      if (isKnown && block[days + 2 * hour + 1] > 0) mean = block[days + 2 * hour];
      if (isKnown && this.#byWeek && block[weeks + 2 * week + 1] > 0) mean = block[weeks + 2 * week];
      this.row[this.#columns + 2 * c + second] = mean;
    }
  }

  /** Of an hour that is not known, only the mean of all rows learns. */
  #learn(column: number, values: Float64Array, valueAt: number, isKnown: boolean): void {
    if (!Number.isFinite(values[valueAt])) return;
    const weeks = at.start + column * numbersOf;
    const days = weeks + 2 * hoursOfWeek;
    this.#follow(days + 2 * hoursOfDay, values, valueAt, allFloor);
    if (!isKnown) return;
    this.#follow(weeks + 2 * partOfWeek(this.#local, hoursOfWeek), values, valueAt, weekFloor);
    this.#follow(days + 2 * partOfDay(this.#local, hoursOfDay), values, valueAt, dayFloor);
  }

  #follow(mean: number, values: Float64Array, valueAt: number, floor: number): void {
    const block = this.#block;
    block[mean + 1]++;
    block[mean] += (values[valueAt] - block[mean]) * Math.max(1 / block[mean + 1], floor);
  }

  /** What is usual holds for every sequence. */
  restart(): void {
    this.#block[at.knowsBefore] = 0;
  }

  state(): State {
    return this.#block;
  }

  restore(state: State): void {
    restoreBlock(this.#block, state, "profile");
  }
}
