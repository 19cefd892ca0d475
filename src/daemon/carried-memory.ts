/** Carries over what a daemon knows besides its learner, except what is about fields or features that have changed. */
import type { StateMap } from "../checkpoint/stored-state.ts";
import { HeldSamples } from "../learner/held-samples.ts";
import type { PrequentialLearner } from "../learner/prequential-learner.ts";
import { classNamesOf, haveMoved } from "../learner/target.ts";
import { carryValidation } from "../samples/sample-validator.ts";
import type { State } from "../state.ts";
import { formatCount } from "../wording/quantities.ts";

/** The state of a daemon for a changed config, and what of it is left behind, in words. */
export interface CarriedMemory {
  state: State;
  lost: string[];
}

/**
 * Carries over what a daemon keeps beside its learner, where the config was changed.
 *
 * @param given what the daemon kept beside the learner `before`
 * @param learner that of the changed config
 */
export function carryMemory(
  given: State,
  before: PrequentialLearner,
  learner: PrequentialLearner,
): CarriedMemory {
  const areMoved = haveMoved(classNamesOf(before) ?? [], classNamesOf(learner) ?? []);
  if (typeof given !== "object" || given === null) return { state: given, lost: [] };
  const lost: string[] = [];
  if (hasSameRows(before, learner)) {
    const { labels = null } = given as unknown as StateMap;
    // Samples that wait for their label were answered with the classes in their order before.
    if (!areMoved || labels === null) return { state: given, lost };
    return { state: { ...given, labels: carryLabels(labels, learner, lost) } as State, lost };
  }
  const { labels, validator, anomaly, ...others } = given as unknown as StateMap;
  const state: StateMap = { ...others };
  if (labels !== undefined) state["labels"] = carryLabels(labels, learner, lost);
  if (validator !== undefined) {
    const carried = carryChecks(validator, before, learner);
    if (carried === null) lost.push("what is known of invalid values");
    else state["validator"] = carried;
  }
  // The detector learned all columns together, so it does not fit others.
  if (anomaly !== undefined) lost.push("what the anomaly detector has learned");
  return { state, lost };
}

/** Whether samples and their features are the same, so that all that is kept of them fits. */
function hasSameRows(before: PrequentialLearner, learner: PrequentialLearner): boolean {
  const [one, other] = [before, learner].map((each) => {
    const { fields, features, target } = each.describe();
    return JSON.stringify([fields, features, target.column, each.heldSizes]);
  });
  return one === other;
}

/** Samples that wait for their label are rows of features that are no longer the same; ids of labels stay. */
function carryLabels(labels: State, learner: PrequentialLearner, lost: string[]): State {
  if (labels === null) return null;
  const { held, ...others } = labels as unknown as StateMap;
  const [, waiting = 0] = ((held as unknown as StateMap | null)?.["place"] ?? []) as Float64Array;
  if (waiting > 0) lost.push(`${formatCount(waiting, "sample")} kept for late labels`);
  return { ...others, held: new HeldSamples(learner.heldSizes, 1).state() };
}

/** The checks of values are about fields by name; a target whose labels come later is not one. */
function carryChecks(
  validator: State,
  before: PrequentialLearner,
  learner: PrequentialLearner,
): State | null {
  const namesOf = (each: PrequentialLearner, hasTarget: boolean) => {
    const { fields, target } = each.describe();
    return fields.filter((name) => hasTarget || name !== target.column);
  };
  for (const hasTarget of [true, false]) {
    const carried = carryValidation(validator, namesOf(before, hasTarget), namesOf(learner, hasTarget));
    if (carried !== null) return carried;
  }
  return null;
}
