import type { Plan } from "../planning/plan.ts";

/** A copy of trained parameters in the arena, to which a network can go back. */
export class WeightSnapshot {
  /** Each trained parameter and its copy, as the arena has them. */
  readonly #pairs: readonly { live: Float32Array; kept: Float32Array }[];

  constructor(pairs: readonly { live: Float32Array; kept: Float32Array }[]) {
    this.#pairs = pairs;
  }

  /** Copies the parameters. Returns false, with nothing copied, where one is not finite. Allocates nothing. */
  keep(): boolean {
    const pairs = this.#pairs;
    for (let p = 0; p < pairs.length; p++) {
      const { live } = pairs[p];
      for (let i = 0; i < live.length; i++) if (!Number.isFinite(live[i])) return false;
    }
    for (let p = 0; p < pairs.length; p++) pairs[p].kept.set(pairs[p].live);
    return true;
  }

  /** Sets the parameters to their copies. Allocates nothing. */
  restore(): void {
    const pairs = this.#pairs;
    for (let p = 0; p < pairs.length; p++) pairs[p].live.set(pairs[p].kept);
  }

  /**
   * Whether a parameter has become so many times larger than its copy (root mean square, which counts as 0.1 at least), or
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

/** The snapshot that a plan has room for, with the views of its buffers by name; null where it has none. */
export function snapshotOf({ buffers }: Plan, viewOf: (name: string) => Float32Array): WeightSnapshot | null {
  const kept = buffers.filter(({ role }) => role === "snapshot");
  const pairOf = ({ name }: { name: string }) => ({
    live: viewOf(name.replace(/\.snapshot$/, "")),
    kept: viewOf(name),
  });
  return kept.length > 0 ? new WeightSnapshot(kept.map(pairOf)) : null;
}
