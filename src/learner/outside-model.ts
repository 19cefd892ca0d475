/** What a learner can add from outside: a network that another learner trained, and the statistics of its columns. */
import type { NetworkState } from "../engine/running/network-state.ts";
import type { TakenIn } from "../model-status.ts";
import type { State } from "../state.ts";

export interface OutsideModel {
  /** Of an ensemble's replayed network parameters and states alone: it begins with an optimizer of its own. */
  network: Pick<NetworkState, "parameters" | "states"> & Partial<NetworkState>;
  /** Statistics of the features: of a single network those of its transforms. */
  features: State;
  /** Statistics of a target that is a number; null for classes. */
  target: State;
  /** What its classes are called, in the order of its outputs, where the stream brings their names. */
  classNames?: readonly string[];
}

/** A learner that may have room for a model from outside. */
export interface ModelHost {
  /** Whether room was planned. */
  readonly hasRoom: boolean;
  /** Takes a model in between two samples, and adopts the names of its classes. @throws RivuletError, with nothing changed, where it is of another shape */
  takeIn(model: OutsideModel): void;
  /** What became of the latest one; null before there was one. */
  readonly takenIn: TakenIn | null;
  /** Changes when what became of it does: 0 none, 1 side by side, 2 in use, 3 went back. */
  readonly modelPhase: number;
}

/** Whether a learner takes models from outside. */
export const hasRoom = <Learner extends object>(learner: Learner): learner is ModelHost & Learner =>
  "hasRoom" in learner && learner.hasRoom === true;

/** Features of an ensemble's network: the transforms ahead of it, null where there are none, and what standardizes them. */
export interface PublishedFeatures {
  pipeline: State;
  statistic: State;
}
