/** A row as the experts of an ensemble see it: its features, standardized by the running statistics of the columns. */
import type { Arena } from "../engine/running/arena.ts";
import type { ColumnStatistic } from "../features/column-statistic.ts";
import type { PlannedFeatures } from "../features/extraction.ts";
import type { Pipeline } from "../features/pipeline.ts";
import { placeTentativeStatistic } from "./arena-statistic.ts";
import { type Committee, featureBound } from "./committee.ts";
import { pipelineFor, rowBlocks } from "./ensemble-plan.ts";
import type { Guest } from "./guest.ts";
import { RecentDeviation } from "./recent-deviation.ts";

/** Smallest weight of a new number in the statistics of a feature: they forget, slowly. */
const featureFloor = 0.0005;

/**
 * The features of the row at hand. They are standardized with what is known once they have been seen, their own row
 * included; that is tentative until it is said what becomes of the row.
 */
export class EnsembleRow {
  readonly statistic: ColumnStatistic;
  readonly recent: RecentDeviation;
  /** Transforms ahead of the ensemble; null where there are none but those it does itself. */
  readonly pipeline: Pipeline | null;
  /** The features of the sample, as they came. */
  readonly raw: Float64Array;
  readonly #featureAt: Uint32Array;
  readonly #values: Float64Array;
  /** What the pipeline made of them. */
  readonly #transformed: Float32Array;
  /** The statistics hold the row, and nobody has said that it is kept. */
  #isTentative = false;

  /** @param featureAt the columns of a sample that are features */
  constructor(rows: PlannedFeatures, featureAt: Uint32Array, arena: Arena) {
    const features = featureAt.length;
    this.#featureAt = featureAt;
    this.#values = arena.place(rowBlocks(features)).values;
    this.statistic = placeTentativeStatistic({ columns: features, floor: featureFloor }, arena);
    this.recent = new RecentDeviation({ columns: features }, arena);
    this.pipeline = pipelineFor(rows);
    this.raw = this.pipeline ? new Float64Array(features) : this.#values;
    this.#transformed = new Float32Array(this.pipeline ? features : 0);
  }

  /** Writes the features of the sample at `offset` of `values` to where committee and guest see them. Allocates nothing. */
  see(values: Float64Array, offset: number, { features, deviations }: Committee, guest: Guest | null): void {
    this.forgetTentative(guest);
    this.statistic.remember();
    this.recent.remember();
    guest?.remember();
    this.#isTentative = true;
    const row = this.#values;
    const { raw } = this;
    for (let i = 0; i < raw.length; i++) raw[i] = values[offset + this.#featureAt[i]];
    if (this.pipeline) {
      this.pipeline.transform(raw, 0, this.#transformed, 0);
      row.set(this.#transformed);
    }
    guest?.see(raw);
    this.statistic.learn(row, 0);
    this.statistic.standardize(row, 0, features, 0, featureBound);
    this.recent.learn(row, 0, this.statistic, deviations, 0, featureBound);
  }

  /** The statistics keep what they know of the row that was seen last. */
  follow(guest: Guest | null): void {
    this.#isTentative = false;
    this.pipeline?.learn(this.raw, 0);
    guest?.follow(this.raw);
  }

  /** Takes back what the statistics know of a row that was seen and not kept. */
  forgetTentative(guest: Guest | null): void {
    if (!this.#isTentative) return;
    this.statistic.recall();
    this.recent.recall();
    guest?.recall();
    this.#isTentative = false;
  }
}
