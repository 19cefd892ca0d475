import { createEnsemble } from "../../src/learner/ensemble.ts";

const fields = ["a", "b", "c", "target"];
const classification = createEnsemble({ fields, target: { column: "target", classes: 3 } });
const regression = createEnsemble({ fields, target: { column: "target" } });
const values = new Float64Array(4);

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
