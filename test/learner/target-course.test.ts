import { describe, expect, test } from "vitest";
import { createRandom } from "../../src/engine/model/random.ts";
import { createEnsemble } from "../../src/learner/ensemble.ts";
import { course } from "../../src/learner/target-course.ts";

interface Stored {
  parts: [unknown, unknown, { course: Float64Array }, unknown, unknown, unknown, { block: Float64Array }];
}

const created = () =>
  createEnsemble({ fields: ["a", "target"], target: { column: "target" }, effort: "low" });
const stateOf = (ensemble: ReturnType<typeof created>) => ensemble.state() as unknown as Stored;

/** An ensemble that has learned targets of which six in ten are 1 and the others 0. */
function learnedEnsemble(rows: number, onRow: (state: Stored) => void = () => {}) {
  const { uniform } = createRandom(4);
  const ensemble = created();
  for (let row = 0; row < rows; row++) {
    ensemble.observe(Float64Array.of(uniform(), uniform() < 0.6 ? 1 : 0), 0);
    onRow(stateOf(ensemble));
  }
  return ensemble;
}

test("the median of targets stays among them, also where most are the largest there is", () => {
  learnedEnsemble(800, ({ parts }) => {
    const values = parts[2].course;
    expect(values[course.median]).toBeGreaterThanOrEqual(values[course.lowest]);
    expect(values[course.median]).toBeLessThanOrEqual(values[course.highest]);
  });
});

describe("a stored state is refused", () => {
  test.each([
    ["above all targets", 300, 1.001, "the median of the targets is 1.001, which lie between 0 and 1"],
    ["below all targets", 300, -1e30, "the median of the targets is -1e+30"],
    ["no number", 300, Number.NaN, "the median of the targets is NaN"],
    ["there before any target", 0, 1, "the median of the targets is 1"],
  ])("where the median is %s", (_, rows, median, fault) => {
    const ensemble = learnedEnsemble(rows);
    const state = structuredClone(stateOf(ensemble));
    created().restore(structuredClone(state) as never);
    state.parts[2].course[course.median] = median;
    expect(() => created().restore(state as never)).toThrow(fault);
  });

  test("where the loss of the constant answer is negative", () => {
    const state = structuredClone(stateOf(learnedEnsemble(300)));
    // The count of rows, and the sum of the losses.
    expect(state.parts[6].block[0]).toBe(299);
    state.parts[6].block[1] = -1e-9;
    expect(() => created().restore(state as never)).toThrow(/baselines \(block\) is not valid/);
  });
});
