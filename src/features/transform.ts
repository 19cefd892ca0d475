import type { SettingsOf } from "../setting.ts";
import type { Stateful } from "../state.ts";
import type { ColumnStatistic } from "./column-statistic.ts";

/** One step of a pipeline: from a row of fixed width to a row of fixed width, with its own running statistics. */
export interface Transform extends Stateful {
  readonly inputs: number;
  readonly outputs: number;
  /** The statistic by which it recognizes numbers that cannot be true, where it does. */
  readonly statistic?: ColumnStatistic;
  /** Transforms the row at `offset` of `values` into `out` [outputs], with the statistics so far. Allocates nothing. */
  transform(values: Float64Array, offset: number, out: Float64Array): void;
  /** Updates the statistics with the row at `offset` of `values`. Allocates nothing. */
  learn(values: Float64Array, offset: number): void;
}

/** Describes a kind of transform in one value. `Options`: its options, by name. */
export interface TransformKind<Options extends object = object> {
  /** One line about it, for the reference of the config. */
  readonly title: string;
  /** Allowed values of each option. A transform with one option may be written `name: value`. */
  readonly settings: SettingsOf<Options>;
  /** Creates a transform of rows of `columns` numbers; the options are checked and complete. */
  create(columns: number, options: Options): Transform;
}
