import { keyError, RivuletError } from "../errors/errors.ts";
import type { State, Stateful } from "../state.ts";
import type { ColumnStatistic } from "./column-statistic.ts";
import { type Choice, describeChoice, readFeatures, type TransformDescription } from "./feature-list.ts";
import { createGlitchGuard } from "./glitch-guard.ts";
import { restoreTogether } from "./restore.ts";
import type { Transform, TransformKind } from "./transform.ts";
import { type TransformName, transforms } from "./transforms.ts";

/** A fixed chain of transforms, from the columns of a sample to the inputs of a network. */
export class Pipeline implements Stateful {
  /** The transforms in order, each with all its options. */
  readonly description: TransformDescription[];
  readonly inputs: number;
  readonly outputs: number;
  /** Judges the columns of a sample: a number that cannot be true counts as missing, and the transforms never see it. */
  readonly statistic: ColumnStatistic;
  readonly #chain: Transform[];
  /** Whether the first transform only judges: `description` has no entry for it. */
  readonly #isGuarded: boolean;
  /** The latest output of each transform. */
  readonly #rows: Float64Array[];

  /** `inputs`: columns of a sample, 1 or more. Use `createPipeline` for a user's description: it validates. */
  constructor(choices: readonly Choice<TransformName>[], inputs: number) {
    this.description = choices.map(describeChoice);
    this.inputs = inputs;
    this.#chain = [];
    let width = inputs;
    for (const { name, options } of choices) {
      const transform = (transforms[name] as TransformKind).create(width, options);
      this.#chain.push(transform);
      width = transform.outputs;
    }
    this.outputs = width;
    this.#isGuarded = this.#chain[0]?.statistic === undefined;
    if (this.#isGuarded) this.#chain.unshift(createGlitchGuard(inputs));
    this.statistic = this.#chain[0].statistic as ColumnStatistic;
    this.#rows = this.#chain.map((transform) => new Float64Array(transform.outputs));
  }

  /**
   * Transforms the row [inputs] at `offset` of `values` with the statistics so far, into [outputs] at `outOffset` of
   * `out`. Updates no statistics and allocates nothing.
   */
  transform(values: Float64Array, offset: number, out: Float32Array, outOffset: number): void {
    let from = values;
    let at = offset;
    for (let link = 0; link < this.#chain.length; link++) {
      this.#chain[link].transform(from, at, this.#rows[link]);
      from = this.#rows[link];
      at = 0;
    }
    for (let i = 0; i < this.outputs; i++) out[outOffset + i] = from[at + i];
  }

  /** Updates the statistics of every transform with the row at `offset` of `values`. Allocates nothing. */
  learn(values: Float64Array, offset: number): void {
    let from = values;
    let at = offset;
    for (let link = 0; link < this.#chain.length; link++) {
      const transform = this.#chain[link];
      transform.learn(from, at);
      // The next transform learns from the output of this one; the last output is not needed.
      if (link + 1 === this.#chain.length) break;
      transform.transform(from, at, this.#rows[link]);
      from = this.#rows[link];
      at = 0;
    }
  }

  state(): State {
    return this.#chain.map((transform) => transform.state());
  }

  restore(state: State): void {
    const { length } = this.#chain;
    // Version 0.1.0 judged no numbers: its state has nothing for that.
    const isOlder = this.#isGuarded && Array.isArray(state) && state.length === length - 1;
    if (!isOlder && !(Array.isArray(state) && state.length === length)) {
      throw new RivuletError(
        "state.mismatch",
        `found other stored features, expected a list of ${length} transforms; restore a state of the same features`,
      );
    }
    restoreTogether(isOlder ? this.#chain.slice(1) : this.#chain, state);
  }
}

/**
 * Creates the pipeline that a config describes, such as `["standardize", { clip: 4 }]`; an empty list passes raw
 * values.
 *
 * @param description a list of names, of `{ name: options }`, and of `{ name: value }` for a transform of one option
 * @param inputs columns of a sample, 1 or more
 * @throws RivuletError naming the entry and the option that is unknown or out of range, or a transform that needs the past
 */
export function createPipeline(description: unknown, inputs: number): Pipeline {
  const { series, rows } = readFeatures(description);
  if (series.length === 0) return new Pipeline(rows, inputs);
  throw keyError(
    "config.bad-value",
    series[0].path,
    "needs rows in the order of time; give it to a learner, or to createExtraction",
  );
}
