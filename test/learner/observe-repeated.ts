import { createNetworkLearner } from "../../src/learner/learner.ts";

const fields = ["a", "b", "c", "target"];
const classification = createNetworkLearner({ fields, target: { column: "target", classes: 3 } });
const regression = createNetworkLearner({ fields, target: { column: "target" }, training: { batchSize: 8 } });
const values = new Float64Array(4);

/** A hundred and fifty thousand samples for a classifier and a regression each. */
export default function repeat(): void {
  for (let i = 0; i < 150_000; i++) {
    values[0] = (i % 7) + 0.5;
    values[1] = (i % 11) * 1e6;
    values[2] = (i % 13) - 6.25;
    values[3] = i % 3;
    classification.observe(values, 0);
    regression.observe(values, 0);
  }
}
