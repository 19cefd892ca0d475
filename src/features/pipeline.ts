import { keyError, RivuletError } from "../errors/errors.ts";
import { isAllowed, type Setting, settingText } from "../setting.ts";
import type { State, Stateful } from "../state.ts";
import { suggestion } from "../wording/nearest.ts";
import type { ColumnStatistic } from "./column-statistic.ts";
import { createGlitchGuard } from "./glitch-guard.ts";
import { restoreTogether } from "./restore.ts";
import type { Transform, TransformKind } from "./transform.ts";
import { type TransformName, transformNames, transforms } from "./transforms.ts";

/** A transform as a config or a checkpoint names it: its name, or `{ name: options }` where it has any. */
export type TransformDescription = string | { [name: string]: { [option: string]: string | number } };

/** A known transform with all its options. */
interface Choice {
  name: TransformName;
  options: { [option: string]: string | number };
}

/** A fixed chain of transforms, from the columns of a sample to the inputs of a network. */
export class Pipeline implements Stateful {
  /** The transforms in order, each with all its options. */
  readonly description: TransformDescription[];
  readonly inputs: number;
  readonly outputs: number;
  /** Judges the columns of a sample: a number that cannot be true counts as missing, and the transforms never see it. */
  readonly statistic: ColumnStatistic;
  readonly #chain: Transform[];
  /** Whether the first transform only judges: there is none for it in `description`. */
  readonly #isGuarded: boolean;
  /** The latest output of each transform. */
  readonly #rows: Float64Array[];

  /** `inputs`: columns of a sample, 1 or more. Use `createPipeline` for a user's description: it validates. */
  constructor(choices: readonly Choice[], inputs: number) {
    this.description = choices.map(({ name, options }) =>
      Object.keys(options).length === 0 ? name : { [name]: options },
    );
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
 * @throws RivuletError naming the entry and the option that is unknown or out of range
 */
export function createPipeline(description: unknown, inputs: number): Pipeline {
  if (!Array.isArray(description)) {
    throw keyError("config.bad-value", "features", "must be a list of transforms, such as [standardize]");
  }
  return new Pipeline(
    description.map((written, index) => choiceOf(written, `features[${index}]`)),
    inputs,
  );
}

/** Validates the entry of the list at `path`, and completes its options. */
function choiceOf(written: unknown, path: string): Choice {
  const name = nameOf(written);
  if (!isTransform(name)) {
    throw keyError(
      "config.unknown-key",
      path,
      `names an unknown transform "${name}"; ${suggestion(name, transformNames)}`,
    );
  }
  const { settings } = transforms[name] as TransformKind;
  const known = Object.entries(settings as Record<string, Setting>);
  if (typeof written === "string") return { name, options: completed(known, {}) };
  const place = `${path}.${name}`;
  if (known.length === 0) {
    throw keyError("config.bad-value", place, `has no options; write ${name} alone`);
  }
  const value = (written as Record<string, unknown>)[name];
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isMap) {
    const [[only, setting]] = known;
    if (known.length > 1) {
      throw keyError(
        "config.bad-value",
        place,
        `must be a map of ${known.map(([option]) => option).join(", ")}`,
      );
    }
    requireAllowed(setting, value, place);
    return { name, options: completed(known, { [only]: value }) };
  }
  for (const [option, given] of Object.entries(value)) {
    const setting = known.find(([candidate]) => candidate === option)?.[1];
    if (setting === undefined) {
      const names = known.map(([candidate]) => candidate);
      throw keyError("config.unknown-key", place, `has no option "${option}"; ${suggestion(option, names)}`);
    }
    requireAllowed(setting, given, `${place}.${option}`);
  }
  return { name, options: completed(known, value as Record<string, unknown>) };
}

const isTransform = (name: string): name is TransformName => (transformNames as string[]).includes(name);

/** Returns every option: the given value, else the default. */
function completed(
  known: readonly [string, Setting][],
  given: Record<string, unknown>,
): { [option: string]: string | number } {
  return Object.fromEntries(
    known.map(([option, setting]) => [option, (given[option] as string | number) ?? setting.default]),
  );
}

function requireAllowed(setting: Setting, value: unknown, path: string): void {
  if (isAllowed(setting, value)) return;
  throw keyError(
    "config.bad-value",
    path,
    `must be ${settingText(setting)}, found ${JSON.stringify(value) ?? "nothing"}`,
  );
}

/** Returns the name in `name` or `{ name: options }`. */
function nameOf(written: unknown): string {
  if (typeof written === "string") return written;
  const keys = Object.keys(written ?? {});
  return keys.length === 1 ? keys[0] : JSON.stringify(written);
}
