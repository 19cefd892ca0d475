import { RivuletError } from "../errors/errors.ts";
import { largestFloat32 } from "../float32.ts";
import type { Refusals } from "./prequential-learner.ts";

/** What a learner requires of a sample, as many numbers as there are fields at `offset` of `values`. Allocates nothing. */
export class SampleCheck {
  /** Samples that were refused. */
  readonly refusals: Refusals = { notFinite: 0, badLabel: 0 };
  readonly #fields: number;
  readonly #targetAt: number;
  /** Classes, or 0 where the target is a number. */
  readonly #classes: number;

  constructor(fields: number, targetAt: number, classes: number) {
    this.#fields = fields;
    this.#targetAt = targetAt;
    this.#classes = classes;
  }

  /** @throws RivuletError where there is no whole sample at `offset` of `values`: nothing could be said of it */
  requireRow(values: ArrayLike<number>, offset: number): void {
    if (offset >= 0 && offset + this.#fields <= values?.length && Number.isInteger(offset)) return;
    const numbers = `${this.#fields} numbers, one for each field`;
    throw new RivuletError(
      "argument.bad-value",
      typeof values === "object" && values !== null && typeof values.length === "number"
        ? `found ${values.length} numbers and a sample at offset ${offset} of them, expected ${numbers} from there on; give a Float64Array with them, and where they begin`
        : `found ${values === null ? "null" : typeof values} as a sample, expected a Float64Array with ${numbers}; give one, in the order of the fields`,
    );
  }

  /** Whether the sample may be learned from; where not, it is counted. */
  accepts(values: Float64Array, offset: number): boolean {
    if (!this.#isFinite(values, offset, true)) {
      this.refusals.notFinite++;
      return false;
    }
    return this.acceptsTarget(values, offset);
  }

  /** Whether a sample of finite numbers has a target to learn from; where not, it is counted. */
  acceptsTarget(values: Float64Array, offset: number): boolean {
    if (this.#classes === 0) return true;
    const label = values[offset + this.#targetAt];
    if (label >= 0 && label < this.#classes && Number.isInteger(label)) return true;
    this.refusals.badLabel++;
    return false;
  }

  /** Whether the sample came with its target, valid or not. */
  isLabelled(values: Float64Array, offset: number): boolean {
    return !Number.isNaN(values[offset + this.#targetAt]);
  }

  /** Whether the features are finite in float32, in which networks compute. */
  hasFiniteFeatures(values: Float64Array, offset: number): boolean {
    return this.#isFinite(values, offset, false);
  }

  #isFinite(values: Float64Array, offset: number, withTarget: boolean): boolean {
    for (let field = 0; field < this.#fields; field++) {
      if (!(Math.abs(values[offset + field]) <= largestFloat32) && (withTarget || field !== this.#targetAt))
        return false;
    }
    return true;
  }
}
