import { describe, expect, test } from "vitest";
import { createRandom } from "../../src/engine/model/random.ts";
import { createEnsemble, type Ensemble } from "../../src/learner/ensemble.ts";
import { planEnsemble } from "../../src/learner/ensemble-plan.ts";
import { classStream, gaussian, type MadeStream, numberStream } from "./made-streams.ts";

const kinds = [
  { kind: "classes", make: classStream, target: { column: "target", classes: 3 } },
  { kind: "numbers", make: numberStream, target: { column: "target" } },
];

/** Answers to rows `from` to below `to`, one behind the other. */
function answers(ensemble: Ensemble, { values, width }: MadeStream, from: number, to: number): number[] {
  const all: number[] = [];
  for (let row = from; row < to; row++) {
    ensemble.observe(values, row * width);
    all.push(...ensemble.prediction);
  }
  return all;
}

const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[numbers.length >> 1];

describe.each(kinds)("an ensemble for $kind", ({ make, target }) => {
  test("answers a row the same whatever comes after it", () => {
    const stream = make(160);
    for (const at of [40, 101]) {
      const changed = { ...stream, values: stream.values.slice() };
      for (let i = at * stream.width; i < changed.values.length; i++) {
        changed.values[i] = i % stream.width === 3 ? i % 3 : stream.values[i] * -3 + i;
      }
      // The row itself keeps its features; its target is not known when it is answered.
      for (let i = 0; i < 3; i++)
        changed.values[at * stream.width + i] = stream.values[at * stream.width + i];
      const before = answers(createEnsemble({ fields: stream.fields, target }), stream, 0, at + 1);
      const after = answers(createEnsemble({ fields: stream.fields, target }), changed, 0, at + 1);
      expect(after).toEqual(before);
    }
  });

  test("continues bit for bit from a state that went through a copy", () => {
    const stream = make(400);
    const whole = answers(createEnsemble({ fields: stream.fields, target }), stream, 0, 400);
    const perRow = whole.length / 400;
    for (const stop of [1, 33, 250]) {
      const first = createEnsemble({ fields: stream.fields, target });
      answers(first, stream, 0, stop);
      const second = createEnsemble({ fields: stream.fields, target });
      second.restore(structuredClone(first.state()));
      expect(answers(second, stream, stop, 400)).toEqual(whole.slice(stop * perRow));
      expect(second.report()).toEqual(
        (() => {
          answers(first, stream, stop, 400);
          return first.report();
        })(),
      );
    }
  });

  test("predicts without learning", () => {
    const stream = make(120);
    const plain = answers(createEnsemble({ fields: stream.fields, target }), stream, 0, 120);
    const ensemble = createEnsemble({ fields: stream.fields, target });
    const looked: number[] = [];
    for (let row = 0; row < 120; row++) {
      ensemble.predict(stream.values, ((row * 7) % 120) * stream.width);
      ensemble.observe(stream.values, row * stream.width);
      looked.push(...ensemble.prediction);
    }
    expect(looked).toEqual(plain);
  });

  test("answers samples without a target, lets their features be known, and learns nothing else from them", () => {
    const stream = make(120);
    const ensemble = createEnsemble({ fields: stream.fields, target });
    answers(ensemble, stream, 0, 60);
    const before = structuredClone(ensemble.state()) as { parts: unknown[]; rows: number };
    for (let row = 60; row < 120; row++) {
      const nameless = stream.values.slice(row * stream.width, (row + 1) * stream.width);
      nameless[3] = Number.NaN;
      expect(ensemble.predict(stream.values, row * stream.width)).toBe(true);
      const answered = [...ensemble.prediction];
      expect(ensemble.observe(nameless, 0)).toBe(true);
      expect([...ensemble.prediction]).toEqual(answered);
    }
    const [statistics, recent, ...others] = (ensemble.state() as unknown as typeof before).parts;
    expect(others).toEqual(before.parts.slice(2));
    expect(statistics).not.toEqual(before.parts[0]);
    expect(recent).not.toEqual(before.parts[1]);
    expect([ensemble.report().unlabelled, ensemble.samplesSeen]).toEqual([60, 60]);
  });

  test("plans to the byte what it places", () => {
    for (const effort of ["high", "normal", "low"] as const) {
      for (const without of [[], ["neighbours"], ["replayed", "network"]]) {
        const options = { fields: ["a", "b", "c", "target"], target, effort, without };
        const { parts, totalBytes } = planEnsemble(options);
        expect(parts.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(totalBytes);
        const ensemble = createEnsemble(options);
        expect(ensemble.placedBytes).toBe(totalBytes);
        expect(answers(ensemble, make(40), 0, 40).every(Number.isFinite)).toBe(true);
      }
    }
  });

  test("answers the same bits with scalar kernels as with vectors", () => {
    const stream = make(300);
    const found = (["simd", "scalar"] as const).map((kernels) =>
      answers(createEnsemble({ fields: stream.fields, target, arena: { kernels } }), stream, 0, 300),
    );
    expect(found[0]).toEqual(found[1]);
  });

  test("refuses a state of other options and stays as it was", () => {
    const stream = make(60);
    const ensemble = createEnsemble({ fields: stream.fields, target });
    answers(ensemble, stream, 0, 30);
    const other = createEnsemble({ fields: ["a", "target"], target });
    const before = structuredClone(ensemble.state());
    expect(() => ensemble.restore(other.state())).toThrow(/stored/);
    expect(ensemble.state()).toEqual(before);
  });

  test("keeps to its figures where one number in a hundred is 1e30", () => {
    const stream = make(2000);
    const poisoned = { ...stream, values: stream.values.slice() };
    const { below } = createRandom(5);
    for (let i = 0; i < poisoned.values.length; i++) {
      if (i % stream.width === 3 || below(100) > 0) continue;
      poisoned.values[i] = below(2) ? 1e30 : -1e30;
    }
    const clean = createEnsemble({ fields: stream.fields, target });
    const sick = createEnsemble({ fields: stream.fields, target });
    answers(clean, stream, 0, 2000);
    answers(sick, poisoned, 0, 2000);
    const [before, after] = [clean, sick].map((ensemble) => {
      const report = ensemble.report();
      return "mae" in report ? report.mae : 1 - report.accuracy;
    });
    expect(after).toBeLessThan(before * 1.15 + 0.02);
    expect(Object.keys(sick.report().glitches)).toEqual(["x0", "x1", "x2"]);
  });

  test("raises no alarm of drift on a stream that does not change", () => {
    const stream = make(4000);
    const ensemble = createEnsemble({ fields: stream.fields, target });
    answers(ensemble, stream, 0, 4000);
    expect(ensemble.report().drift.alarms).toBe(0);
  });
});

describe("an ensemble for classes", () => {
  const target = { column: "target", classes: 3 };

  test("is at chance where labels have nothing to do with the rows", () => {
    const stream = classStream(3000);
    const { below } = createRandom(9);
    for (let row = 0; row < 3000; row++) stream.values[row * stream.width + 3] = below(3);
    const ensemble = createEnsemble({ fields: stream.fields, target });
    answers(ensemble, stream, 0, 3000);
    const report = ensemble.report();
    if (!("logLoss" in report)) throw new Error("a classifier reports a log loss");
    expect(report.logLoss).toBeGreaterThan(Math.log(3) - 0.005);
    expect(report.logLoss).toBeLessThan(Math.log(3) + 0.03);
    expect(Math.abs(report.accuracy - 1 / 3)).toBeLessThan(0.03);
  });

  test("is better than its baselines where there is something to learn", () => {
    const stream = classStream(2000);
    const ensemble = createEnsemble({ fields: stream.fields, target });
    answers(ensemble, stream, 0, 2000);
    const report = ensemble.report();
    expect(report.skill).toBeGreaterThan(0.3);
    expect(report.baselines.map(({ name }) => name)).toEqual(["label frequencies", "last label", "linear"]);
    expect(report.experts.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 6);
  });

  test("scores no answer from before the first label", () => {
    const stream = classStream(3);
    const ensemble = createEnsemble({ fields: stream.fields, target });
    answers(ensemble, stream, 0, 3);
    expect(ensemble.report().samples).toBe(2);
    expect(ensemble.samplesSeen).toBe(3);
  });

  test("finds where labels change their meaning, and recovers", () => {
    const stream = classStream(3000);
    for (let row = 1500; row < 3000; row++) {
      stream.values[row * stream.width + 3] = (stream.values[row * stream.width + 3] + 1) % 3;
    }
    const ensemble = createEnsemble({ fields: stream.fields, target });
    answers(ensemble, stream, 0, 3000);
    const { drift } = ensemble.report();
    expect(drift.alarms).toBe(1);
    expect(drift.errorAfter).toBeGreaterThan(2 * drift.errorBefore);
  });
});

describe("an ensemble for numbers", () => {
  const target = { column: "target" };

  test("holds as many targets in its interval as were asked", () => {
    const stream = numberStream(3000);
    for (const coverage of [0.8, 0.9]) {
      const ensemble = createEnsemble({ fields: stream.fields, target, coverage });
      answers(ensemble, stream, 0, 3000);
      const report = ensemble.report();
      if (!("interval" in report)) throw new Error("a regression reports an interval");
      expect(Math.abs(report.interval.coverage - coverage)).toBeLessThan(0.015);
      expect(ensemble.upper - ensemble.lower).toBeCloseTo(2 * report.interval.halfWidth, 6);
    }
  });

  test("does not let the first answer, before any target, into the scores", () => {
    const stream = numberStream(500);
    const ensemble = createEnsemble({ fields: stream.fields, target });
    answers(ensemble, stream, 0, 500);
    const report = ensemble.report();
    if (!("mae" in report)) throw new Error("a regression reports a mean absolute error");
    expect(report.maxError).toBeLessThan(20);
    expect(report.r2).toBeGreaterThan(0.8);
  });

  test("is not moved by targets that cannot be true", () => {
    const stream = numberStream(1500);
    const poisoned = { ...stream, values: stream.values.slice() };
    for (let row = 5; row < 1500; row += 90) poisoned.values[row * stream.width + 3] = 1e30;
    const ensemble = createEnsemble({ fields: stream.fields, target });
    const errors: number[] = [];
    for (let row = 0; row < 1500; row++) {
      ensemble.observe(poisoned.values, row * stream.width);
      errors.push(Math.abs(ensemble.prediction[0] - stream.values[row * stream.width + 3]));
    }
    expect(median(errors.slice(200))).toBeLessThan(0.6);
    const report = ensemble.report();
    expect("mae" in report && report.mae).toBeLessThan(1.2);
    expect(report.glitches).toEqual({ target: 17 });
  });

  test("follows a stream of one value and of two", () => {
    const { uniform } = createRandom(3);
    for (const spread of [0, 1]) {
      const ensemble = createEnsemble({ fields: ["x0", "target"], target });
      const values = new Float64Array(2);
      for (let row = 0; row < 300; row++) {
        values[0] = gaussian(uniform);
        values[1] = 7 + spread * (row & 1);
        ensemble.observe(values, 0);
        expect(Number.isFinite(ensemble.prediction[0])).toBe(true);
      }
      expect(Math.abs(ensemble.prediction[0] - values[1])).toBeLessThan(0.05);
    }
  });
});

test("an expert of one's own counts for what it is worth", () => {
  const stream = numberStream(800);
  const learned: number[] = [];
  /** Knows the answer but for an offset, which it learns. */
  const own = {
    predict: (inputs: Float32Array, answers: Float64Array, at: number) => {
      expect(inputs.length).toBe(3);
      answers[at] = next + 0.01;
    },
    learn: (_: Float32Array, targets: Float64Array, at: number) => void learned.push(targets[at]),
    restart: () => {},
    state: () => learned.length,
    restore: () => {},
  };
  const ensemble = createEnsemble({
    fields: stream.fields,
    target: { column: "target" },
    experts: [{ name: "clairvoyant", expert: own }],
  });
  let next = 0;
  for (let row = 0; row < 800; row++) {
    next = stream.values[row * stream.width + 3];
    ensemble.observe(stream.values, row * stream.width);
  }
  expect(learned.length).toBe(800);
  expect(learned[7]).toBe(stream.values[7 * stream.width + 3]);
  const { experts } = ensemble.report();
  const clairvoyant = experts.find(({ name }) => name === "clairvoyant")!;
  expect(clairvoyant.restarts).toBe(0);
  // Above 0.01, because answers are held near the range of the targets so far.
  expect(clairvoyant.loss).toBeLessThan(0.03);
  expect(clairvoyant.weight).toBeGreaterThan(0.9);
});

describe.each(kinds)("with experts of one's own, an ensemble for $kind", ({ target }) => {
  const own = {
    predict: () => {},
    learn: () => {},
    restart: () => {},
    state: () => null,
    restore: () => {},
  };
  test.each([
    ["median"],
    ["label-frequencies"],
    ["network"],
    ["least-squares"],
    ["label-transitions"],
    ["cooling", "heating", "cooling"],
  ])("refuses a name that another expert has, whether that is in use or not: %s", (...names) => {
    for (const make of [planEnsemble, createEnsemble]) {
      const experts = names.map((name) => ({ name, expert: own }));
      expect(() => make({ fields: ["a", "b", "target"], target, effort: "low", experts })).toThrow(
        `found "${names[0]}" as the name of an expert of your own, expected one that no other expert has`,
      );
    }
  });
});

test("an expert whose answers are no numbers any more is restarted while the others answer", () => {
  const stream = classStream(1200);
  const ensemble = createEnsemble({ fields: stream.fields, target: { column: "target", classes: 3 } });
  answers(ensemble, stream, 0, 400);
  const state = structuredClone(ensemble.state()) as never as {
    parts: { parts: { parameters: { data: Float32Array }[] }[] }[];
  };
  // The first expert of the committee is the network.
  for (const { data } of state.parts[2].parts[0].parameters) data.fill(3e38);
  ensemble.restore(state as never);
  const later: boolean[] = [];
  for (let row = 400; row < 1200; row++) {
    ensemble.observe(stream.values, row * stream.width);
    later.push(ensemble.predictedClass === stream.values[row * stream.width + 3]);
  }
  const [network] = ensemble.report().experts;
  expect(network).toMatchObject({ name: "network", restarts: 1 });
  expect(later.filter(Boolean).length / later.length).toBeGreaterThan(0.85);
});

describe.each(kinds)("where numbers overflow, an ensemble for $kind", ({ make, target }) => {
  const stream = make(1000);
  const created = (without: readonly string[] = []) =>
    createEnsemble({ fields: stream.fields, target, without: [...without] });

  /** Lets the moments of the first replayed network make its weights infinite with the next row. */
  function overflow(ensemble: Ensemble): void {
    type Part = {
      ring?: unknown;
      network: { optimizerState: { name: string; data: Float32Array }[] };
    } | null;
    const state = structuredClone(ensemble.state()) as never as { parts: { parts: Part[] }[] };
    const replayed = state.parts[2].parts.find((part) => part?.ring);
    for (const { name, data } of replayed?.network.optimizerState ?? []) {
      if (name.startsWith("0.weight")) data.fill(name.endsWith("firstMoment") ? 3e38 : 0);
    }
    ensemble.restore(state as never);
  }

  const networkName = target.classes ? "replayed-network" : "replayed-level";
  test.each([
    ["goes back with the expert at its next answer", [], networkName, 2, { recoveries: 1, restarts: 0 }],
    [
      "begins anew with the metric of neighbours within 256 rows",
      [networkName],
      "neighbours",
      256,
      { recoveries: 0, restarts: 1 },
    ],
  ] as const)("%s, and is not worth saving before", (_, without, expert, most, healed) => {
    const ensemble = created(without);
    answers(ensemble, stream, 0, 600);
    overflow(ensemble);
    let row = 600;
    for (; ensemble.recoveries === 0 && row < 900; row++) {
      expect(ensemble.isHealthy).toBe(row === 600);
      answers(ensemble, stream, row, row + 1);
    }
    expect(row - 600).toBeLessThanOrEqual(most);
    expect([ensemble.isHealthy, ensemble.recoveries]).toEqual([true, 1]);
    expect(ensemble.report().experts.find(({ name }) => name === expert)).toMatchObject(healed);
    created(without).restore(structuredClone(ensemble.state()));
  });

  test("is healed at once where it is not to go on", () => {
    const ensemble = created();
    answers(ensemble, stream, 0, 600);
    overflow(ensemble);
    answers(ensemble, stream, 600, 601);
    const state = structuredClone(ensemble.state());
    expect(() => created().restore(state)).toThrow(/expected a finite number/);
    ensemble.healOverflow();
    expect([ensemble.isHealthy, ensemble.recoveries]).toEqual([true, 1]);
    created().restore(structuredClone(ensemble.state()));
  });

  test("restarts an expert of the user's own that says so, within 256 rows", () => {
    let isOverflown = false;
    const own = {
      predict: (_: Float32Array, answers: Float64Array, at: number) =>
        void answers.fill(1 / 3, at, at + (target.classes ?? 1)),
      learn: () => {},
      hasOverflowed: () => isOverflown,
      restart() {
        isOverflown = false;
      },
      state: () => null,
      restore: () => {},
    };
    const ensemble = createEnsemble({
      fields: stream.fields,
      target,
      experts: [{ name: "own", expert: own }],
    });
    answers(ensemble, stream, 0, 100);
    isOverflown = true;
    expect(ensemble.isHealthy).toBe(false);
    answers(ensemble, stream, 100, 250);
    expect([ensemble.isHealthy, ensemble.recoveries]).toEqual([false, 0]);
    answers(ensemble, stream, 250, 260);
    expect([ensemble.isHealthy, ensemble.recoveries]).toEqual([true, 1]);
  });
});

test("a single target says nothing of the scale: the next answer is that target, however small its unit", () => {
  for (const scale of [1e-6, 1, 1e6]) {
    const ensemble = createEnsemble({ fields: ["a", "target"], target: { column: "target" } });
    ensemble.observe(Float64Array.of(3, 2 * scale), 0);
    ensemble.predict(Float64Array.of(-50, Number.NaN), 0);
    expect(Math.abs(ensemble.prediction[0] / scale - 2)).toBeLessThan(0.01);
  }
});

test("a number that is hardly ever anything but 0 is answered as well as by the best simple rule", () => {
  const { uniform } = createRandom(8);
  const ensemble = createEnsemble({ fields: ["a", "b", "target"], target: { column: "target" } });
  const row = new Float64Array(3);
  for (let index = 0; index < 3000; index++) {
    row[0] = gaussian(uniform);
    row[1] = gaussian(uniform);
    row[2] = uniform() < 0.02 ? 1 : 0;
    ensemble.observe(row, 0);
  }
  expect(ensemble.report().skill).toBeGreaterThan(-0.01);
});
