import { keyError, RivuletError } from "../errors/errors.ts";
import type { State, Stateful } from "../state.ts";
import { suggestion } from "../wording/nearest.ts";
import { restoreTogether } from "./restore.ts";
import { standardize } from "./standardize.ts";
import type { Transform } from "./transform.ts";

/** Every transform by the name it has in a config. */
const transforms: Record<string, (columns: number) => Transform> = { standardize };

/** A fixed chain of transforms, from the columns of a sample to the inputs of a network. */
export class Pipeline implements Stateful {
  /** Names of the transforms, in order. */
  readonly description: string[];
  readonly inputs: number;
  readonly outputs: number;
  readonly #chain: Transform[];
  /** What each transform gave last. */
  readonly #rows: Float64Array[];

  /**
   * `description`: names of transforms that there are, as `createPipeline` checks; `inputs`: columns of a sample, 1 or
   * more.
   */
  constructor(description: string[], inputs: number) {
    this.description = description;
    this.inputs = inputs;
    this.#chain = [];
    let width = inputs;
    for (const name of description) {
      const transform = transforms[name](width);
      this.#chain.push(transform);
      width = transform.outputs;
    }
    this.outputs = width;
    this.#rows = this.#chain.map((transform) => new Float64Array(transform.outputs));
  }

  /**
   * Transforms the row at `offset` of `values` with the statistics so far, into `outputs` numbers from
   * `outOffset` of `out`. Learns nothing, allocates nothing.
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

  /** Takes the row into the statistics of every transform. Allocates nothing. */
  learn(values: Float64Array, offset: number): void {
    let from = values;
    let at = offset;
    for (let link = 0; link < this.#chain.length; link++) {
      const transform = this.#chain[link];
      transform.learn(from, at);
      // What the next one learns from is this one's output; the last one's nobody learns from.
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
    if (!Array.isArray(state) || state.length !== this.#chain.length) {
      throw new RivuletError(
        "state.mismatch",
        `the stored features must be a list of ${this.#chain.length} transforms`,
      );
    }
    restoreTogether(this.#chain, state);
  }
}

/**
 * Builds the chain that a config describes, such as `["standardize"]`; an empty list hands raw values on.
 * @throws RivuletError for a transform that is not known, naming the nearest one.
 */
export function createPipeline(description: unknown, inputs: number): Pipeline {
  const names = Object.keys(transforms);
  if (!Array.isArray(description)) {
    throw keyError("config.bad-value", "features", `must be a list of transforms, such as [standardize]`);
  }
  for (const [index, written] of description.entries()) {
    const name = nameOf(written);
    if (!names.includes(name)) {
      throw keyError(
        "config.unknown-key",
        `features[${index}]`,
        `names an unknown transform "${name}"; ${suggestion(name, names)}`,
      );
    }
    if (typeof written !== "string") {
      throw keyError("config.bad-value", `features[${index}].${name}`, `has no options; write ${name} alone`);
    }
  }
  return new Pipeline(description, inputs);
}

/** The name in `name` or `{ name: options }`. */
function nameOf(written: unknown): string {
  if (typeof written === "string") return written;
  const keys = Object.keys(written ?? {});
  return keys.length === 1 ? keys[0] : JSON.stringify(written);
}
