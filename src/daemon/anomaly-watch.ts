/** Watches samples for what is unlike normal: no target, at most a given number of alarms a week, each with its reason. */
import { type AnomalyConfig, watchedColumns } from "../config/anomaly-config.ts";
import { RivuletError } from "../errors/errors.ts";
import { LocalTime } from "../features/local-time.ts";
import { type AnomalyDetector, createAnomalyDetector } from "../learner/anomaly/anomaly-detector.ts";
import { outcomeText, rankText, reasonText, strongestText } from "../learner/anomaly/finding-text.ts";
import type { Field } from "../samples/decoding/fields.ts";
import type { State, Stateful } from "../state.ts";
import type { AnomalyEpisode, AnomalyStatus } from "../status/document.ts";
import { formatCount, formatDuration } from "../wording/quantities.ts";
import type { Log } from "./log.ts";

/**
 * Rows without a break after which a lasting change was normal in all streams that were tried, at most 245 of them, with
 * 1,500 to 120,000 rows of normal before it and changes of 6 to 7,000 standard deviations; the cool-down follows.
 */
const rowsToAccept = 300;
/** A gap counts as at most this long: nothing is learned in it, and a clock that was set while the daemon was off is not one. */
const longestGapMs = 24 * 60 * 60 * 1000;
const halfHourMs = 30 * 60 * 1000;
/** Episodes that are kept to look at. */
const keptEpisodes = 8;

/** Places of what was found at the latest look at local time. */
const looked = {
  /** Half hour of the wall clock at which it was read. */
  halfHour: 0,
  /** Local time ahead of UTC and of the time that has been watched, in milliseconds; NaN where it is not known. */
  zoneOffset: 1,
  offset: 2,
  /** How far the wall clock was ahead of the times of samples, in milliseconds; NaN where it was not set. */
  ahead: 3,
  count: 4,
} as const;

export interface AnomalyWatchOptions {
  config: AnomalyConfig;
  /** Fields of a sample, in order. */
  fields: readonly Pick<Field, "name" | "range">[];
  /** Name of the column that is predicted; null where none is. */
  target: string | null;
  /** Time zone; null: that of the system. */
  zone: string | null;
  log: Log;
  /** Time between two rows, where these are counted instead of their times. Default: that of the config. */
  rowMs?: number | null;
}

export class AnomalyWatch implements Stateful {
  readonly detector: AnomalyDetector;
  /** Episodes, the latest first. */
  readonly episodes: AnomalyEpisode[] = [];
  readonly #config: AnomalyConfig;
  readonly #rowMs: number | null;
  /** Rows are counted instead of their times. */
  #isCounted: boolean;
  readonly #log: Log;
  /** Index of each watched column in a sample, and its range, [columns]. */
  readonly #places: Int32Array;
  readonly #lows: Float64Array;
  readonly #highs: Float64Array;
  readonly #row: Float64Array;
  /** Time that has been watched, that of the latest sample, and of the first; milliseconds since the epoch at first, [3]. */
  readonly #times = new Float64Array(3);
  /** Lasting changes that became normal, episodes that somebody said were normal, changes of local time, [3]. */
  readonly #counts = new Float64Array(3);
  readonly #local: LocalTime;
  readonly #moment = new Float64Array(1);
  #isOpen = false;
  #isWarm = false;
  /** Milliseconds that the wall clock is ahead of the times of samples, null where it is not set; and when it began. */
  #ahead: number | null = 0;
  #earliest = Number.NEGATIVE_INFINITY;
  /**
   * See `looked`. Stored, as it cannot be found again: where the time of samples steps back within the half hour, the
   * offset stays that of before.
   */
  readonly #looked = new Float64Array(looked.count).fill(Number.NaN);

  constructor({ config, fields, target, zone, log, rowMs = config.intervalMs }: AnomalyWatchOptions) {
    const columns = watchedColumns(
      config,
      fields.map(({ name }) => name),
      target,
    );
    const watched = columns.map((column) => fields.findIndex(({ name }) => name === column));
    const { alarmsPerWeek, memoryMs, coolDownMs } = config;
    this.detector = createAnomalyDetector({ columns, alarmsPerWeek, memoryMs, coolDownMs });
    this.detector.setLocalOffset(null);
    this.#config = config;
    this.#rowMs = rowMs;
    this.#isCounted = config.intervalMs !== null;
    this.#local = new LocalTime(zone);
    this.#log = log;
    this.#places = Int32Array.from(watched);
    this.#lows = Float64Array.from(watched, (place) => fields[place].range?.[0] ?? -Infinity);
    this.#highs = Float64Array.from(watched, (place) => fields[place].range?.[1] ?? Infinity);
    this.#row = new Float64Array(columns.length);
  }

  /** Whether an episode is under way that nobody has said to be normal. */
  get isOpen(): boolean {
    return this.#isOpen && this.episodes[0]?.saidNormal !== true;
  }

  /** Logs what will be watched, or goes on to be. */
  begin(): void {
    const { columns, isWarm } = this.detector;
    this.#isWarm = isWarm;
    const text = `watching ${columns.join(", ")} for anomalies, at most ${formatCount(this.#config.alarmsPerWeek, "alarm")} a week; ${isWarm ? "what is normal is known" : this.#warmUpText()}`;
    this.#log({ event: "anomaly-begin", text, details: { columns: [...columns] } });
  }

  /**
   * Scores the sample at `offset` of `values`, as it came, and learns from it. A value that is missing or outside its range
   * leaves its column out. Allocates nothing but where an episode begins or ends.
   *
   * @param times at `timeAt` when it came, milliseconds since the epoch
   */
  observe(values: Float64Array, offset: number, times: Float64Array, timeAt: number): void {
    const row = this.#row;
    let present = 0;
    for (let column = 0; column < row.length; column++) {
      const value = values[offset + this.#places[column]];
      const isTrue = value >= this.#lows[column] && value <= this.#highs[column];
      row[column] = isTrue ? value : Number.NaN;
      if (isTrue) present++;
    }
    if (present === 0) return;
    this.#advance(times, timeAt);
    const begins = this.detector.observe(row, 0, this.#times, 0);
    if (begins) this.#begin();
    else if (this.#isOpen && !this.detector.isOpen) this.#end();
    if (!this.#isWarm && this.detector.isWarm) this.#warm();
  }

  /** Rows have no times of their own from now on: their number tells the time. */
  countTime(): void {
    this.#isCounted = true;
  }

  /**
   * Sets how far the wall clock is ahead of the times of samples, 0 at first. While it is not set, nothing is learned of
   * hours and days. What comes of it depends on this and on the samples alone, so that a replay comes to the same.
   *
   * @param aheadMs milliseconds; null while the wall clock is not set
   * @param earliestMs before this moment the wall clock cannot be right
   */
  setWallClock(aheadMs: number | null, earliestMs = Number.NEGATIVE_INFINITY): void {
    this.#ahead = aheadMs;
    this.#earliest = earliestMs;
    this.#readLocalTime();
  }

  /** The time that is watched goes on by that of the samples, but neither back nor by more than a day at a time. */
  #advance(times: Float64Array, timeAt: number): void {
    const own = this.#times;
    const hasTime = Number.isFinite(times[timeAt]);
    const isFirst = own[1] === 0;
    if (isFirst) own[0] = own[2] = hasTime ? times[timeAt] : 0;
    else if (this.#isCounted) own[0] += this.#rowMs ?? 0;
    else if (hasTime) own[0] += Math.min(Math.max(times[timeAt] - own[1], 0), longestGapMs);
    if (hasTime) own[1] = times[timeAt];
    else if (isFirst) own[1] = 1;
    const halfHour = Math.floor((own[1] + (this.#ahead ?? 0)) / halfHourMs);
    if (halfHour === this.#looked[looked.halfHour]) return;
    this.#looked[looked.halfHour] = halfHour;
    this.#readLocalTime();
  }

  /** Finds out what the local time is: summer may have begun. Counted rows tell days apart, if not which hour it is. */
  #readLocalTime(): void {
    const [watched, latest, first] = this.#times;
    if (latest === 0) return;
    const wall = latest + (this.#ahead ?? Number.NaN);
    this.#moment[0] = wall;
    const isKnown = !this.#isCounted && wall >= this.#earliest && this.#local.read(this.#moment, 0);
    const zoneOffset = isKnown ? this.#local.now[0] - wall : Number.NaN;
    const ofRows = this.#isCounted ? -Math.round(first) : Number.NaN;
    const offset = isKnown ? zoneOffset + Math.round(wall - watched) : ofRows;
    if (Object.is(offset, this.#looked[looked.offset])) return;
    const moved = zoneOffset - this.#looked[looked.zoneOffset];
    this.#looked[looked.offset] = offset;
    this.#looked[looked.zoneOffset] = zoneOffset;
    this.#tellOffset();
    if (moved === 0 || Number.isNaN(moved)) return;
    this.#counts[2]++;
    const text = `local time was moved ${moved > 0 ? "forward" : "back"} by ${formatDuration(Math.abs(moved))}: what is usual at an hour moves with it`;
    this.#log({ event: "local-time", text, details: { moved } });
  }

  #tellOffset(): void {
    const offset = this.#looked[looked.offset];
    this.detector.setLocalOffset(Number.isNaN(offset) ? null : offset);
  }

  /** A moment of the time that is watched, by the system's clock. */
  #systemTime(moment: number): string {
    const [watched, latest] = this.#times;
    const time = this.#isCounted ? moment : moment + latest - watched + (this.#ahead ?? 0);
    return new Date(time).toISOString();
  }

  #warm(): void {
    this.#isWarm = true;
    const { rows } = this.detector;
    const text = `what is normal is known from ${formatCount(rows, "sample")}: anomalies are reported from now on`;
    this.#log({ event: "anomaly-warm", text, details: { samples: rows } });
  }

  #begin(): void {
    this.#isOpen = true;
    const finding = this.detector.finding();
    if (finding === null) return;
    const { column, ingredient, seen, expected, evidence, threshold, rank } = finding;
    const since = this.#systemTime(finding.since);
    const remembered = Math.min(this.detector.elapsedMs, this.#config.memoryMs);
    const text = `${column}: ${reasonText(finding)}; ${rankText(finding, remembered)}`;
    const { alarms: number } = this.detector;
    const details = { number, column, ingredient, since, seen, expected, evidence, threshold, rank };
    this.episodes.unshift({ ...details, until: null, text, outcome: null, saidNormal: false });
    this.episodes.length = Math.min(this.episodes.length, keptEpisodes);
    this.#log({
      event: "anomaly",
      text: `anomaly in ${text}; a lasting change is taken as normal within ${formatDuration(this.#acceptanceMs())}`,
      problem: true,
      details,
    });
  }

  /** Time within which a lasting change becomes normal, at the rate of samples so far. */
  #acceptanceMs(): number {
    const { rows, elapsedMs, coolDownRows } = this.detector;
    return ((rowsToAccept + coolDownRows) * elapsedMs) / Math.max(1, rows - 1);
  }

  #end(): void {
    this.#isOpen = false;
    const [episode] = this.episodes;
    const outcome = this.detector.outcome();
    if (episode === undefined || outcome === null) return;
    if (episode.saidNormal) this.detector.takeAsNormal();
    if (outcome.changed !== null) this.#counts[0]++;
    const text = outcomeText(episode.column, outcome, this.strongest);
    episode.until = this.#systemTime(this.#times[0]);
    episode.outcome = text;
    const { changed, strongest, lastedMs } = outcome;
    const { number, column } = episode;
    this.#log({ event: "anomaly-end", text, details: { number, column, changed, strongest, lastedMs } });
  }

  /** Takes the latest episode as normal, because somebody says so. Returns what to tell of it, and whether there was one. */
  takeAsNormal(): { done: boolean; text: string } {
    const [episode] = this.episodes;
    if (episode === undefined) return { done: false, text: "there has been no anomaly that could be normal" };
    if (episode.saidNormal)
      return { done: true, text: `anomaly ${episode.number} was said to be normal before` };
    episode.saidNormal = true;
    // All of it is normal, also what is still to come: one that is under way is taken as such at its end.
    if (!this.#isOpen) this.detector.takeAsNormal();
    this.#counts[1]++;
    const text = `anomaly ${episode.number} in ${episode.column} since ${episode.since} was normal: similar ones raise no alarm from now on`;
    this.#log({ event: "anomaly-normal", text, details: { number: episode.number, column: episode.column } });
    return { done: true, text };
  }

  #warmUpText(): string {
    const { rows, warmUp } = this.detector;
    const { rowsLeft, millisecondsLeft } = warmUp;
    if (rows === 0)
      return "no alarm comes for 500 samples, nor for a day where they are slower than one a second";
    const parts = [
      ...(rowsLeft > 0 ? [formatCount(rowsLeft, "sample")] : []),
      ...(millisecondsLeft > 0 ? [formatDuration(millisecondsLeft)] : []),
    ];
    return `learning what is normal, no alarm for another ${parts.join(" and ")}`;
  }

  /** The most evidence of the latest episode, with when and why where that was not its first row; empty without one. */
  get strongest(): string {
    const [first, strongest] = [this.detector.finding(), this.detector.strongest()];
    return first === null || strongest === null ? "" : strongestText(first, strongest);
  }

  /** Its state, in a few words. */
  get text(): string {
    const { isWarm, alarms, evidence, threshold, recurs } = this.detector;
    const [episode] = this.episodes;
    if (this.isOpen && episode !== undefined) {
      const isRisen = (this.detector.strongest()?.evidence ?? 0) > episode.evidence;
      return `anomaly in ${episode.column} since ${episode.since}: evidence ${evidence.toFixed(1)}${isRisen ? `, up to ${this.strongest}` : ""}`;
    }
    if (!isWarm) return this.#warmUpText();
    const told = formatCount(alarms, "anomaly", "anomalies");
    return `${told} so far, evidence ${evidence.toFixed(1)} where an alarm needs ${threshold.toFixed(1)}${recurs && evidence > threshold ? ", but as on other days at this time" : ""}`;
  }

  status(): AnomalyStatus {
    const { columns, alarms, evidence, threshold, isWarm, warmUp } = this.detector;
    return {
      text: this.text,
      columns: [...columns],
      alarmsPerWeek: this.#config.alarmsPerWeek,
      alarms,
      accepted: this.#counts[0],
      saidNormal: this.#counts[1],
      isWarm,
      samplesToWarm: warmUp.rowsLeft,
      secondsToWarm: Math.ceil(warmUp.millisecondsLeft / 1000),
      isOpen: this.isOpen,
      evidence,
      threshold,
      knowsLocalTime: !Number.isNaN(this.#looked[looked.offset]),
      localTimeChanges: this.#counts[2],
      episodes: this.episodes.map((episode) => ({ ...episode })),
    };
  }

  state(): State {
    this.#looked[looked.ahead] = this.#ahead ?? Number.NaN;
    return {
      detector: this.detector.state(),
      times: this.#times,
      looked: this.#looked,
      counts: this.#counts,
      episodes: this.episodes.map((episode) => ({ ...episode })),
    };
  }

  /** Continues from a state; where that is of other columns, what is normal is learned from the start, and the log says so. */
  resume(state: State): void {
    try {
      this.restore(state);
    } catch (error) {
      if (!(error instanceof RivuletError)) throw error;
      const text = `what is normal is learned from the start: ${error.message}`;
      this.#log({ event: "anomaly-lost", text, problem: true });
    }
  }

  /** @throws RivuletError, with nothing changed, where the state is of other columns */
  restore(given: State): void {
    const { detector, times, counts, episodes, ...rest } = (given ?? {}) as Record<string, State>;
    this.detector.restore(detector ?? null);
    if (times instanceof Float64Array && times.length === this.#times.length) this.#times.set(times);
    this.#restoreLook(rest["looked"] ?? null);
    if (counts instanceof Float64Array && counts.length === this.#counts.length) this.#counts.set(counts);
    this.#isOpen = this.detector.isOpen;
    this.episodes.length = 0;
    if (Array.isArray(episodes)) this.episodes.push(...(episodes as unknown as AnomalyEpisode[]));
  }

  /** An earlier version did not keep the latest look: the next sample brings another one. */
  #restoreLook(state: State): void {
    if (!(state instanceof Float64Array) || state.length !== looked.count) return;
    this.#looked.set(state);
    this.#tellOffset();
    const before = state[looked.ahead];
    const isSame = before === this.#ahead || (Number.isNaN(before) && this.#ahead === null);
    // The wall clock was set while the daemon was off.
    if (!isSame) this.#looked[looked.halfHour] = Number.NaN;
  }
}
