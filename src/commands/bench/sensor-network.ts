/**
 * What a user's daemon does with each sample, all of it: predict, score, standardize, learn. The network is the one
 * of a config with `model: {}`.
 */
import { createRandom } from "../../engine/model/random.ts";
import { createNetworkLearner, type Learner } from "../../learner/learner.ts";
import type { Figure } from "./figure.ts";
import { measureInTurn, rateOf } from "./timing.ts";

const features = 8;
const classes = 3;
const samples = 1024;

/** Creates a learner of eight features and three classes, and the samples that it repeats. */
function typicalLearner(): { learner: Learner; rows: Float64Array } {
  const fields = [...Array.from({ length: features }, (_, index) => `field${index}`), "label"];
  const learner = createNetworkLearner({ fields, target: { column: "label", classes } });
  const rows = new Float64Array(samples * fields.length);
  const random = createRandom(1);
  for (let at = 0; at < rows.length; at += fields.length) {
    for (let field = 0; field < features; field++) rows[at + field] = random.uniform();
    rows[at + features] = random.below(classes);
  }
  return { learner, rows };
}

/** Measures the samples a second, in thousands, that a typical sensor network learns from on one core. */
export function sensorNetworkFigures(rounds: number): Figure[] {
  const { learner, rows } = typicalLearner();
  let at = 0;
  const observe = (times: number) => {
    for (let i = 0; i < times; i++) {
      learner.observe(rows, at);
      at += features + 1;
      if (at === rows.length) at = 0;
    }
  };
  const [time] = measureInTurn([observe], { rounds });
  return [
    {
      group: "sensor network",
      name: "8 features, 16 tanh units, 3 classes, a step after every sample",
      value: rateOf(1e6, time),
      unit: "thousand samples/s",
      note: `arena ${learner.network.plan.totalBytes} bytes`,
    },
  ];
}
