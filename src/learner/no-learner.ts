import type { Extraction, PlannedFeatures, StreamDescription } from "../features/extraction.ts";
import { restoreTogether, statefulBlock } from "../features/restore.ts";
import type { State } from "../state.ts";
import { Glitches } from "./glitches.ts";
import { describedStream } from "./learner-features.ts";
import type { CommonDescription, LearnerArena, PrequentialLearner } from "./prequential-learner.ts";
import { RegressionMetrics } from "./regression-metrics.ts";

const at = { samples: 0, unlabelled: 1 } as const;

/**
 * Stands where a learner does, in a daemon that only watches for anomalies: it predicts nothing and counts samples. Each
 * one counts as learned from, as what is normal is.
 */
export class NoLearner implements PrequentialLearner {
  readonly fields: readonly string[];
  readonly columns: readonly string[];
  readonly extraction: Extraction | null;
  readonly #rows: PlannedFeatures | null;
  readonly #stream: StreamDescription;
  readonly metrics = new RegressionMetrics();
  readonly classes = 0;
  readonly prediction: Float64Array = Float64Array.of(Number.NaN);
  readonly predictedClass = 0;
  readonly isInformed = false;
  readonly refusals = { notFinite: 0, badLabel: 0 };
  readonly unanswered = 0;
  readonly glitches = new Glitches([]);
  readonly recoveries = 0;
  readonly isHealthy = true;
  readonly counts = { updates: 0, skipped: 0, loss: 0 };
  readonly memory: LearnerArena;
  readonly heldSizes = { singles: 0, doubles: 0 };
  /** Samples learned from, and those of a pause, [2]. */
  readonly #counts = new Float64Array(2);

  /**
   * @param rows features of the past that are watched in place of the fields, and what is known of the stream
   */
  constructor(
    fields: readonly string[],
    rows: PlannedFeatures | null = null,
    stream: StreamDescription = {},
  ) {
    this.fields = [...fields];
    this.#rows = rows?.create ? rows : null;
    this.#stream = stream;
    this.columns = this.#rows?.columns ?? this.fields;
    this.extraction = this.#rows?.create?.() ?? null;
    this.memory = { bytes: this.#rows?.bytes ?? 0, kernels: "no" };
  }

  get samplesSeen(): number {
    return this.#counts[at.samples];
  }

  get unlabelled(): number {
    return this.#counts[at.unlabelled];
  }

  set unlabelled(count: number) {
    this.#counts[at.unlabelled] = count;
  }

  observe(values?: Float64Array, offset = 0, times?: Float64Array, timeAt?: number): boolean {
    if (values !== undefined) this.extraction?.push(values, offset, times, timeAt);
    this.#counts[at.samples]++;
    return true;
  }

  predict(): boolean {
    return true;
  }

  predictValidated(): void {}

  learnValidated(): boolean {
    return this.observe();
  }

  passUnlabelled(): void {
    this.observe();
  }

  hold(): void {}

  learnHeld(): void {}

  accepts(): boolean {
    return true;
  }

  isLabelled(): boolean {
    return false;
  }

  acceptsTarget(): boolean {
    return false;
  }

  report() {
    return this.metrics.report();
  }

  /** The target has no column. */
  describe(): CommonDescription {
    return {
      fields: [...this.fields],
      target: { column: "", standardize: false },
      features: this.#rows?.description ?? [],
      ...(this.#rows === null ? {} : describedStream(this.#rows, this.#stream)),
      model: {},
      training: { seed: 0, deterministic: true },
    };
  }

  adoptClassNames(): void {}

  state(): State {
    const { extraction } = this;
    return { counts: this.#counts, ...(extraction === null ? {} : { extraction: extraction.state() }) };
  }

  restore(state: State): void {
    const { counts = null, extraction = null } = (state ?? {}) as { counts?: State; extraction?: State };
    const past = this.extraction === null ? [] : [this.extraction];
    restoreTogether(
      [statefulBlock(this.#counts, "counts of samples"), ...past],
      [counts, ...past.map(() => extraction)],
    );
  }
}
