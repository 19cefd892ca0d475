/**
 * The course of a learner's scores: three rings of fixed size, in steps of ten seconds, ten minutes and a day. Scores are
 * totals, and a ring holds by how much they grew in each step, so that a sample costs nothing.
 */
import { RivuletError } from "../errors/errors.ts";
import { restoreBlock } from "../features/restore.ts";
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import type { State, Stateful } from "../state.ts";

/** Seconds of one step of each ring: the last hour, the last two and a half days, the last year. */
export const historySteps = [10, 600, 86_400] as const;
const steps = 360;

const mostBaselines = 5;
/** What a step holds, as sums over its samples. */
const at = {
  samples: 0,
  score: 1,
  baseline: 2,
  loss: 3,
  drifts: 4,
  lost: 5,
  lastTarget: 6,
  losses: 7,
} as const;

/** Sums of a step: a learner without simple rules beside it has fewer. */
const widthFor = (rules: number) =>
  rules === 0 ? at.lastTarget : at.losses + Math.min(rules, mostBaselines);

/** Bytes that the rings take, in memory and in a checkpoint, beside a learner with this many simple rules. */
export const historyBytes = (baselines: number): number =>
  historySteps.length * steps * widthFor(baselines) * Float32Array.BYTES_PER_ELEMENT;

/** A jump of the clock beyond this is a clock that was wrong: as a pause it would erase everything. */
const longestPauseMs = 365 * 86_400_000;

/** Scores of each step, the oldest first; null where a step has no scored sample, or the learner has no such score. */
export interface HistoryColumns {
  /** Seconds of a step. */
  step: number;
  /** End of each step, seconds since the epoch. */
  time: number[];
  samples: number[];
  /** Accuracy, or mean absolute error in the target's units. */
  score: (number | null)[];
  /** The same of naming the most frequent class, or the mean. */
  baseline: (number | null)[];
  /** The same of naming the last class or value again. */
  lastTarget: (number | null)[];
  /** Mean log loss, or again the mean absolute error. */
  loss: (number | null)[];
  /** Mean loss of each simple rule, by its name. */
  baselines: { name: string; loss: (number | null)[] }[];
  drifts: number[];
  /** Samples that were lost, damaged or rejected. */
  lost: number[];
}

/** Mean losses of the simple rules that a learner reports. */
function baselinesOf(report: object): { name: string; loss: number }[] {
  const { baselines = [] } = report as { baselines?: { name: string; loss: number }[] };
  return baselines.slice(0, mostBaselines);
}

const share = (sum: number, count: number) => (count > 0 ? sum / count : null);

export class History implements Stateful {
  readonly #learner: PrequentialLearner;
  /** Names of the simple rules, in the order of their losses. */
  readonly #names: string[];
  readonly #width: number;
  /** [steps, width] for each ring; the place of a step is its number modulo `steps`. */
  readonly #rings: Float32Array[];
  /** The latest totals, [width], and those before. */
  readonly #totals: Float64Array;
  readonly #before: Float64Array;
  /** What is of the past: milliseconds that only go forward, [1], and the system's clock ahead of them, [1]. */
  readonly #times = new Float64Array(2);
  #hasTotals = false;
  #hasTime = false;

  constructor(learner: PrequentialLearner) {
    this.#learner = learner;
    this.#names = baselinesOf(learner.report()).map(({ name }) => name);
    this.#width = widthFor(this.#names.length);
    this.#rings = historySteps.map(() => new Float32Array(steps * this.#width));
    this.#totals = new Float64Array(this.#width);
    this.#before = new Float64Array(this.#width);
  }

  /**
   * Adds what the totals have grown by since the call before.
   *
   * @param now the system's clock, milliseconds since the epoch
   * @param elapsed milliseconds since the call before, by a clock that nobody sets; 0 at the first
   * @param drifts times so far that predictions became worse
   * @param lost samples so far that were lost, damaged or rejected
   */
  advance(now: number, elapsed: number, drifts: number, lost: number): void {
    this.#moveTo(now, elapsed);
    this.#before.set(this.#totals);
    this.#read(drifts, lost);
    if (this.#hasTotals) {
      for (const [ring, seconds] of historySteps.entries()) this.#add(ring, seconds);
    }
    this.#hasTotals = true;
  }

  /** Moves on to a time; steps that passed without the daemon stay empty. */
  #moveTo(now: number, elapsed: number): void {
    const width = this.#width;
    const times = this.#times;
    if (!this.#hasTime) times[0] = now;
    const before = times[0];
    const expected = before + elapsed;
    const jump = now - times[1] - expected;
    if (jump > longestPauseMs) times[1] = now - expected;
    else if (jump < -longestPauseMs) times[1] = 0;
    // A clock that is set back, or begins at the epoch until it is set, does not erase what is known.
    times[0] = Math.max(expected, now - times[1]);
    this.#hasTime = true;
    for (const [ring, seconds] of historySteps.entries()) {
      const first = stepAt(before, seconds) + 1;
      const last = stepAt(times[0], seconds);
      for (let step = Math.max(first, last - steps + 1); step <= last; step++) {
        const start = (step % steps) * width;
        this.#rings[ring].fill(0, start, start + width);
      }
    }
  }

  #read(drifts: number, lost: number): void {
    const totals = this.#totals;
    const report = this.#learner.report();
    const { samples } = report;
    const isOfClasses = "accuracy" in report;
    const baselines = baselinesOf(report);
    const last = isOfClasses
      ? (report as { lastLabelAccuracy?: number }).lastLabelAccuracy
      : baselines.find(({ name }) => name === "last value")?.loss;
    totals[at.samples] = samples;
    totals[at.score] = samples * (isOfClasses ? report.accuracy : report.mae);
    totals[at.baseline] = samples * (isOfClasses ? report.baselineAccuracy : report.baselineMae);
    totals[at.loss] = samples * (isOfClasses ? report.logLoss : report.mae);
    totals[at.drifts] = drifts;
    totals[at.lost] = lost;
    if (baselines.length > 0) totals[at.lastTarget] = samples * (last ?? Number.NaN);
    for (let i = 0; i < baselines.length; i++) totals[at.losses + i] = samples * baselines[i].loss;
  }

  #add(ring: number, seconds: number): void {
    const width = this.#width;
    const values = this.#rings[ring];
    const start = (stepAt(this.#times[0], seconds) % steps) * width;
    for (let i = 0; i < width; i++) values[start + i] += this.#totals[i] - this.#before[i];
  }

  /** The scores of one ring, whose newest step ends `now`. */
  columns(ring: number, now: number): HistoryColumns {
    const seconds = historySteps[ring];
    const width = this.#width;
    const values = this.#rings[ring];
    const newest = stepAt(this.#times[0], seconds);
    const shift = now - this.#times[0];
    const starts: number[] = [];
    const columns: HistoryColumns = emptyColumns(seconds, this.#names);
    for (let step = Math.max(0, newest - steps + 1); step <= newest; step++) {
      const start = (step % steps) * width;
      // Before the first sample there is nothing to draw.
      if (starts.length === 0 && !values.subarray(start, start + width).some((value) => value > 0)) continue;
      starts.push(start);
      const end = Math.min((step + 1) * 1000 * seconds, this.#times[0]);
      columns.time.push(Math.round((end + shift) / 1000));
    }
    const most = this.#learner.classes > 0 ? 1 : Number.POSITIVE_INFINITY;
    for (const start of starts) this.#writeStep(values.subarray(start, start + width), columns, most);
    return columns;
  }

  #writeStep(step: Float32Array, columns: HistoryColumns, mostScore: number): void {
    const samples = step[at.samples];
    // A corrected label changes what an earlier step counted, in the step in which it comes.
    const mean = (place: number, most = Number.POSITIVE_INFINITY) => {
      const value = share(step[place] ?? Number.NaN, samples);
      if (value === null || Number.isNaN(value)) return null;
      return Number(Math.min(most, Math.max(0, value)).toPrecision(5));
    };
    columns.samples.push(samples);
    columns.score.push(mean(at.score, mostScore));
    columns.baseline.push(mean(at.baseline, mostScore));
    columns.lastTarget.push(mean(at.lastTarget, mostScore));
    columns.loss.push(mean(at.loss));
    columns.drifts.push(step[at.drifts]);
    columns.lost.push(step[at.lost]);
    for (const [i, { loss }] of columns.baselines.entries()) loss.push(mean(at.losses + i));
  }

  state(): State {
    return { times: this.#times, names: this.#names, rings: this.#rings };
  }

  /** @throws RivuletError where the state is of other rings */
  restore(state: State): void {
    const { times, names, rings } = (state ?? {}) as { times: State; names: State; rings: State[] };
    const length = steps * this.#width;
    const fits = (ring: State) => ring instanceof Float32Array && ring.length === length;
    if (
      String(names) !== String(this.#names) ||
      !Array.isArray(rings) ||
      rings.length !== historySteps.length ||
      !rings.every(fits)
    ) {
      throw new RivuletError(
        "state.mismatch",
        `found other rings in the stored history, expected ${historySteps.length} of ${steps} steps; it starts over`,
      );
    }
    restoreBlock(this.#times, times, "history");
    for (const [ring, values] of this.#rings.entries()) values.set(rings[ring] as Float32Array);
    this.#hasTime = true;
    this.#hasTotals = false;
  }
}

const stepAt = (milliseconds: number, seconds: number) =>
  Math.max(0, Math.floor(milliseconds / (1000 * seconds)));

const emptyColumns = (step: number, names: readonly string[]): HistoryColumns => ({
  step,
  time: [],
  samples: [],
  score: [],
  baseline: [],
  lastTarget: [],
  loss: [],
  baselines: names.map((name) => ({ name, loss: [] })),
  drifts: [],
  lost: [],
});
