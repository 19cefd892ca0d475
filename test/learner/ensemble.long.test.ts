import { describe, expect, test } from "vitest";
import { createRandom } from "../../src/engine/model/random.ts";
import { createEnsemble } from "../../src/learner/ensemble.ts";
import { classStream, numberStream, stationaryStreams, turnTarget } from "./made-streams.ts";

const rows = 100_000;

describe("over 100,000 rows of a stream that does not change", () => {
  test.each(stationaryStreams())(
    "$name raises no alarm, nothing drifts, and a change is found after it",
    (stream) => {
      const { classes } = stream;
      const target = classes > 0 ? { column: "target", classes } : { column: "target" };
      const ensemble = createEnsemble({ fields: ["x0", "x1", "target"], target });
      const row = new Float64Array(3);
      let first = 0;
      let last = 0;
      for (let index = 0; index < rows; index++) {
        stream.next(row);
        ensemble.observe(row, 0);
        // Medians of heavy-tailed errors would say less; a bound keeps single ones from deciding.
        const loss =
          classes > 0
            ? -Math.log(ensemble.prediction[row[2]])
            : Math.min(Math.abs(ensemble.prediction[0] - row[2]), 3);
        if (index >= 5_000 && index < 15_000) first += loss;
        if (index >= rows - 10_000) last += loss;
      }
      const { drift, experts } = ensemble.report();
      expect(drift.alarms).toBe(0);
      expect(experts.every(({ restarts }) => restarts === 0)).toBe(true);
      expect(last / first).toBeLessThan(1.08);
      for (let index = 0; index < 500; index++) {
        stream.next(row);
        turnTarget(stream, row);
        ensemble.observe(row, 0);
      }
      expect(ensemble.report().drift.alarms).toBe(1);
    },
  );
});

describe.each([
  { kind: "classes", make: classStream, target: { column: "target", classes: 3 } },
  { kind: "numbers", make: numberStream, target: { column: "target" } },
])("an ensemble for $kind", ({ make, target }) => {
  test("killed at 500 random samples answers every later one to the bit", () => {
    const stream = make(3000);
    const { uniform } = createRandom(12);
    const whole = createEnsemble({ fields: stream.fields, target });
    let killed = createEnsemble({ fields: stream.fields, target });
    for (let row = 0; row < 3000; row++) {
      if (uniform() < 1 / 6) {
        const state = structuredClone(killed.state());
        killed = createEnsemble({ fields: stream.fields, target });
        killed.restore(state);
      }
      whole.observe(stream.values, row * stream.width);
      killed.observe(stream.values, row * stream.width);
      expect([...killed.prediction]).toEqual([...whole.prediction]);
    }
    expect(killed.state()).toEqual(whole.state());
  });
});
