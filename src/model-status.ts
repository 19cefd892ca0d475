/** What became of a model from the host, as the learner, the status page and the host tell it: one shape for all three. */

/** What a learner says of a model that it has room for. */
export interface TakenIn {
  state: "side by side" | "in use" | "went back";
  /** Why it is no longer used. */
  reason?: string;
  /** Samples that it was compared over. */
  samples: number;
  /** Mean difference of the loss of answers with it and without; below 0 it helps. Null: none is known. */
  difference: number | null;
}

export const modelStates = ["none", "side by side", "in use", "went back", "refused"] as const;

/** The latest model from the host. */
export type ModelStatus = Omit<TakenIn, "state"> & {
  version: number;
  /** The group that it was published for. */
  group?: string;
  /** Mark of the group and of the key that signed it. */
  source?: string;
  /** `refused` with a reason; `none` where the learner has told nothing of it yet. */
  state: (typeof modelStates)[number];
};
