/** From rows as they come to rows of features: the transforms that need the past, one after the other. */

import { keyError, RivuletError } from "../errors/errors.ts";
import type { State, Stateful } from "../state.ts";
import { parts, sampledOrMissing, whole, wholeWithin } from "../state-check.ts";
import { requireWholeRow } from "../whole-row.ts";
import { parseTimeSpan } from "../wording/quantities.ts";
import { type AutomaticOptions, automaticFeatures } from "./automatic.ts";
import { type Choice, describeChoice, readFeatures, type TransformDescription } from "./feature-list.ts";
import { restoreBlock, restoreTogether } from "./restore.ts";
import type { PlannedSeries, SeriesKind, SeriesRows, SeriesTransform } from "./series-transform.ts";
import { type SeriesName, seriesTransforms } from "./series-transforms.ts";
import { planWindows, type WindowEntry, type WindowOptions } from "./window.ts";

/** Where one sequence of rows ends and another begins, and nothing of the past counts. */
export type Sequence =
  /** Where the value of this column changes; it is no feature. */
  | { by: string }
  /** Where more time has passed than so, such as `2s`. */
  | { gap: string };

/** What is known of rows as they come. */
export interface StreamDescription {
  /** Rows a second. Default null: not known. */
  rate?: number | null;
  /** Time zone of hours and days, such as `Europe/Berlin`. Default null: the system's. */
  timeZone?: string | null;
  /** Default null: all rows are one sequence. */
  sequence?: Sequence | null;
}

export interface ExtractionOptions extends StreamDescription {
  /** Names of the numbers of a row, in order. */
  columns: readonly string[];
  /** The column to predict, of which features hold the past alone. Default null: none. */
  target?: string | null;
  /** Transforms in order, such as `[{ lags: { of: ["flow"], at: [1, 2] } }]`; or `auto`, by the rate and the columns. */
  features: unknown;
  /** What is learned, by which `auto` chooses. Default `none`: what is normal. */
  task?: AutomaticOptions["task"];
  /** Refuse features that need more memory. */
  budgetBytes?: number;
}

/** Features that are planned, before anything is allocated. */
export interface PlannedFeatures {
  /** Names of the numbers of a row of features, the target last. */
  columns: string[];
  /**
   * Those of them that were measured: columns as they came, and what `window` and `relation` make of them; not lags,
   * differences, profiles or the clock.
   */
  measured: string[];
  /** What each transform keeps. */
  parts: { name: string; bytes: number }[];
  bytes: number;
  /** Rows of features a second; null where that is not known. */
  rate: number | null;
  /** The transforms that need no past, which apply to the rows that come out. */
  transforms: TransformDescription[];
  /** All transforms, each with all its options. */
  description: TransformDescription[];
  /** Columns that a row may lack: a transform replaces what is missing. */
  fills: readonly string[];
  /** Null where rows go through as they are. */
  create: (() => Extraction) | null;
}

/**
 * Plans the features of a stream. Allocates nothing.
 * @throws RivuletError where a transform does not fit the rows, or memory is short
 */
export function planFeatures(options: ExtractionOptions): PlannedFeatures {
  const { columns, target = null, rate = null, timeZone = null, sequence = null, task = "none" } = options;
  const id = sequence !== null && "by" in sequence ? sequence.by : null;
  const { series, rows } = readFeatures(
    options.features === "auto"
      ? automaticFeatures({ columns: columns.filter((name) => name !== id), target, rate, task })
      : options.features,
  );
  requireSequence(sequence, columns, target);
  const stages = planStages(series, { columns, target, rate, timeZone });
  const last = stages.at(-1) ?? { columns: [...columns], rate };
  const names = last.columns.filter((name) => name !== target && name !== id);
  if (target !== null) names.push(target);
  const parts = stages.map(({ name, bytes }) => ({ name, bytes }));
  const planned: PlannedFeatures = {
    columns: names,
    measured: measuredAmong(names, columns, stages),
    parts,
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    rate: last.rate,
    transforms: rows.map(describeChoice),
    description: [...series, ...rows].map(describeChoice),
    fills: stages[0]?.fills ?? [],
    create:
      stages.length === 0 && sequence === null
        ? null
        : () => new Extraction({ columns, target, rate, sequence }, stages, names),
  };
  if (options.budgetBytes !== undefined) requireFeatureBudget(planned, options.budgetBytes);
  return planned;
}

/** Transforms whose columns count as measured. */
const measuring: readonly SeriesName[] = ["window", "relation"];

/** The names of columns that came in, or that a measuring transform made. */
function measuredAmong(
  names: readonly string[],
  columns: readonly string[],
  stages: readonly Stage[],
): string[] {
  const measured = new Set(columns);
  for (const [index, stage] of stages.entries()) {
    if (!measuring.includes(stage.name)) continue;
    const before = index === 0 ? columns : stages[index - 1].columns;
    for (const name of stage.columns) if (!before.includes(name)) measured.add(name);
  }
  return names.filter((name) => measured.has(name));
}

/** A stage, and the name under which the plan shows it. */
interface Stage extends PlannedSeries {
  name: SeriesName;
}

function planStages(series: readonly Choice<SeriesName>[], given: SeriesRows): Stage[] {
  const stages: Stage[] = [];
  let rows = given;
  for (let next = 0; next < series.length; ) {
    const { name, options, path } = series[next];
    if (name === "missing" && stages.length > 0) {
      throw keyError("config.conflict", path, `comes after ${series[0].name}; put it first`);
    }
    const windows = windowsFrom(series, next);
    if (windows.length > 0 && stages.some((stage) => stage.name === "window")) {
      throw keyError(
        "config.conflict",
        path,
        `is a window after ${series[next - 1].name}, but all windows must be listed in a row; move it next to the first one`,
      );
    }
    const kind = seriesTransforms[name] as unknown as SeriesKind<object>;
    const planned = windows.length > 0 ? planWindows(windows, rows) : kind.plan(options, rows, path);
    const twice = planned.columns.find((column, index) => planned.columns.indexOf(column) !== index);
    next += Math.max(1, windows.length);
    if (twice !== undefined) {
      throw keyError(
        "config.conflict",
        series[next - 1].path,
        `makes the column "${twice}", which is there already; leave it out once`,
      );
    }
    stages.push({ ...planned, name });
    rows = { ...rows, columns: planned.columns, rate: planned.rate };
  }
  return stages;
}

/** The windows side by side from this place of the list on. */
function windowsFrom(series: readonly Choice<SeriesName>[], first: number): WindowEntry[] {
  const behind = series.slice(first);
  const end = behind.findIndex(({ name }) => name !== "window");
  const windows = end < 0 ? behind : behind.slice(0, end);
  return windows.map(({ options, path }) => ({ options: options as unknown as WindowOptions, path }));
}

/** @throws RivuletError where the features alone need more than the budget */
function requireFeatureBudget({ parts, bytes }: PlannedFeatures, budgetBytes: number): void {
  if (bytes <= budgetBytes) return;
  const [largest] = [...parts].sort((a, b) => b.bytes - a.bytes);
  throw new RivuletError(
    "memory.budget",
    `features need ${bytes} bytes, ${largest.bytes} of them for ${largest.name}, but memory.budget is ${budgetBytes}; shorten ${largest.name}, or raise the budget`,
    { path: "memory.budget" },
  );
}

function requireSequence(sequence: Sequence | null, columns: readonly string[], target: string | null): void {
  if (sequence === null) return;
  if ("gap" in sequence) {
    if ((parseTimeSpan(sequence.gap) ?? 0) > 0) return;
    throw keyError(
      "config.bad-value",
      "sequence.gap",
      `is "${sequence.gap}", expected a time such as 2s; correct it`,
    );
  }
  if (columns.includes(sequence.by) && sequence.by !== target) return;
  throw keyError(
    "config.bad-value",
    "sequence.by",
    `names "${sequence.by}", expected a column that is not the target, one of ${columns.filter((name) => name !== target).join(", ")}`,
  );
}

/**
 * Makes features of rows and their past, before a learner or without one. `standardize` and `clip` change no row here: a
 * learner applies them to the rows that come out.
 *
 * @throws RivuletError where a transform does not fit the rows, or memory is short
 *
 * @example
 * import assert from "node:assert/strict";
 * import { createExtraction } from "rivulet";
 *
 * const extraction = createExtraction({ columns: ["flow"], features: [{ lags: { of: ["flow"], at: [1, 2] } }] });
 * for (const flow of [5, 6, 8]) extraction.push([flow]);
 * assert.deepEqual(extraction.columns, ["flow", "flow_lag1", "flow_lag2"]);
 * assert.deepEqual([...extraction.row], [8, 6, 5]);
 */
export function createExtraction(options: ExtractionOptions): Extraction {
  const { columns, create } = planFeatures(options);
  const { target = null, rate = null } = options;
  return create?.() ?? new Extraction({ columns, target, rate, sequence: null }, [], columns);
}

const at = { rows: 0, time: 1, id: 2, isBegun: 3 } as const;
/** The time of a row may not be known. */
const sane = parts(sampledOrMissing, [
  [at.rows, whole],
  [at.isBegun, wholeWithin(0, 1)],
]);
const unknownTime = Float64Array.of(Number.NaN);

/** A chain of transforms of rows and their past. All memory is allocated once; its state continues bit for bit. */
export class Extraction implements Stateful {
  /** Names of the numbers of a row that comes out, the target last. */
  readonly columns: readonly string[];
  /** The latest row that came out, [columns]. */
  readonly row: Float64Array;
  /** Places of the numbers that a row which comes in may lack: NaN then, and replaced. */
  readonly fills: Uint32Array;
  /** Whether fewer rows come out than come in, so that each stands for several. */
  readonly makesFewerRows: boolean;
  /** Rows a second that come out; null where that is not known. */
  readonly rowsPerSecond: number | null;
  /** Whether rows that come in hold the target; where not, it is missing. */
  hasTarget = true;
  /** [1] Time of the latest row that came in, in milliseconds since the epoch; NaN where it is not known. */
  readonly time: Float64Array = Float64Array.of(Number.NaN);
  /** [1] The same by the wall clock, which tells hours and days; NaN while that is not known. */
  readonly wallTime: Float64Array = Float64Array.of(Number.NaN);
  /** Milliseconds that the wall clock is ahead of the times of rows, and from when on it is believed, [2]. */
  readonly #wall = Float64Array.of(0, Number.NEGATIVE_INFINITY);
  /** Whether the time of the latest row was counted by the rate: then it is no date, but tells days apart all the same. */
  #isCounted = false;
  readonly #inputs: number;
  readonly #targetAt: number;
  readonly #rate: number | null;
  readonly #idAt: number;
  readonly #gapMs: number;
  readonly #stages: readonly SeriesTransform[];
  /** Whether each of them tells hours and days. */
  readonly #readsWall: readonly boolean[];
  /** The stage that makes a row as each sequence ends; -1: none does. */
  readonly #closing: number;
  /** Where in the last stage's row each number of a row is. */
  readonly #places: Uint32Array;
  /** The row that comes in. */
  readonly #given: Float64Array;
  /** Rows so far, the time and the id of the latest, and whether there is one, [4]. */
  readonly #block = new Float64Array(4);

  /** Use `createExtraction`, which plans the stages. */
  constructor(
    {
      columns,
      target,
      rate,
      sequence,
    }: { columns: readonly string[]; target: string | null; rate: number | null; sequence: Sequence | null },
    planned: readonly PlannedSeries[],
    names: readonly string[],
  ) {
    this.columns = names;
    this.row = new Float64Array(names.length);
    this.#inputs = columns.length;
    this.#targetAt = target === null ? -1 : columns.indexOf(target);
    this.#rate = rate;
    this.rowsPerSecond = planned.length === 0 ? rate : planned[planned.length - 1].rate;
    this.#idAt = sequence !== null && "by" in sequence ? columns.indexOf(sequence.by) : -1;
    this.#gapMs = sequence !== null && "gap" in sequence ? (parseTimeSpan(sequence.gap) as number) : 0;
    this.#stages = planned.map(({ create }) => create());
    this.#readsWall = planned.map(({ readsWallClock }) => readsWallClock === true);
    this.fills = Uint32Array.from(planned[0]?.fills ?? [], (name) => columns.indexOf(name));
    this.makesFewerRows = planned.some(({ makesFewerRows }) => makesFewerRows === true);
    this.#closing = planned.findIndex(({ isOfSequences }) => isOfSequences === true);
    const last = planned.at(-1)?.columns ?? columns;
    this.#places = Uint32Array.from(names, (name) => last.indexOf(name));
    this.#given = new Float64Array(columns.length);
  }

  /**
   * Sets how far the wall clock is ahead of the times of rows, 0 at first. While the hour is not known, nothing is learned of
   * hours and days.
   *
   * @param aheadMs milliseconds; null while the wall clock is not set
   * @param earliestMs before this moment the wall clock cannot be right
   */
  setWallClock(aheadMs: number | null, earliestMs = Number.NEGATIVE_INFINITY): void {
    this.#wall[0] = aheadMs ?? Number.NaN;
    this.#wall[1] = earliestMs;
  }

  /**
   * Takes the row at `offset` of `values`, of the time `times[timeAt]`, in milliseconds since the epoch; without it the rate
   * counts, and where there is none either the time is not known. Returns whether a row of features came out, to `row`.
   * Allocates nothing.
   *
   * @throws RivuletError, with nothing changed, where there is no whole row at `offset` of `values`
   */
  push(values: ArrayLike<number>, offset = 0, times: Float64Array = unknownTime, timeAt = 0): boolean {
    // A target that is not sent may have no place in the row.
    const isShort = !this.hasTarget && this.#targetAt === this.#inputs - 1;
    requireWholeRow(values, offset, isShort ? this.#inputs - 1 : this.#inputs, "one for each column");
    const given = this.#given;
    for (let i = 0; i < this.#inputs; i++) given[i] = values[offset + i];
    if (!this.hasTarget && this.#targetAt >= 0) given[this.#targetAt] = Number.NaN;
    const block = this.#block;
    const time = this.time;
    time[0] = times[timeAt];
    this.#isCounted = Number.isNaN(time[0]) && this.#rate !== null;
    if (this.#isCounted && this.#rate !== null) time[0] = (1000 * block[at.rows]) / this.#rate;
    block[at.rows]++;
    const isClosed = this.#begins() && this.#restart();
    block[at.time] = time[0];
    const isMade = this.#pass(given, 0);
    return isClosed || isMade;
  }

  /** Whether another sequence begins with the row. */
  #begins(): boolean {
    const block = this.#block;
    const id = this.#idAt < 0 ? 0 : this.#given[this.#idAt];
    const isFirst = block[at.isBegun] === 0;
    const isOther = id !== block[at.id] && !Number.isNaN(id);
    const isLate = this.#gapMs > 0 && this.time[0] - block[at.time] > this.#gapMs;
    if (isOther) block[at.id] = id;
    block[at.isBegun] = 1;
    return !isFirst && (isOther || isLate);
  }

  /** Ends a sequence; returns whether it makes a row. */
  #restart(): boolean {
    const stages = this.#stages;
    const closing = this.#closing;
    if (closing < 0) {
      for (let i = 0; i < stages.length; i++) stages[i].restart();
      return false;
    }
    const isMade = stages[closing].finish?.() ?? false;
    const isOut = isMade && this.#pass(stages[closing].row, closing + 1);
    // The stages after it see one row a sequence: these follow each other.
    for (let i = 0; i <= closing; i++) stages[i].restart();
    return isOut;
  }

  /** Passes a row through the stages from `first` on; returns whether one came out. */
  #pass(row: Float64Array, first: number): boolean {
    const stages = this.#stages;
    const times = first === 0 ? this.time : this.#block;
    const timeAt = first === 0 ? 0 : at.time;
    const wall = this.wallTime;
    wall[0] = times[timeAt] + this.#wall[0];
    if (wall[0] < this.#wall[1] && !this.#isCounted) wall[0] = Number.NaN;
    let from = row;
    let isReady = true;
    for (let i = first; i < stages.length; i++) {
      const readsWall = this.#readsWall[i];
      if (!stages[i].push(from, 0, readsWall ? wall : times, readsWall ? 0 : timeAt)) return false;
      if (stages[i].isReady?.() === false) isReady = false;
      from = stages[i].row;
    }
    if (!isReady) return false;
    for (let i = 0; i < this.#places.length; i++) this.row[i] = from[this.#places[i]];
    return true;
  }

  /** Makes the row of a sequence that has ended with the stream, where one is due. */
  finish(): boolean {
    return this.#closing >= 0 && this.#block[at.isBegun] === 1 && this.#restart();
  }

  state(): State {
    return { own: this.#block, stages: this.#stages.map((stage) => stage.state()) };
  }

  /** @throws RivuletError, with nothing changed, where the state is of other features */
  restore(state: State): void {
    const { own, stages } = (state ?? {}) as { own: State; stages: State[] };
    if (!Array.isArray(stages) || stages.length !== this.#stages.length) {
      throw new RivuletError(
        "state.mismatch",
        `found other stored features, expected ${this.#stages.length} transforms of the past; restore a state of the same features`,
      );
    }
    restoreTogether(
      [
        { state: () => this.#block, restore: (block) => restoreBlock(this.#block, block, "rows", sane) },
        ...this.#stages,
      ],
      [own, ...stages],
    );
  }
}
