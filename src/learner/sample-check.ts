import { largestFloat32 } from "../float32.ts";
import { requireWholeRow } from "../whole-row.ts";
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
    requireWholeRow(values, offset, this.#fields, "one for each field");
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
