import { createEnsemble, type Ensemble } from "../../src/learner/ensemble.ts";
import type { EnsembleOptions } from "../../src/learner/ensemble-plan.ts";
import type { OutsideModel } from "../../src/learner/outside-model.ts";

const fields = ["a", "b", "c", "target"];
const values = new Float64Array(4);

/** An ensemble with a model from outside beside its experts. */
function createHost(target: EnsembleOptions["target"]): Ensemble {
  const ensemble = createEnsemble({ fields, target, guest: true });
  for (let i = 0; i < 50; i++) ensemble.observe(Float64Array.of(i % 7, i % 11, i % 13, i % 3), 0);
  // Its own: a second ensemble of a kind in one process makes calls of kernels allocate.
  ensemble.takeIn(ensemble.outgoing() as OutsideModel);
  return ensemble;
}

const classification = createHost({ column: "target", classes: 3 });
const regression = createHost({ column: "target" });

/** Twenty thousand samples for each kind of ensemble. */
export default function repeat(): void {
  for (let i = 0; i < 20_000; i++) {
    values[0] = (i % 7) + 0.5;
    values[1] = (i % 11) * 1e6;
    values[2] = (i % 13) - 6.25;
    values[3] = i % 3;
    classification.observe(values, 0);
    regression.observe(values, 0);
  }
}
