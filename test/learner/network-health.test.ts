import { describe, expect, test } from "vitest";
import { createNetworkLearner, type Learner } from "../../src/learner/learner.ts";
import { classStream, type MadeStream, numberStream } from "./made-streams.ts";

const kinds = [
  { kind: "classes", make: classStream, target: { column: "target", classes: 3 } },
  { kind: "numbers", make: numberStream, target: { column: "target" } },
];

const rates = [
  { optimizer: "rmsprop", learningRate: 0.5 },
  { optimizer: "adam", learningRate: 0.3 },
  { optimizer: "sgd", learningRate: 5 },
];

/** Log loss, or mean absolute error, and that of a constant answer. */
function scoresOf(learner: Learner, classes: number | undefined) {
  const report = learner.report();
  return "logLoss" in report
    ? { loss: report.logLoss, constant: Math.log(classes as number) }
    : { loss: report.mae, constant: report.baselineMae };
}

function observe(learner: Learner, { values, width }: MadeStream, from: number, to: number): void {
  for (let row = from; row < to; row++) learner.observe(values, row * width);
}

describe.each(kinds)("a single network for $kind", ({ make, target }) => {
  const stream = make(4000);
  const created = (optimizer = "rmsprop", learningRate = 0.005, batchSize = 1) =>
    createNetworkLearner({
      fields: stream.fields,
      target,
      model: { layers: [{ dense: 32 }, "tanh"], optimizer: { [optimizer]: { learningRate } } },
      training: { batchSize },
    });

  test.each(rates)(
    "ends near the constant's score with $optimizer at $learningRate",
    ({ optimizer, learningRate }) => {
      const learner = created(optimizer, learningRate);
      observe(learner, stream, 0, stream.rows);
      const { loss, constant } = scoresOf(learner, target.classes);
      expect(loss).toBeLessThan(1.7 * constant);
      expect(learner.recoveries).toBeGreaterThan(0);
      expect(learner.health.lastRecovery).toMatchObject({ learningRate: learner.network.learningRate });
      expect(learner.network.learningRate).toBeLessThan(learningRate);
    },
  );

  test("continues bit for bit from a state before, between and after recoveries", () => {
    const whole = created("rmsprop", 0.5);
    observe(whole, stream, 0, 600);
    expect(whole.recoveries).toBeGreaterThan(0);
    for (const stop of [3, 30, 50, 300, 599]) {
      const first = created("rmsprop", 0.5);
      observe(first, stream, 0, stop);
      const second = created("rmsprop", 0.5);
      second.restore(structuredClone(first.state()) as never);
      observe(second, stream, stop, 600);
      expect(second.state()).toEqual(whole.state());
    }
  });

  test("learns anew where what is measured changes, and goes back to nothing", () => {
    const learner = created();
    const changed = { ...stream, values: stream.values.slice() };
    for (let row = 2000; row < 4000; row++) {
      const at = row * stream.width + 3;
      const value = stream.values[at];
      changed.values[at] = target.classes ? (value + 1) % 3 : 2026 - value;
    }
    observe(learner, changed, 0, 4000);
    expect(learner.recoveries).toBe(0);
    let late = 0;
    for (let row = 3900; row < 4000; row++) {
      learner.predict(changed.values, row * stream.width);
      const truth = changed.values[row * stream.width + 3];
      late += target.classes
        ? Number(learner.predictedClass !== truth)
        : Math.abs(learner.prediction[0] - truth);
    }
    expect(late / 100).toBeLessThan(target.classes ? 0.15 : 0.8);
  });

  test("goes back to healthy weights once its own are no numbers any more, and is not worth saving before", () => {
    const learner = created();
    observe(learner, stream, 0, 1500);
    const { loss } = scoresOf(learner, target.classes);
    const broken = learner.network.parameters();
    for (const { data } of broken) data.fill(Number.NaN);
    learner.network.setParameters(broken);
    observe(learner, stream, 1500, 1515);
    expect(learner.isHealthy).toBe(false);
    observe(learner, stream, 1515, 1517);
    expect([learner.isHealthy, learner.recoveries]).toEqual([true, 1]);
    observe(learner, stream, 1517, 4000);
    expect(scoresOf(learner, target.classes).loss).toBeLessThan(1.05 * loss);
  });

  /** Makes a weight infinite: behind the tanh answers, losses and gradients stay finite until the next update. */
  function overflow({ network }: Learner): void {
    const [first, ...others] = network.parameters();
    first.data[0] = Number.POSITIVE_INFINITY;
    network.setParameters([first, ...others]);
  }

  /** Lets it learn from row 1500 on until it has gone back; returns after how many rows. */
  function rowsUntilBack(learner: Learner, { values, width }: MadeStream): number {
    let row = 1500;
    for (; learner.recoveries === 0 && row < 1800; row++) {
      expect(learner.isHealthy).toBe(false);
      learner.observe(values, row * width);
    }
    expect([learner.isHealthy, learner.recoveries, learner.network.learningRate]).toEqual([true, 1, 0.0025]);
    return row - 1500;
  }

  test("goes back with the update after an overflow that no answer and no loss tells of", () => {
    const learner = created("rmsprop", 0.005, 256);
    observe(learner, stream, 0, 1500);
    overflow(learner);
    expect(rowsUntilBack(learner, stream)).toBeLessThanOrEqual(256);
    expect([learner.unanswered, learner.network.skipped]).toEqual([0, 0]);
    const { loss, constantLoss } = learner.health.lastRecovery!;
    expect(loss).toBeLessThan(constantLoss);
  });

  test("is not changed by a look at its state while a number has overflowed", () => {
    const [one, other] = [created(), created()];
    for (const learner of [one, other]) {
      observe(learner, stream, 0, 1500);
      overflow(learner);
      observe(learner, stream, 1500, 1510);
      if (learner === one) learner.state();
      observe(learner, stream, 1510, 2000);
    }
    expect(one.state()).toEqual(other.state());
    expect(one.recoveries).toBe(1);
  });

  test("starts over where numbers overflow for the fourth time from the same snapshot", () => {
    const learner = created();
    observe(learner, stream, 0, 1500);
    const begun = created().network.parameters();
    for (let times = 1; times <= 4; times++) {
      expect(learner.network.parameters()).not.toEqual(begun);
      overflow(learner);
      learner.healOverflow();
      expect(learner.recoveries).toBe(times);
    }
    expect(learner.network.parameters()).toEqual(begun);
  });

  test("does not start over at the fourth overflow where it has kept healthy weights since the third", () => {
    const learner = created();
    observe(learner, stream, 0, 1500);
    const begun = created().network.parameters();
    for (let times = 1; times <= 4; times++) {
      if (times === 4) observe(learner, stream, 1500, 2100);
      overflow(learner);
      learner.healOverflow();
      expect(learner.recoveries).toBe(times);
      expect(learner.network.parameters()).not.toEqual(begun);
    }
  });

  test("takes a state over, or none of it, also while a number has overflowed", () => {
    const learner = created();
    observe(learner, stream, 0, 600);
    const { metrics, ...state } = structuredClone(learner.state());
    overflow(learner);
    expect(() => learner.restore({ ...state, metrics: null } as never)).toThrow(/stored/);
    expect([learner.isHealthy, learner.recoveries]).toEqual([true, 1]);
    overflow(learner);
    learner.restore({ ...state, metrics } as never);
    expect(learner.state()).toEqual({ ...state, metrics });
  });
});

test.each([1, 3])(
  "a network with nothing to be judged by goes back after 256 samples, in batches of %d",
  (batchSize) => {
    const learner = createNetworkLearner({
      fields: ["a", "b"],
      target: { column: "b" },
      model: { layers: [{ dense: 4 }, "tanh"] },
      training: { batchSize },
    });
    const observe = (rows: number) => {
      for (let i = 0; i < rows; i++) learner.observe(Float64Array.of(i % 7, 5), 0);
    };
    observe(256 * batchSize);
    const [first, ...others] = learner.network.parameters();
    learner.network.setParameters([{ ...first, data: first.data.fill(Number.NaN) }, ...others]);
    observe(100);
    expect([learner.isHealthy, learner.recoveries]).toEqual([false, 0]);
    observe(156);
    expect([learner.isHealthy, learner.recoveries]).toEqual([true, 1]);
  },
);
