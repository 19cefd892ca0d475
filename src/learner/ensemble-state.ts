/** The state of an ensemble beside that of its parts. */
import { RivuletError } from "../errors/errors.ts";
import type { State } from "../state.ts";
import { described, requireCounts } from "../state-check.ts";
import { type Effort, isEffort } from "./effort.ts";
import type { Refusals } from "./prequential-learner.ts";

export interface EnsembleState {
  parts: State[];
  samplesSeen: number;
  unlabelled: number;
  refusals: Refusals;
  targetGlitches: number;
  rows: number;
  effort: Effort;
  /** Of the weights of experts. */
  shift: State;
  /** Of a model from outside; null where there is none. */
  guest: State;
}

/**
 * Checks a stored state of an ensemble; its parts check theirs.
 * @param planned effort of the ensemble, for a state without one
 * @throws RivuletError where it is no state of an ensemble
 */
export function checkedEnsembleState(given: State, planned: Effort): EnsembleState {
  const state = (given ?? {}) as unknown as Partial<EnsembleState>;
  const { samplesSeen, unlabelled, targetGlitches, rows, effort = planned } = state;
  const { notFinite, badLabel } = state.refusals ?? ({} as Partial<Refusals>);
  requireCounts({ samplesSeen, unlabelled, targetGlitches, rows, notFinite, badLabel }, "ensemble");
  if (isEffort(effort)) return { ...state, effort, guest: state.guest ?? null } as EnsembleState;
  throw new RivuletError(
    "state.invalid",
    `the stored ensemble is not valid: its effort is ${described(effort)}, expected a known effort; restore another state`,
  );
}
