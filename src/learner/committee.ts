/** What the ensembles for classes and for numbers have in common. */
import type { Model } from "../engine/model/model.ts";
import type { Space } from "../engine/running/arena.ts";
import type { ColumnStatistic } from "../features/column-statistic.ts";
import type { Stateful } from "../state.ts";
import type { DriftAlarm } from "./drift-alarm.ts";
import type { Effort } from "./effort.ts";
import type { Expert } from "./expert.ts";
import type { ReplayedNetwork } from "./experts/network.ts";
import type { HeldSizes } from "./held-samples.ts";
import type { Panel } from "./panel.ts";

export interface CommitteeOptions {
  features: number;
  /** Classes, or 0 where a number is predicted. */
  classes: number;
  effort: Effort;
  /** The ring keeps rows of all classes, not only the latest. */
  balancesReplay: boolean;
  seed: number;
  /** Experts to leave out, by name or by the beginning of it. */
  without: readonly string[];
  /** The model that replaces the replayed network; null: its own layers. */
  network: Pick<Model, "inputShape" | "layers"> | null;
  /** Experts of the user, which see the standardized features [features] and answer in the target's units. */
  own: readonly OwnExpert[];
}

/** An expert of the user, with a name that no other expert has, in use or not. */
export interface OwnExpert {
  name: string;
  expert: Expert;
}

/** Bytes of each part in the arena, in order. */
export interface PlannedPart {
  name: string;
  /** Bytes that it does not share. */
  bytes: number;
  /** How many of the bytes that the parts share it uses; left out: none. */
  scratchBytes?: number;
}

/** A part, and the space that it takes. */
export interface SharingPart extends Space {
  name: string;
}

/** Numbers of a standardized feature are held within this. */
export const featureBound = 4;

/** Rows that a ring keeps at an alarm of drift. */
export const keptAtAlarm = 30;

/** Experts and the rules that join them, for one row after the other: `predict`, then perhaps `learn`. */
export interface Committee extends Stateful {
  /** The experts, in order: which are asked and healthy, and at which effort. */
  readonly panel: Panel;
  /** Where the standardized features of the row are to be written [features], and their recent deviations [features]. */
  readonly features: Float32Array;
  readonly deviations: Float32Array;
  /** The last answer: probabilities [classes], or a number in the target's units [1]. */
  readonly answer: Float64Array;
  /** The experts' last answers, [experts, classes], or numbers in the target's units [experts]. */
  readonly answers: Float64Array;
  /** What a constant answers: the frequencies of the labels so far [classes], or the median of the targets [1]. */
  readonly constant: Float64Array;
  /** What it is called beside the experts. */
  readonly constantName: string;
  /**
   * [experts + 1]: losses of the experts on the row that was learned last, the constant's last: log losses, or absolute errors in
   * deviations, which are 0 until two targets are known. One that is asleep has the constant's.
   */
  readonly losses: Float64Array;
  readonly drift: DriftAlarm;
  /** The network that learns the level of the target, or classes, from replayed rows; null where there is none. */
  readonly replayed: ReplayedNetwork | null;
  /** Numbers of a row that `hold` keeps: float32 and float64. */
  readonly heldSizes: HeldSizes;
  /** Judges a target that is a number; null for classes. */
  readonly targetStatistic: ColumnStatistic | null;
  /** Whether a target is known, without which there is no answer worth a score. */
  readonly hasTarget: boolean;
  /** Writes how much each expert counts in the answer, and the constant, of 1 in all, [experts + 1]. Allocates nothing. */
  writeWeights(weights: Float64Array): void;
  /** Answers for the row in `features` and `deviations`, the `row`-th that came. Allocates nothing. */
  predict(row: number): void;
  /**
   * Learns that the target of the row that was predicted or recalled is `targets[at]`. Returns false, with nothing
   * learned, where it is a glitch. Allocates nothing.
   */
  learn(targets: Float64Array, at: number): boolean;
  /** Copies the row that was predicted, with its answers, to `singles` and `doubles`. Allocates nothing. */
  hold(singles: Float32Array, singlesAt: number, doubles: Float64Array, doublesAt: number): void;
  /** Makes a row that was held the one that `learn` is about. Allocates nothing. */
  recall(singles: Float32Array, singlesAt: number, doubles: Float64Array, doublesAt: number): void;
  /** As `learn`, where the recalled row was learned with the target `before` that was wrong. Allocates nothing. */
  correct(targets: Float64Array, at: number, before: number): boolean;
}

/** Whether the expert is left out. */
export const isWithout = (name: string, without: readonly string[]): boolean =>
  without.some((prefix) => name.startsWith(prefix));
