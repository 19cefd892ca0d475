import type { State } from "../state.ts";
import { parts, sampledOrMissing, whole, wholeWithin } from "../state-check.ts";
import { restoreBlock } from "./restore.ts";
import type { SeriesTransform } from "./series-transform.ts";
import { Spectrum } from "./spectrum.ts";
import { WindowStatistics, type WindowTake } from "./window-statistics.ts";

/** Columns that are collected in windows of one size. */
export interface WindowGroup {
  /** Rows of a window. */
  size: number;
  /** Where the columns are in a row that comes in. */
  places: Uint32Array;
  /** What is taken of the window of each. */
  take: readonly WindowTake[];
  hasSpectrum: boolean;
}

/** From one row that comes out to the next; both 0 where the end of a sequence decides. */
export interface WindowPace {
  everyRows: number;
  everyMs: number;
}

const at = { next: 0, count: 1, since: 2, due: 3, isDue: 4 } as const;
const ownNumbers = 5;

/** A group, and where its numbers are in the block. */
interface PlacedGroup extends WindowGroup {
  statistics: WindowStatistics;
  /** Index in the block of the place in the rings where the next row goes. */
  nextAt: number;
  /** Where its rings begin, [columns, size]. */
  ringsAt: number;
}

/** Rings of the latest rows of some columns, and a row of their statistics each time that one is due. */
export class GatheredWindows implements SeriesTransform {
  readonly row: Float64Array;
  readonly #groups: readonly PlacedGroup[];
  /** Rows of the largest window. */
  readonly #largest: number;
  readonly #pace: WindowPace;
  readonly #others: Uint32Array;
  readonly #target: number;
  /** Where the latest values of the others begin in the block. */
  readonly #latestAt: number;
  /**
   * Where the next row of the first group goes, how many there are, rows since the last that came out, when the next is due,
   * whether that is known; where the next row of each other group goes; the rings; the latest values of the others.
   */
  readonly #block: Float64Array;

  static bytes(groups: readonly WindowGroup[], others: number): number {
    const rings = groups.reduce((sum, { places, size }) => sum + places.length * size, 0);
    return 8 * (ownNumbers + groups.length - 1 + rings + others);
  }

  /**
   * @param others where the columns are that no window collects
   * @param target which of the others is the target, of which a value of an earlier row does not count; -1: none
   * @param width numbers of a row that comes out
   */
  constructor(
    groups: readonly WindowGroup[],
    pace: WindowPace,
    others: Uint32Array,
    target: number,
    width: number,
  ) {
    this.#pace = pace;
    this.#others = others;
    this.#target = target;
    this.row = new Float64Array(width);
    let end = ownNumbers + groups.length - 1;
    this.#groups = groups.map((group, index) => {
      const ringsAt = end;
      end += group.places.length * group.size;
      const statistics = new WindowStatistics(
        group.size,
        group.hasSpectrum ? new Spectrum(group.size) : null,
      );
      return { ...group, statistics, nextAt: index === 0 ? at.next : ownNumbers + index - 1, ringsAt };
    });
    this.#latestAt = end;
    this.#largest = Math.max(...groups.map(({ size }) => size));
    this.#block = new Float64Array(end + others.length);
    this.restart();
  }

  push(values: Float64Array, offset: number, times: Float64Array, timeAt: number): boolean {
    this.#gather(values, offset);
    if (this.#block[at.count] < this.#largest || !this.#isDue(times, timeAt)) return false;
    this.#make();
    return true;
  }

  /** A sequence has ended: its row is due where sequences set the pace. */
  finish(): boolean {
    const { everyRows, everyMs } = this.#pace;
    if (everyRows > 0 || everyMs > 0 || this.#block[at.count] < 2) return false;
    this.#make();
    return true;
  }

  #gather(values: Float64Array, offset: number): void {
    const block = this.#block;
    const groups = this.#groups;
    for (let g = 0; g < groups.length; g++) {
      const group = groups[g];
      const { size, places, ringsAt } = group;
      const next = block[group.nextAt];
      const last = next === 0 ? size - 1 : next - 1;
      for (let c = 0; c < places.length; c++) {
        const start = ringsAt + c * size;
        const value = values[offset + places[c]];
        block[start + next] = Number.isNaN(value) && block[at.count] > 0 ? block[start + last] : value;
      }
      block[group.nextAt] = next + 1 === size ? 0 : next + 1;
    }
    for (let i = 0; i < this.#others.length; i++) {
      const value = values[offset + this.#others[i]];
      if (!Number.isNaN(value)) block[this.#latestAt + i] = value;
    }
    if (block[at.count] < this.#largest) block[at.count]++;
    block[at.since]++;
  }

  /** Whether the windows that are full now are to come out. A clock that jumps moves the pace with it. */
  #isDue(times: Float64Array, timeAt: number): boolean {
    const block = this.#block;
    const { everyRows, everyMs: every } = this.#pace;
    if (everyRows > 0) return block[at.isDue] === 0 || block[at.since] >= everyRows;
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
    const groups = this.#groups;
    const others = this.#others.length;
    for (let i = 0; i < others; i++) row[i] = block[this.#latestAt + i];
    let outAt = others;
    for (let g = 0; g < groups.length; g++) {
      const { size, places, take, statistics, nextAt, ringsAt } = groups[g];
      const count = Math.min(block[at.count], size);
      const first = count === size ? block[nextAt] : 0;
      for (let c = 0; c < places.length; c++) {
        statistics.read(block, ringsAt + c * size, first, count);
        for (let i = 0; i < take.length; i++) outAt = statistics.take(take[i], row, outAt);
      }
    }
    block[at.since] = 0;
    if (this.#pace.everyRows > 0) block[at.isDue] = 1;
    if (this.#target >= 0) block[this.#latestAt + this.#target] = Number.NaN;
  }

  restart(): void {
    const block = this.#block;
    for (const { nextAt } of this.#groups) block[nextAt] = 0;
    block[at.count] = 0;
    block[at.since] = 0;
    // The pace of time goes on; by rows, the first full window of a sequence comes out.
    if (this.#pace.everyMs === 0) block[at.isDue] = 0;
    block.fill(Number.NaN, this.#latestAt);
  }

  state(): State {
    return this.#block;
  }

  restore(state: State): void {
    const sane = parts(sampledOrMissing, [
      ...this.#groups.map(({ nextAt, size }) => [nextAt, wholeWithin(0, size - 1)] as const),
      [at.count, wholeWithin(0, this.#largest)],
      [at.since, whole],
      [at.isDue, wholeWithin(0, 1)],
    ]);
    restoreBlock(this.#block, state, "window", sane);
  }
}
