import { describe, expect, test } from "vitest";
import { createEnsemble } from "../../src/learner/ensemble.ts";
import { createNetworkLearner } from "../../src/learner/learner.ts";
import { History, historyBytes } from "../../src/status/history.ts";

const minute = 60_000;
const day = 86_400_000;
const noon = Date.UTC(2026, 5, 1, 12);

const fields = ["x", "label"];

/** A learner whose scores a history follows; `learn` shows it rows of alternating classes. */
function bench() {
  const learner = createEnsemble({ fields, target: { column: "label", classes: 2 }, effort: "low" });
  const row = new Float64Array(2);
  let rows = 0;
  const learn = (count: number) => {
    for (let i = 0; i < count; i++, rows++) {
      row[0] = rows % 2;
      row[1] = rows % 2;
      learner.observe(row, 0);
    }
  };
  return { learner, learn };
}

describe("the history of scores", () => {
  test("holds in each step what the scores grew by", () => {
    const { learner, learn } = bench();
    const history = new History(learner);
    history.advance(noon, 0, 0, 0);
    learn(21); // the first is not scored
    history.advance(noon + 10_000, 10_000, 1, 2);
    learn(30);
    history.advance(noon + 20_000, 10_000, 1, 5);
    const { step, samples, score, lastTarget, drifts, lost, baselines, time } = history.columns(
      0,
      noon + 20_000,
    );
    expect({ step, samples, drifts, lost }).toEqual({
      step: 10,
      samples: [20, 30],
      drifts: [1, 0],
      lost: [2, 3],
    });
    const rights = learner.report() as { accuracy: number };
    expect(20 * (score[0] as number) + 30 * (score[1] as number)).toBeCloseTo(50 * rights.accuracy, 2);
    expect(lastTarget).toEqual([0, 0]);
    expect(baselines.map(({ name }) => name)).toContain("linear");
    expect(time).toEqual([noon / 1000 + 20, noon / 1000 + 20]);
    expect(history.columns(2, noon + 20_000).samples).toEqual([50]);
  });

  test("stays within what a score can be where labels are corrected afterwards", () => {
    const { learner } = bench();
    const totals = { samples: 100, accuracy: 1, baselineAccuracy: 0.5, logLoss: 0.1 };
    const report = learner.report.bind(learner);
    learner.report = () => ({ ...report(), ...totals }) as ReturnType<typeof report>;
    const history = new History(learner);
    history.advance(noon, 0, 0, 0);
    // One more sample, and the labels of forty before it have been corrected: they had been right.
    Object.assign(totals, { samples: 101, accuracy: 61 / 101 });
    history.advance(noon + 10_000, 10_000, 0, 0);
    Object.assign(totals, { samples: 102, accuracy: 1 });
    history.advance(noon + 20_000, 10_000, 0, 0);
    expect(history.columns(0, noon + 20_000).score).toEqual([0, 1]);
  });

  test("of a month survives a restart, with the time in between as a gap", () => {
    const { learner, learn } = bench();
    const first = new History(learner);
    first.advance(noon, 0, 0, 0);
    for (let passed = 1; passed <= 30; passed++) {
      learn(10);
      first.advance(noon + passed * day, day, 0, 0);
    }
    const stored = structuredClone(first.state());
    const second = new History(learner);
    second.restore(stored);
    second.advance(noon + 33 * day, 0, 0, 0);
    learn(10);
    second.advance(noon + 33 * day + minute, minute, 0, 0);
    const { samples, score } = second.columns(2, noon + 33 * day + minute);
    expect(samples).toHaveLength(33);
    expect(samples.slice(-4)).toEqual([10, 0, 0, 10]);
    expect(score.slice(-3, -1)).toEqual([null, null]);
    expect(second.columns(0, noon).samples).toEqual([10]);
  });

  test("is not erased by a clock that begins at the epoch and is set later", () => {
    const { learner, learn } = bench();
    const first = new History(learner);
    first.advance(noon, 0, 0, 0);
    learn(10);
    first.advance(noon + minute, minute, 0, 0);
    const second = new History(learner);
    second.restore(structuredClone(first.state()));
    second.advance(0, 0, 0, 0);
    learn(10);
    second.advance(10_000, 10_000, 0, 0);
    // Now the clock is set, an hour after the end of the first process.
    learn(10);
    second.advance(noon + 61 * minute, 10_000, 0, 0);
    expect(second.columns(1, noon + 61 * minute).samples.filter((count) => count > 0)).toEqual([19, 10]);
  });

  test("is not erased by a clock that is years ahead, nor by its correction", () => {
    const { learner, learn } = bench();
    const history = new History(learner);
    history.advance(noon, 0, 0, 0);
    for (const now of [noon + 10 * 365 * day, noon + 20_000, noon + 30_000]) {
      learn(10);
      history.advance(now, 10_000, 0, 0);
    }
    expect(history.columns(0, noon).samples).toEqual([9, 10, 10]);
  });

  test("of a learner without simple rules has accuracy and loss alone, and other rings are refused", () => {
    const network = createNetworkLearner({ fields, target: { column: "label", classes: 2 } });
    const history = new History(network);
    history.advance(noon, 0, 0, 0);
    const row = Float64Array.of(1, 1);
    for (let i = 0; i < 5; i++) network.observe(row, 0);
    history.advance(noon + 1000, 1000, 0, 0);
    const columns = history.columns(0, noon + 1000);
    expect([columns.lastTarget, columns.baselines]).toEqual([[null], []]);
    expect(() => new History(bench().learner).restore(history.state())).toThrow("it starts over");
    expect(historyBytes(0)).toBe(3 * 360 * 6 * 4);
  });
});
