/** Models that are published at a test host, by key and learner of the tests' own. */
import { join } from "node:path";
import { checkpointOf } from "../../src/continuing/learner-checkpoint.ts";
import { modelOf } from "../../src/continuing/model-file.ts";
import { createLearner } from "../../src/learner/create-learner.ts";
import { createSigningKey, type SigningKey } from "../../src/sync/client/signing-key.ts";
import { folderWith } from "../rivulet.ts";

export const fields = ["x", "label"];
export const target = { column: "label", classes: 2 };

export const signingKey = (): SigningKey => createSigningKey(join(folderWith(), "models.key"));

/** The network of a learner that has seen so many rows. */
export function modelAfter(rows: number, { names = fields } = {}) {
  const learner = createLearner({ fields: names, target, model: {} });
  for (let i = 0; i < rows; i++) learner.observe(Float64Array.of(Math.sin(i), Number(Math.sin(i) > 0)), 0);
  return modelOf(checkpointOf(learner));
}
