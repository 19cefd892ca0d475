/** Rows and learners for the tests of training. */
import { createRandom } from "../../src/engine/model/random.ts";
import { createNetworkLearner } from "../../src/learner/learner.ts";
import type { LearnerOptions } from "../../src/learner/learner-options.ts";

/** Two features between -1 and 1, then the class of their product's sign. */
export function labelled(count: number, seed = 1): number[][] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => {
    const x = 2 * random.uniform() - 1;
    const y = 2 * random.uniform() - 1;
    return [x, y, Number(x * y > 0)];
  });
}

export const classifier = (options: Partial<LearnerOptions> = {}) =>
  createNetworkLearner({
    fields: ["x", "y", "label"],
    target: { column: "label", classes: 2 },
    training: { batchSize: 8 },
    ...options,
  });

/** What `call` rejects with. */
export async function rejection(call: Promise<unknown>): Promise<Error> {
  return call.then(
    () => new Error("it resolved"),
    (error) => error,
  );
}
