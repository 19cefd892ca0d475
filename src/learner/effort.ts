/** How much processor time a sample may cost an ensemble, and what is saved at each level. */
import { RivuletError } from "../errors/errors.ts";

/** The design as it was measured, fewer replayed rows, or none and no neighbours. */
export type Effort = "high" | "normal" | "low";

/** From the most to the least. */
export const efforts: readonly Effort[] = ["high", "normal", "low"];

export const isEffort = (name: string): name is Effort => (efforts as readonly string[]).includes(name);

/** Rows kept and drawn at an effort; none at `low`. */
export const replayAt: Record<Effort, { rows: number; draws: number }> = {
  high: { rows: 1000, draws: 7 },
  normal: { rows: 500, draws: 3 },
  low: { rows: 0, draws: 0 },
};

const replaying: readonly string[] = [
  "replayed-network",
  "neighbours",
  "replayed-level",
  "replayed-change",
  "neighbours-change",
];

/** Whether an expert lives on rows that are kept, of which there are none at `low`. */
const needsRows = (name: string): boolean => replaying.includes(name);

/** Whether an expert takes part at an effort. */
export const isAskedAt = (name: string, effort: Effort): boolean => effort !== "low" || !needsRows(name);

/** The next lower level; null below the lowest. */
export const effortBelow = (effort: Effort): Effort | null => efforts[efforts.indexOf(effort) + 1] ?? null;

/** A learner that can go on at less processor time a sample than it was planned for. */
export interface EffortLearner {
  /** The effort at which it learns: that for which it was planned, or a lower one. */
  readonly effort: Effort;
  readonly plannedEffort: Effort;
  /** @throws RivuletError where the effort is above the planned one, or leaves no expert */
  setEffort(effort: Effort): void;
}

/** Whether a learner can be told to do less for each sample. */
export const hasEffort = <Learner extends object>(learner: Learner): learner is EffortLearner & Learner =>
  "setEffort" in learner;

/** The effort of a learner that goes on at a lower one than it was planned for; null for all else. */
export function loweredEffort(learner: object): Effort | null {
  if (!hasEffort(learner) || learner.effort === learner.plannedEffort) return null;
  return learner.effort;
}

/**
 * Checks that an ensemble can go to an effort.
 * @throws RivuletError where the effort is above the planned one, or leaves none of the experts
 */
export function requireEffort(effort: Effort, planned: Effort, names: readonly string[]): void {
  if (efforts.indexOf(effort) < efforts.indexOf(planned)) {
    throw new RivuletError(
      "argument.bad-value",
      `found effort ${effort} for an ensemble that was planned for ${planned}, expected that or a lower one; make it with the higher effort`,
    );
  }
  if (names.some((name) => isAskedAt(name, effort))) return;
  throw new RivuletError(
    "argument.bad-value",
    `found effort ${effort}, at which none of the experts ${names.join(", ")} take part; choose a higher effort, or leave out fewer experts`,
  );
}
