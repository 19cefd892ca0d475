import { expect, test } from "vitest";
import { DriftWatch } from "../../src/daemon/drift-watch.ts";
import { createRandom } from "../../src/engine/model/random.ts";
import { createNetworkLearner } from "../../src/learner/learner.ts";
import { stationaryStreams } from "../learner/made-streams.ts";

// With the third seed the mean error on the autoregressive stream moves, from 27 to 30 %.
test.each(stationaryStreams(3))(
  "100,000 rows of $name are no drift to a single network, but noise after them is",
  (stream) => {
    const { classes } = stream;
    const target = classes > 0 ? { column: "target", classes } : { column: "target" };
    const fields = ["x0", "x1", "target"];
    const learner = createNetworkLearner({ fields, target, model: { layers: [{ dense: 16 }, "tanh"] } });
    const said: string[] = [];
    const watch = new DriftWatch(learner, ({ text }) => said.push(text));
    const row = new Float64Array(3);
    const { uniform, below } = createRandom(2);
    // What can be learned again is learned within some 20 rows, so what follows is noise.
    const observe = (count: number, isNoise: boolean) => {
      for (let index = 0; index < count; index++) {
        stream.next(row);
        if (isNoise) row[2] = classes > 0 ? below(classes) : stream.center + 16 * (uniform() - 0.5);
        learner.observe(row, 0);
        watch.observe(row, 2);
      }
    };
    observe(100_000, false);
    expect(said).toEqual([]);
    observe(1000, true);
    expect(said).toHaveLength(1);
    expect(watch.drifts).toBe(1);
  },
);
