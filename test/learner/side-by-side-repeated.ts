import { createReplaceableNetwork } from "../../src/learner/replaceable-network.ts";

const fields = ["a", "b", "target"];
const target = { column: "target", classes: 3 };
const learner = createReplaceableNetwork({ fields, target, model: {}, sideBySide: 1_000_000 });
const values = new Float64Array(3);

function observe(i: number): void {
  values[0] = (i % 7) + 0.5;
  values[1] = (i % 11) * 1e6;
  values[2] = i % 3;
  learner.observe(values, 0);
}

for (let i = 0; i < 50; i++) observe(i);
learner.takeIn(structuredClone(learner.outgoing()));

/** A hundred and fifty thousand samples for two networks side by side. */
export default function repeat(): void {
  for (let i = 0; i < 150_000; i++) observe(i);
}
