import type { Model } from "../model/model.ts";
import { optimizerKindOf } from "../optimizers/index.ts";
import type { Plan } from "../planning/plan.ts";
import { savedStates } from "./network-state.ts";

/** A copy of trained parameters in the arena, to which a network can go back. */
export class WeightSnapshot {
  /** Each trained parameter and its copy, as the arena has them. */
  readonly #pairs: readonly { live: Float32Array; kept: Float32Array }[];
  /** What else is part of a stored state and must be finite there. */
  readonly #others: readonly Float32Array[];

  constructor(
    pairs: readonly { live: Float32Array; kept: Float32Array }[],
    others: readonly Float32Array[] = [],
  ) {
    this.#pairs = pairs;
    this.#others = others;
  }

  /**
   * Whether a number of the network has overflowed, so that its state cannot be restored: only `recover` mends that. Losses
   * and gradients need not show it: after an infinite weight tanh is 1 and its slope 0. Allocates nothing.
   */
  hasOverflowed(): boolean {
    const pairs = this.#pairs;
    for (let p = 0; p < pairs.length; p++) if (!areFinite(pairs[p].live)) return true;
    const others = this.#others;
    for (let p = 0; p < others.length; p++) if (!areFinite(others[p])) return true;
    return false;
  }

  /** Copies the parameters. Returns false, with nothing copied, where one is not finite. Allocates nothing. */
  keep(): boolean {
    const pairs = this.#pairs;
    for (let p = 0; p < pairs.length; p++) if (!areFinite(pairs[p].live)) return false;
    for (let p = 0; p < pairs.length; p++) pairs[p].kept.set(pairs[p].live);
    return true;
  }

  /** Sets the parameters to their copies. Allocates nothing. */
  restore(): void {
    const pairs = this.#pairs;
    for (let p = 0; p < pairs.length; p++) pairs[p].live.set(pairs[p].kept);
  }

  /**
   * Whether a parameter has become `times` times larger than its copy (root mean square, which counts as 0.1 at least), or
   * is not finite. Allocates nothing.
   */
  isOutgrown(times: number): boolean {
    const pairs = this.#pairs;
    for (let p = 0; p < pairs.length; p++) {
      const { live, kept } = pairs[p];
      let square = 0;
      let keptSquare = 0;
      for (let i = 0; i < live.length; i++) {
        square += live[i] * live[i];
        keptSquare += kept[i] * kept[i];
      }
      if (!(square <= times * times * Math.max(keptSquare, 0.01 * live.length))) return true;
    }
    return false;
  }
}

function areFinite(numbers: Float32Array): boolean {
  for (let i = 0; i < numbers.length; i++) if (!Number.isFinite(numbers[i])) return false;
  return true;
}

/** The snapshot that a plan has room for, with the views of its buffers by name; null where it has none. */
export function snapshotOf(
  plan: Plan,
  { optimizer }: Model,
  viewOf: (name: string) => Float32Array,
): WeightSnapshot | null {
  const { buffers } = plan;
  const kept = buffers.filter(({ role }) => role === "snapshot");
  if (kept.length === 0) return null;
  // Squares of gradients overflow in a healthy network too.
  const { squares = [] } = optimizerKindOf(optimizer);
  const momenta = buffers.filter(
    ({ role, name }) => role === "optimizer state" && !squares.some((square) => name.endsWith(`.${square}`)),
  );
  const others = [...momenta.map(({ name }) => name), ...savedStates(plan).map(({ fullName }) => fullName)];
  const pairOf = ({ name }: { name: string }) => ({
    live: viewOf(name.replace(/\.snapshot$/, "")),
    kept: viewOf(name),
  });
  return new WeightSnapshot(kept.map(pairOf), others.map(viewOf));
}
