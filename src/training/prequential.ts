/** Prequential evaluation: every row is predicted, scored, and only then learned from (Dawid, 1984). */
import type { RivuletError } from "../errors/errors.ts";
import { efforts, hasEffort, isEffort } from "../learner/effort.ts";
import { HeldSamples } from "../learner/held-samples.ts";
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import type { ClockReport } from "../samples/sample-clock.ts";
import { type Dataset, datasetOf, type RowVisitor, type SampleRows, type StreamEvent } from "./dataset.ts";
import { type Scores, scoresOf } from "./scores.ts";
import type { RowOptions } from "./training-rows.ts";
import { finiteValidatorFor, type RowValidator, unlearnableRow } from "./usable-rows.ts";

export interface PrequentialOptions extends Pick<RowOptions, "createValidator" | "signal"> {
  /**
   * Called with the number of rows read so far: after every 1024 rows, or after every row of an iterable, which may be a
   * live stream. What the learner has come to by then is in `learner.report()` and `learner.prediction`.
   */
  onProgress?: (progress: { rows: number }) => void;
  /**
   * Called after each target that was learned from, with its index in `targets` and the number of its row, or of the latest one
   * where the target came late. The answer that it was compared with is in `learner.prediction`.
   */
  onLearned?: (targets: Float64Array, at: number, row: number) => void;
  /** Lets the learner take in a model from outside, as a recording holds its file; returns whether it did. */
  takeModel?: (bytes: Uint8Array, version: number) => boolean;
  /** Rows that wait at most for labels which come later, as events of a recording. Default 0. */
  heldRows?: number;
}

/** Events of a recording, as they were applied. */
export interface AppliedEvents {
  /** Labels that came late and were learned from. */
  labels: number;
  /** Labels whose row was no longer there, or damaged: fewer rows are held than live. */
  lostLabels: number;
  pauses: number;
  /** Times that learning went on at another effort. */
  efforts: number;
  /** Models from outside that were taken in, and those that could not be. */
  models: number;
  lostModels: number;
  /** Events of a kind that only a later version knows: what was learned may not be what it was live. */
  unknown: number;
  /** Samples that had been learned from before the recording began, which it does not hold. */
  learnedBefore: number;
}

/** What a prequential evaluation came to; `task` says which scores these are. */
export type PrequentialReport = {
  /** All rows, the rejected ones included. */
  rows: number;
  /** Rows that were not learned from: for their values, or for a label out of range in a stream or recording. */
  rejected: number;
  /** Rows without their target, which is NaN then: predicted, not scored and not learned from. */
  unlabelled: number;
  /** Damaged parts of a recording, or lines of a text that cannot be read: they were left out. */
  damaged: number;
  /** Of each reason why lines cannot be read, where the first is and what is wrong with it. */
  refused: readonly string[];
  /** 1 where a text ended in a part of a line. */
  cutOff: number;
  /** What of a text may be meant otherwise than it was read. */
  doubts: readonly string[];
  /** What the clock of the rows has shown; null where none was named. */
  clock: ClockReport | null;
  /** Bytes at the end of a recording that a power cut left incomplete. */
  tornBytes: number;
  /** Updates of the weights that the learner's network has made. */
  updates: number;
  /** Updates left out because their loss or gradient was not finite. */
  skippedSteps: number;
  /** Time spent predicting, scoring and learning, without reading. */
  milliseconds: number;
  /** What came between the rows of a recording. */
  events: AppliedEvents;
} & Scores;

/** Rows between two readings of the clock, which separate the time of reading rows from that of learning. */
const blockRows = 1024;

/**
 * Evaluates a learner while it learns, as it does live: predicts each row, scores the prediction, then learns from the
 * row. Rows are read once, in order; a live stream is learned from row by row as it arrives.
 *
 * @param rows each [fields], in the order of the learner's fields
 * @returns the learner's scores over all rows that it has ever observed, and counts of this call
 * @throws RivuletError where a row cannot be read, or where a label is out of range in a dataset that can be corrected;
 *   the signal's reason where it was aborted. The learner keeps what it has learned by then
 *
 * @example
 * import assert from "node:assert/strict";
 * import { createLearner, evaluatePrequentially } from "rivulet";
 *
 * function* sensor() {
 *   for (let i = 0; i < 3000; i++) {
 *     const [a, b] = [Math.sin(i * i), Math.cos(7 * i * i)];
 *     yield [a, b, a * b > 0 ? 1 : 0];
 *   }
 * }
 * const learner = createLearner({ fields: ["a", "b", "label"], target: { column: "label", classes: 2 } });
 * const { rows, metrics } = await evaluatePrequentially(learner, sensor());
 * assert.equal(rows, 3000);
 * assert(metrics.slidingAccuracy > 0.8);
 */
export async function evaluatePrequentially(
  learner: PrequentialLearner,
  rows: SampleRows,
  { createValidator, onProgress, onLearned, signal, heldRows = 0, takeModel }: PrequentialOptions = {},
): Promise<PrequentialReport> {
  const { fields, target } = learner.describe();
  const optional = target.column;
  const unlabelled = learner.unlabelled;
  const dataset = datasetOf(rows);
  const validator = createValidator?.() ?? finiteValidatorFor(learner, fields.indexOf(optional));
  const held = heldRows > 0 ? new HeldSamples(learner.heldSizes, heldRows) : null;
  const block = new RowBlock(learner, validator, dataset, held, { onLearned, takeModel });
  signal?.throwIfAborted();
  let seen = 0;
  const onRow: RowVisitor = (values, offset, place, times = noTimes, timeAt = 0) => {
    seen++;
    if (!block.add(values, offset, place, times, timeAt)) return;
    onProgress?.({ rows: seen });
    signal?.throwIfAborted();
  };
  const read = await dataset.read(fields, onRow, {
    optional,
    onEvent: (event) => block.apply(event),
    onNumber: (number) => block.setNumber(number),
  });
  block.observe();
  const { updates, skipped } = learner.counts;
  return {
    rows: seen,
    rejected: block.rejected,
    unlabelled: learner.unlabelled - unlabelled,
    damaged: read.damaged ?? 0,
    refused: read.refused ?? [],
    cutOff: read.cutOff ?? 0,
    doubts: read.doubts ?? [],
    clock: read.clock ?? null,
    tornBytes: read.tornBytes ?? 0,
    updates,
    skippedSteps: skipped,
    milliseconds: block.milliseconds,
    events: { ...block.events, unknown: block.events.unknown + (read.unknownEvents ?? 0) },
    ...scoresOf(learner),
  };
}

/** Of rows without times. */
const noTimes = Float64Array.of(Number.NaN);

/** Rows on their way from a reader to a learner. */
class RowBlock {
  /** Rows that were not learned from. */
  rejected = 0;
  /** Time spent in the learner. */
  milliseconds = 0;
  readonly #learner: PrequentialLearner;
  readonly #validator: RowValidator;
  readonly #dataset: Dataset;
  readonly #width: number;
  readonly #capacity: number;
  /** [capacity, fields] */
  readonly #values: Float64Array;
  /** Where each row is in the dataset [capacity]. */
  readonly #places: Float64Array;
  /** When each row was measured, in milliseconds since the epoch, NaN where it has no time [capacity]. */
  readonly #times: Float64Array;
  #filled = 0;
  readonly events: AppliedEvents = {
    labels: 0,
    lostLabels: 0,
    pauses: 0,
    efforts: 0,
    models: 0,
    lostModels: 0,
    unknown: 0,
    learnedBefore: 0,
  };
  /** Rows that wait for labels which come later; null where none do. */
  readonly #held: HeldSamples | null;
  readonly #options: Pick<PrequentialOptions, "onLearned" | "takeModel">;
  /** Where a row that is learned from has its target. */
  readonly #targetAt: number;
  /** Number of the first row of the block. */
  #number = 1;
  #isPaused = false;
  readonly #label = new Float64Array(1);

  constructor(
    learner: PrequentialLearner,
    validator: RowValidator,
    dataset: Dataset,
    held: HeldSamples | null,
    options: Pick<PrequentialOptions, "onLearned" | "takeModel">,
  ) {
    const { fields, target } = learner.describe();
    this.#held = held;
    this.#options = options;
    this.#targetAt = learner.columns.indexOf(target.column);
    this.#learner = learner;
    this.#validator = validator;
    this.#dataset = dataset;
    this.#width = fields.length;
    this.#capacity = dataset.live ? 1 : blockRows;
    this.#values = new Float64Array(this.#capacity * this.#width);
    this.#places = new Float64Array(this.#capacity);
    this.#times = new Float64Array(this.#capacity);
  }

  /** Adds a row; returns true where this filled the block, so that the learner has observed it. */
  add(values: Float64Array, offset: number, place: number, times: Float64Array, timeAt: number): boolean {
    const start = this.#filled * this.#width;
    this.#places[this.#filled] = place;
    this.#times[this.#filled] = times[timeAt];
    for (let column = 0; column < this.#width; column++) {
      this.#values[start + column] = values[offset + column];
    }
    this.#filled++;
    if (this.#filled < this.#capacity) return false;
    this.observe();
    return true;
  }

  /** Lets the learner observe the rows added since the last time. */
  observe(): void {
    const started = performance.now();
    for (let row = 0; row < this.#filled; row++) {
      const at = row * this.#width;
      if (!this.#validator.validate(this.#values, at)) {
        this.rejected++;
      } else if (!this.#observeRow(at, row)) {
        // A file can be corrected; a recording or a stream is learned from as it was live.
        if (this.#dataset.correctable) throw this.#errorAt(row);
        this.rejected++;
      }
    }
    this.milliseconds += performance.now() - started;
    this.#number += this.#filled;
    this.#filled = 0;
  }

  /** Returns false where the row was refused. */
  #observeRow(at: number, row: number): boolean {
    const learner = this.#learner;
    const values = this.#values;
    const { extraction } = learner;
    if (this.#isPaused) {
      // Windows and lags go on in a pause, as live.
      const isMade = extraction === null || extraction.push(values, at, this.#times, row);
      if (!isMade) return true;
      learner.skip?.();
      const isLabelled =
        extraction === null ? learner.isLabelled(values, at) : learner.isLabelled(extraction.row, 0);
      if (!isLabelled) learner.unlabelled++;
      return true;
    }
    const { samplesSeen, unlabelled } = learner;
    if (!learner.observe(values, at, this.#times, row)) return false;
    const from = extraction === null ? values : extraction.row;
    const targetAt = (extraction === null ? at : 0) + this.#targetAt;
    const isLearned = learner.samplesSeen > samplesSeen;
    if (isLearned) this.#options.onLearned?.(from, targetAt, this.#number + row);
    // A row whose target cannot be true is not kept, as live.
    if (this.#held === null || !(isLearned || learner.unlabelled > unlabelled)) return true;
    const slot = this.#held.add(this.#number + row, this.#times[row]);
    this.#held.targets[slot] = from[targetAt];
    learner.hold(this.#held, slot);
    return true;
  }

  /** The rows that follow are numbered from here on: those of a damaged part are missing. */
  setNumber(number: number): void {
    this.observe();
    this.#number = number;
  }

  /** Applies an event where it took effect: after the rows added so far. */
  apply(event: StreamEvent): void {
    this.observe();
    if (event.kind === "begin") this.events.learnedBefore = event.learned;
    else if (event.kind === "label") this.#learnLate(event.sample, event.label);
    else if (event.kind === "pause") {
      this.#isPaused = true;
      this.events.pauses++;
    } else if (event.kind === "resume") this.#isPaused = false;
    else if (event.kind === "effort") this.#setEffort(event.effort);
    else if (event.kind === "model") this.#takeModel(event);
    else if (event.kind === "clock") this.#learner.extraction?.setWallClock(event.ahead, event.earliest);
    else if (event.kind !== "normal") this.events.unknown++;
  }

  /** A learner that was made for less goes on as it is. */
  #setEffort(effort: string): void {
    const learner = this.#learner;
    if (!hasEffort(learner) || !isEffort(effort)) {
      this.events.unknown++;
      return;
    }
    if (efforts.indexOf(effort) >= efforts.indexOf(learner.plannedEffort)) learner.setEffort(effort);
    this.events.efforts++;
  }

  #takeModel({ bytes, version }: { bytes: Uint8Array; version: number }): void {
    if (this.#options.takeModel?.(bytes, version)) this.events.models++;
    else this.events.lostModels++;
  }

  #learnLate(number: number, label: number): void {
    const slot = this.#held?.find(number) ?? -1;
    if (slot < 0 || this.#held === null) {
      this.events.lostLabels++;
      return;
    }
    this.#label[0] = label;
    this.#learner.learnHeld(this.#held, slot, this.#label, 0);
    this.#options.onLearned?.(this.#label, 0, this.#number - 1);
    this.events.labels++;
  }

  #errorAt(row: number): RivuletError {
    const place = this.#places[row];
    return unlearnableRow(this.#learner, this.#dataset, place, this.#values, row * this.#width);
  }
}
