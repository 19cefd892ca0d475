import { restoreBlock } from "../features/restore.ts";
import type { State } from "../state.ts";
import { Glitches } from "./glitches.ts";
import type { CommonDescription, PrequentialLearner } from "./prequential-learner.ts";
import { RegressionMetrics } from "./regression-metrics.ts";

const at = { samples: 0, unlabelled: 1 } as const;

/**
 * Stands where a learner does, in a daemon that only watches for anomalies: it predicts nothing and counts samples. Each
 * one counts as learned from, as what is normal is.
 */
export class NoLearner implements PrequentialLearner {
  readonly fields: readonly string[];
  readonly columns: readonly string[];
  readonly extraction = null;
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
  readonly memory = { bytes: 0, kernels: "no" };
  readonly heldSizes = { singles: 0, doubles: 0 };
  /** Samples learned from, and those of a pause, [2]. */
  readonly #counts = new Float64Array(2);

  constructor(fields: readonly string[]) {
    this.fields = this.columns = [...fields];
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

  observe(): boolean {
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
      features: [],
      model: {},
      training: { seed: 0, deterministic: true },
    };
  }

  adoptClassNames(): void {}

  state(): State {
    return { counts: this.#counts };
  }

  restore(state: State): void {
    restoreBlock(this.#counts, (state as { counts?: State } | null)?.counts ?? null, "counts of samples");
  }
}
