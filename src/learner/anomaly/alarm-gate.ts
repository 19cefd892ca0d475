import { takeLogarithm } from "../../logarithm.ts";
import type { State, Stateful } from "../../state.ts";
import { finite, notNegative, parts, whole, wholeWithin } from "../../state-check.ts";
import { restoreArrays } from "../restore-arrays.ts";

const weekMs = 7 * 24 * 60 * 60 * 1000;
/** Block maxima that are kept, the largest of the time that is remembered. */
const kept = 64;
/** The first part of the time, in which what is normal was hardly known, does not count once two alarms are due without it. */
const partTooEarly = 0.25;
/** Rows at most until the level follows what was kept. */
const rowsPerRanking = 16;
const shortestBlock = 16;
const longestBlock = 256;
/** Blocks of an alarm's share of a week. */
const blocksPerAlarm = 20;
/** Evidence below this is never an alarm, in nats. */
const floor = 17;
/** An episode goes on while the evidence is at least this part of its threshold. */
const partOfThreshold = 0.8;
const caution = 0.1;
const rowsOfBeginning = 16;
/**
 * Mean of what maxima exceed a high level by, in nats, while they are too few to tell it: 3 where the three scores of the
 * evidence rise together, and one more to be on the safe side.
 */
const usualExcess = 4;
/**
 * Part of an alarm that is due at least, however short the time: what cannot be mistaken is reported in the first seconds too. It
 * costs one false alarm in twenty, if excesses are exponential, each time that the rows become e times as many.
 */
const leastDue = 0.05;

const at = {
  rows: 0,
  firstMs: 1,
  latestMs: 2,
  held: 3,
  caution: 4,
  blockRow: 5,
  blockMs: 6,
  blockEvidence: 7,
  hasBlock: 8,
  episodeThreshold: 9,
  lastAboveRow: 10,
  threshold: 11,
  alarms: 12,
  rank: 13,
  /** The evidence that a place among the maxima asks for, and the place it was computed for; 0 where it is outdated. */
  ranked: 14,
  rankedPlace: 15,
  /** Of the latest row: its number, its evidence, and the rows of a block. */
  row: 16,
  strength: 17,
  block: 18,
  /** What the maximum of the block counts as: at most the threshold that it exceeded. */
  blockCounted: 19,
  /** Alarms that are due in the time so far, or in the time remembered. */
  due: 20,
  /** The row at which the latest episode began. */
  episodeRow: 21,
  count: 22,
} as const;

const sane = parts(notNegative, [
  [at.rows, whole],
  [at.firstMs, finite],
  [at.latestMs, finite],
  [at.held, wholeWithin(0, kept)],
  [at.blockRow, whole],
  [at.blockMs, finite],
  [at.hasBlock, wholeWithin(0, 1)],
  [at.lastAboveRow, whole],
  [at.alarms, whole],
  [at.rank, whole],
  [at.rankedPlace, whole],
  [at.row, whole],
  [at.block, whole],
  [at.episodeRow, whole],
]);

export interface AlarmGateOptions {
  /** Alarms a week that are asked for, on average; above 0. */
  alarmsPerWeek: number;
  /** Rows before the first alarm. */
  warmUpRows: number;
  /** Time before the first alarm, in milliseconds; for rows slower than one a second. */
  warmUpMs: number;
  /** Time over which moments are ranked, in milliseconds. Default four weeks. */
  memoryMs?: number;
  /** Time after which a rise is another episode, in milliseconds; null: by the rate of rows, 16 to 256 of them. */
  coolDownMs?: number | null;
}

/** What is left of a warm-up. */
export interface WarmUp {
  rowsLeft: number;
  /** 0 where rows come so fast that only their number counts. */
  millisecondsLeft: number;
}

/**
 * Lets evidence through as alarms, at most so many a week on average: an alarm ranks among the N strongest block maxima of
 * a week. Where maxima are exchangeable, the newest exceeds the k-th of n with chance k / n, whatever their
 * distribution is; so no threshold is to be chosen. While less than two alarms are due, the level is extrapolated from the
 * two strongest maxima. One alarm an episode.
 */
export class AlarmGate implements Stateful {
  readonly alarmsPerWeek: number;
  readonly #warmUpRows: number;
  readonly #warmUpMs: number;
  readonly #memoryMs: number;
  readonly #coolDownMs: number | null;
  readonly #scalars = new Float64Array(at.count);
  /** Evidence of the kept maxima, what they count as, and their times, unordered, [64]. */
  readonly #evidence = new Float64Array(kept);
  readonly #counted = new Float64Array(kept);
  readonly #times = new Float64Array(kept);
  /** [1] An array, so that V8 boxes no number on the way to the logarithm. */
  readonly #cell = new Float64Array(1);

  static readonly bytes = 8 * (at.count + 3 * kept + 1);

  constructor(options: AlarmGateOptions) {
    const { alarmsPerWeek, warmUpRows, warmUpMs, memoryMs = 4 * weekMs, coolDownMs = null } = options;
    this.alarmsPerWeek = alarmsPerWeek;
    this.#warmUpRows = warmUpRows;
    this.#warmUpMs = warmUpMs;
    this.#memoryMs = memoryMs;
    this.#coolDownMs = coolDownMs;
  }

  get alarms(): number {
    return this.#scalars[at.alarms];
  }

  /** Evidence that the latest row needed for an alarm, in nats. */
  get threshold(): number {
    return this.#scalars[at.threshold];
  }

  /** Kept maxima of the time remembered that were at least as strong as the latest alarm; 0 where it was the strongest. */
  get rank(): number {
    return this.#scalars[at.rank];
  }

  /** Whether an episode is under way. */
  get isOpen(): boolean {
    return this.#scalars[at.episodeThreshold] > 0;
  }

  /** Whether alarms are possible. */
  get isWarm(): boolean {
    const s = this.#scalars;
    if (s[at.rows] < this.#warmUpRows) return false;
    const elapsed = s[at.latestMs] - s[at.firstMs];
    const isFast = elapsed < 1000 * s[at.rows];
    return isFast || elapsed >= this.#warmUpMs;
  }

  /** What is left of the warm-up, at the rate of rows so far. */
  get warmUp(): WarmUp {
    const s = this.#scalars;
    const elapsed = s[at.latestMs] - s[at.firstMs];
    const isFast = elapsed < 1000 * s[at.rows];
    return {
      rowsLeft: Math.max(0, this.#warmUpRows - s[at.rows]),
      millisecondsLeft: isFast ? 0 : Math.max(0, this.#warmUpMs - elapsed),
    };
  }

  /** Whether the latest row was unusual enough to keep the episode going. */
  get isAbove(): boolean {
    const s = this.#scalars;
    return s[at.episodeThreshold] > 0 && s[at.lastAboveRow] === s[at.row];
  }

  /** Whether the latest row was unusual, and among the first 16 of its episode. */
  get hasJustBegun(): boolean {
    const s = this.#scalars;
    return this.isAbove && s[at.row] - s[at.episodeRow] < rowsOfBeginning;
  }

  /** Milliseconds from the first row to the latest. */
  get elapsedMs(): number {
    return this.#scalars[at.latestMs] - this.#scalars[at.firstMs];
  }

  /** Rows without anything unusual after which an episode is over. */
  get coolDownRows(): number {
    return this.#scalars[at.block];
  }

  /** Ends the episode that is under way, if any. */
  endEpisode(): void {
    this.#scalars[at.episodeThreshold] = 0;
  }

  /**
   * Takes the evidence of a row at a time that never decreases; true where an episode begins. Allocates nothing.
   *
   * @param evidence [1], in nats
   * @param times at `timeAt` in milliseconds since the epoch
   */
  observe(evidence: Float64Array, times: Float64Array, timeAt: number): boolean {
    const s = this.#scalars;
    if (s[at.rows] === 0) s[at.firstMs] = s[at.latestMs] = times[timeAt];
    s[at.strength] = evidence[0];
    if (s[at.caution] > 0) {
      // Alarms make the gate more cautious, and quiet weeks take that back.
      const weeks = (times[timeAt] - s[at.latestMs]) / weekMs;
      s[at.caution] = Math.max(0, s[at.caution] - caution * this.alarmsPerWeek * weeks);
    }
    s[at.latestMs] = times[timeAt];
    s[at.row] = s[at.rows]++;
    if (s[at.row] < this.#warmUpRows / 4) return false;
    this.#setBlock();
    this.#setThreshold();
    const begins = this.#follow();
    this.#addToBlock();
    if (begins) {
      s[at.alarms]++;
      s[at.rank] = this.#countFrom();
      s[at.caution] += caution;
    }
    return begins;
  }

  /** Rows of a block, and of the pause after an episode, from the rate of rows so far. */
  #setBlock(): void {
    const s = this.#scalars;
    const elapsedMs = s[at.latestMs] - s[at.firstMs];
    if (this.#coolDownMs !== null && elapsedMs > 0) {
      s[at.block] = Math.max(1, Math.round((this.#coolDownMs * s[at.row]) / elapsedMs));
      return;
    }
    const rows =
      elapsedMs > 0 ? (s[at.row] * weekMs) / elapsedMs / this.alarmsPerWeek / blocksPerAlarm : longestBlock;
    s[at.block] = Math.min(Math.max(Math.round(rows), shortestBlock), longestBlock);
  }

  /** From the maximum whose place the alarms of the time that counts would have; a quarter of the warm-up never counts. */
  #setThreshold(): void {
    const s = this.#scalars;
    const counted = s[at.row] === 0 ? 0 : 1 - this.#warmUpRows / 4 / s[at.row];
    const weeks = ((s[at.latestMs] - s[at.firstMs]) * Math.min(counted, 1 - this.#tooEarly)) / weekMs;
    s[at.due] = this.alarmsPerWeek * Math.min(weeks, this.#memoryMs / weekMs);
    const place = Math.max(2, Math.round(s[at.due]));
    const isOutdated = s[at.rankedPlace] !== place || s[at.due] < 2;
    // Where a block is a single row, each row would move the ranks.
    if (s[at.ranked] === 0 || (isOutdated && s[at.row] % rowsPerRanking === 0)) {
      s[at.rankedPlace] = place;
      // Of few alarms none is to spare: what was reported counts in full until two are due.
      s[at.ranked] = this.#evidenceAt(place, s[at.due] < 2 ? this.#evidence : this.#counted);
      if (s[at.due] < 2) this.#extrapolate();
    }
    s[at.threshold] = Math.max(floor, s[at.ranked]) * (1 + s[at.caution]);
  }

  /**
   * The level that less than two alarms allow: above the second strongest maximum, as only a part of two alarms is due.
   * Otherwise a stream of a thousand rows a second would pass its own record several times an hour. Excesses are taken as
   * exponential, where each e-th part of the alarms is one mean excess higher; the second strongest, as a single fault in
   * the warm-up must not hide those that follow.
   */
  #extrapolate(): void {
    const s = this.#scalars;
    this.#cell[0] = 2 / Math.max(s[at.due], leastDue);
    takeLogarithm(this.#cell, 0);
    const second = Math.max(floor, this.#evidenceAt(2, this.#counted));
    s[at.ranked] = Math.max(s[at.ranked], second + usualExcess * this.#cell[0]);
  }

  /** Whether an episode begins; keeps the one under way. */
  #follow(): boolean {
    const s = this.#scalars;
    if (s[at.episodeThreshold] > 0) {
      if (s[at.strength] >= partOfThreshold * s[at.episodeThreshold]) s[at.lastAboveRow] = s[at.row];
      if (s[at.row] - s[at.lastAboveRow] <= s[at.block]) return false;
      s[at.episodeThreshold] = 0;
    }
    if (s[at.strength] <= s[at.threshold] || !this.isWarm) return false;
    s[at.episodeThreshold] = s[at.threshold];
    s[at.episodeRow] = s[at.row];
    s[at.lastAboveRow] = s[at.row];
    return true;
  }

  /** A maximum nearer than a block to the previous one replaces it where it is stronger. */
  #addToBlock(): void {
    const s = this.#scalars;
    const isNear = s[at.hasBlock] === 1 && s[at.row] - s[at.blockRow] < s[at.block];
    if (isNear && s[at.strength] <= s[at.blockEvidence]) return;
    if (!isNear && s[at.hasBlock] === 1) this.#keepBlock();
    s[at.hasBlock] = 1;
    s[at.blockRow] = s[at.row];
    s[at.blockMs] = s[at.latestMs];
    s[at.blockEvidence] = s[at.strength];
    // A fault counts as the threshold that it exceeded: alarms raise the level by the caution alone, and hide no weaker fault.
    s[at.blockCounted] = this.isOpen ? Math.min(s[at.strength], s[at.episodeThreshold]) : s[at.strength];
  }

  /** Keeps the maximum of a block in the place of one that is too old, of none, or of the weakest. */
  #keepBlock(): void {
    const s = this.#scalars;
    s[at.rankedPlace] = 0;
    this.#forget();
    const isFull = s[at.held] === kept;
    let place = s[at.held];
    if (isFull) {
      place = 0;
      for (let index = 1; index < kept; index++) {
        if (this.#evidence[index] < this.#evidence[place]) place = index;
      }
      if (this.#evidence[place] >= s[at.blockEvidence]) return;
    } else s[at.held]++;
    this.#evidence[place] = s[at.blockEvidence];
    this.#counted[place] = s[at.blockCounted];
    this.#times[place] = s[at.blockMs];
  }

  /** The part of the time so far that does not count. */
  get #tooEarly(): number {
    const s = this.#scalars;
    const weeks = (s[at.latestMs] - s[at.firstMs]) / weekMs;
    return (1 - partTooEarly) * weeks * this.alarmsPerWeek >= 2 ? partTooEarly : 0;
  }

  /** Drops the maxima that are too old, and those of too early a time. */
  #forget(): void {
    const s = this.#scalars;
    const tooEarly = s[at.firstMs] + this.#tooEarly * (s[at.latestMs] - s[at.firstMs]);
    const oldest = Math.max(s[at.latestMs] - this.#memoryMs, tooEarly);
    for (let index = 0; index < s[at.held]; ) {
      if (this.#times[index] >= oldest) index++;
      else {
        const last = --s[at.held];
        this.#evidence[index] = this.#evidence[last];
        this.#counted[index] = this.#counted[last];
        this.#times[index] = this.#times[last];
      }
    }
  }

  /** The maximum at a place, counted from the largest as 1; 0 where there are fewer. */
  #evidenceAt(place: number, maxima: Float64Array): number {
    const count = this.#scalars[at.held];
    if (count < place) return 0;
    let bound = Number.POSITIVE_INFINITY;
    // Selection without a copy: the largest below the last one, with its equals, until there are enough.
    for (let found = 0; found < place; ) {
      let next = Number.NEGATIVE_INFINITY;
      let equals = 0;
      for (let index = 0; index < count; index++) {
        const value = maxima[index];
        if (value >= bound || value < next) continue;
        equals = value === next ? equals + 1 : 1;
        next = value;
      }
      found += equals;
      bound = next;
    }
    return bound;
  }

  /** Kept maxima that are at least as strong as the latest row. */
  #countFrom(): number {
    const s = this.#scalars;
    let count = 0;
    for (let index = 0; index < s[at.held]; index++) {
      if (this.#evidence[index] >= s[at.strength]) count++;
    }
    return count;
  }

  get #arrays() {
    return {
      scalars: this.#scalars,
      evidence: this.#evidence,
      counted: this.#counted,
      times: this.#times,
    };
  }

  state(): State {
    return this.#arrays;
  }

  restore(state: State): void {
    restoreArrays(this.#arrays, state, "gate of alarms", {
      scalars: sane,
      evidence: notNegative,
      counted: notNegative,
    });
  }
}
