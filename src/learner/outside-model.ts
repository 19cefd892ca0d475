/** What a learner takes in from outside: a network that another one trained, and the statistics by which it knows its columns. */
import type { NetworkState } from "../engine/running/network-state.ts";
import type { State } from "../state.ts";

export interface OutsideModel {
  /** Of an ensemble's replayed network parameters and states alone: it begins with an optimizer of its own. */
  network: Pick<NetworkState, "parameters" | "states"> & Partial<NetworkState>;
  /** Statistics of the features: of a single network those of its transforms. */
  features: State;
  /** Statistics of a target that is a number; null for classes. */
  target: State;
}

/** Features of an ensemble's network: the transforms ahead of it, null where there are none, and what standardizes them. */
export interface PublishedFeatures {
  pipeline: State;
  statistic: State;
}
