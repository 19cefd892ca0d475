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
  const created = (optimizer = "rmsprop", learningRate = 0.005) =>
    createNetworkLearner({
      fields: stream.fields,
      target,
      model: { layers: [{ dense: 32 }, "tanh"], optimizer: { [optimizer]: { learningRate } } },
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
});
