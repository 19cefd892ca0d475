import { describe, expect, test } from "vitest";
import { createLearner } from "../../src/learner/create-learner.ts";
import { pathOf } from "./path.ts";

const classifier = `
source:
  tcp: { host: 127.0.0.1, port: 9 }
  framing: lines
  fields: [a, b, label]
  reply: { send: [prediction], every: sample }
target: { column: label, classes: 3 }
`;
const sample = (...values: number[]) => Float64Array.from(values);

describe("a sample", () => {
  test("is predicted, scored, learned from and answered", () => {
    const { path, learner, take } = pathOf(classifier);
    for (let i = 0; i < 10; i++) take(sample(i, 2 * i, i % 3));
    expect([learner.samplesSeen, learner.counts.updates, path.stations.replies?.sent]).toEqual([10, 10, 10]);
  });

  test("of values that cannot be true goes no further than the validator", () => {
    const { path, learner, take, entries } = pathOf(classifier);
    take(sample(1, Number.NaN, 0));
    expect([path.stations.validator.skipped, learner.samplesSeen, path.stations.replies?.sent]).toEqual([
      1, 0, 0,
    ]);
    expect(entries.map(({ event }) => event)).toEqual(["values-wrong"]);
    expect(learner.refusals).toEqual({ notFinite: 0, badLabel: 0 });
  });

  test.each(["", "model: { layers: [{ dense: 8 }, relu, dense] }"])(
    "that lacks a value is learned from with what says so: %s",
    (model) => {
      const values = "  values: { missing: absent, indicator: true }\ntarget";
      const { learner, take } = pathOf(`${classifier.replace("target", values)}${model}\n`);
      // The class is 1 where the value is missing; the mean that stands for it is a value of class 0.
      for (let i = 0; i < 600; i++) take(sample(i % 2 === 1 ? Number.NaN : (i % 7) - 3, i % 5, i % 2));
      expect([learner.samplesSeen, learner.columns]).toEqual([
        600,
        ["a", "b", "a_missing", "b_missing", "label"],
      ]);
      expect(learner.report()).toMatchObject({ samples: 599 });
      expect((learner.report() as { slidingAccuracy: number }).slidingAccuracy).toBeGreaterThan(0.99);
    },
  );

  test("of a class that does not exist is answered and not learned from", () => {
    const { path, learner, take } = pathOf(classifier);
    take(sample(1, 2, 7));
    expect([learner.samplesSeen, learner.metrics.samples, path.stations.replies?.sent]).toEqual([0, 0, 1]);
    expect(learner.refusals.badLabel).toBe(1);
    expect(path.passedInPause).toBe(0);
  });

  test("without its label is answered, counted, and neither learned from nor refused", () => {
    const { path, learner, take, entries } = pathOf(classifier);
    for (let i = 0; i < 30; i++) take(sample(i, 2 * i, i % 10 === 0 ? i % 3 : Number.NaN));
    expect([learner.samplesSeen, learner.unlabelled, path.stations.replies?.sent]).toEqual([3, 27, 30]);
    expect([path.stations.validator.skipped, path.stations.validator.report()]).toEqual([0, []]);
    expect(learner.refusals).toEqual({ notFinite: 0, badLabel: 0 });
    expect(entries).toEqual([]);
    take(sample(1, 2, Number.POSITIVE_INFINITY));
    expect([path.stations.validator.skipped, path.stations.replies?.sent]).toEqual([1, 30]);
  });

  test("is answered and not learned from while learning is paused", () => {
    const { path, learner, take } = pathOf(classifier);
    path.isPaused = true;
    take(sample(1, 2, 1));
    path.isPaused = false;
    take(sample(1, 2, 1));
    expect([learner.samplesSeen, path.passedInPause, path.stations.replies?.sent]).toEqual([1, 1, 2]);
  });

  test("is observed by the learners beside as well", () => {
    const beside = createLearner({ fields: ["a", "b", "label"], target: { column: "label", classes: 3 } });
    const { learner, take } = pathOf(classifier, [beside]);
    for (let i = 0; i < 10; i++) take(sample(i, 2 * i, i % 3));
    expect(beside.state()).toEqual(learner.state());
  });

  test("does not raise the alarm of a drift twice", () => {
    const { path, take, entries } = pathOf(
      `${classifier}model: {}\ngpio: { alarm: { pin: 5, of: drift } }\n`,
    );
    const scores: number[] = [];
    path.boardAlarm = {
      active: false,
      observe: (score) => void scores.push(score),
      resume() {},
      close() {},
    };
    for (let i = 0; i < 4000; i++) take(sample(i % 3, 1, (i < 2000 ? i : i + 1) % 3));
    expect(entries.filter(({ event }) => event === "drift")).toHaveLength(1);
    expect(scores.filter((score) => score === 1)).toHaveLength(1);
    expect(scores).toHaveLength(4000);
  });
});

describe("with windows before the learner", () => {
  const vibration = `
source:
  tcp: { host: 127.0.0.1, port: 9 }
  framing: lines
  rate: 100
  fields: [ax, state]
features:
  - window: { of: [ax], size: 16, every: 16, take: [mean, sd, bands] }
target: { column: state, classes: 2 }
status: {}
`;

  test("samples come in, and a row in sixteen is predicted, learned from and kept for corrections", () => {
    const { path, learner, take } = pathOf(vibration);
    for (let i = 0; i < 160; i++) take(Float64Array.of(Math.sin(i), (i >> 6) & 1));
    expect(path.taken).toBe(160);
    expect(learner.samplesSeen).toBe(10);
    expect(path.stations.lateLabels?.length).toBe(10);
  });

  test("a label that comes late joins the row that holds its sample, or its time", () => {
    const clock = { now: () => 640, systemAhead: () => 0 };
    const { path, learner, take } = pathOf(
      `${vibration.replace("[ax, state]", "[ax, temperature]")}labels: { keep: 10min }`,
      [],
      clock,
    );
    for (let i = 0; i < 64; i++) take(Float64Array.of(Math.sin(i), 20));
    expect(learner.columns.at(-1)).toBe("state");
    expect([learner.samplesSeen, learner.unlabelled]).toEqual([0, 4]);
    const { lateLabels } = path.stations;
    // Rows came out with the samples 16, 32, 48 and 64, at 150, 310, 470 and 630 ms.
    const outcomes = [{ sequence: 32 }, { sequence: 20 }, { sequence: 33 }, { at: 500 }, { at: 635 }].map(
      (samples) => lateLabels?.apply({ samples, label: 1, id: null }),
    );
    expect(outcomes.map((outcome) => outcome?.joined)).toEqual([1, 0, 1, 1, 0]);
    expect(outcomes[1]?.repeated).toBe(1);
    lateLabels?.flush();
    expect([learner.samplesSeen, learner.unlabelled]).toEqual([3, 1]);
  });
});

test.each(["features: [{ lags: { of: [x], at: [1] } }]", "values: { missing: absent, indicator: true }"])(
  "where each sample is a row, a label that comes late joins none but its own: %s",
  (text) => {
    const [features, values] = text.startsWith("features") ? [text, ""] : ["", text];
    const { path, take } = pathOf(
      `
source: { tcp: { host: 127.0.0.1, port: 9 }, framing: lines, fields: [x, { name: y, range: [0, 9] }]${values && `, ${values}`} }
${features}
target: { column: state, classes: 2 }
labels: { keep: 10min }
`,
      [],
      { now: () => 700, systemAhead: () => 0 },
    );
    for (let i = 1; i <= 8; i++) take(sample(i, i === 5 && values === "" ? 99 : 1));
    const outcomeOf = (samples: { sequence: number } | { at: number }) =>
      path.stations.lateLabels?.apply({ samples, label: 1, id: null });
    // The newest is of 70 ms.
    expect(outcomeOf({ at: 700 })).toMatchObject({ joined: 1 });
    expect(outcomeOf({ sequence: 8 })).toMatchObject({ repeated: 1 });
    expect(outcomeOf({ sequence: 5 })).toMatchObject(values === "" ? { unknown: 1 } : { joined: 1 });
    expect(outcomeOf({ sequence: 6 })).toMatchObject({ joined: 1 });
  },
);

test("a forecast is answered with each sample, and learned from one horizon later", () => {
  const { path, learner, take } = pathOf(`
source:
  tcp: { host: 127.0.0.1, port: 9 }
  framing: lines
  fields: [level]
target: { forecast: level, horizon: 5 }
status: {}
`);
  for (let i = 0; i < 800; i++) take(Float64Array.of(Math.sin(i / 10)));
  expect(learner.prediction[0]).toBeCloseTo(Math.sin(80.4), 1);
  expect(learner.samplesSeen).toBeGreaterThan(780);
  expect(path.stations.lateLabels).toBe(null);
  path.isPaused = true;
  for (let i = 800; i < 820; i++) take(Float64Array.of(Math.sin(i / 10)));
  const seen = learner.samplesSeen;
  path.isPaused = false;
  for (let i = 820; i < 830; i++) take(Float64Array.of(Math.sin(i / 10)));
  // The first five have no forecast that waited for them.
  expect(learner.samplesSeen).toBe(seen + 5);
});

describe("watching features of the past without a target", () => {
  const machine = `
source:
  tcp: { host: 127.0.0.1, port: 9 }
  framing: lines
  rate: 100
  fields: [ax, ay]
features:
  - window: { of: [ax, ay], size: 32, every: 32, take: [logSd, centroid] }
anomaly: { alarmsPerWeek: 2 }
`;

  test("one row in so many samples is watched, by the names of its features", () => {
    const { path, learner, take } = pathOf(machine);
    const { anomalyWatch } = path.stations;
    for (let i = 0; i < 320; i++) take(Float64Array.of(Math.sin(i), Math.cos(3 * i)));
    expect(anomalyWatch?.detector.columns).toEqual(["ax_logSd", "ax_centroid", "ay_logSd", "ay_centroid"]);
    expect(anomalyWatch?.detector.rows).toBe(10);
    expect(learner.samplesSeen).toBe(10);
  });

  test("a checkpoint continues in the middle of a window", () => {
    const [whole, first, second] = [pathOf(machine), pathOf(machine), pathOf(machine)];
    for (let i = 0; i < 100; i++) {
      const row = Float64Array.of(Math.sin(i), Math.cos(3 * i));
      whole.take(row);
      if (i < 50) first.take(row);
      if (i === 49) second.learner.restore(structuredClone(first.learner.state()));
      if (i >= 50) second.take(row);
    }
    expect(second.learner.samplesSeen).toBe(whole.learner.samplesSeen);
    expect(second.learner.extraction?.row).toEqual(whole.learner.extraction?.row);
  });

  test("auto watches what windows of vibration show, and a column that is none of theirs is refused", () => {
    const automatic = machine.replace(/features:\n.*\n/, "features: auto\n").replace("100", "1600");
    expect(pathOf(automatic).learner.columns).toHaveLength(8);
    expect(() => pathOf(machine.replace("2 }", "2, watch: [ax] }"))).toThrow(
      'anomaly.watch names "ax", which is not a column of a row of features',
    );
  });
});

test("a slow sensor leaves its cell empty in most samples, beside windows of two sizes, and no sample is left out", () => {
  const { path, take } = pathOf(`
source:
  tcp: { host: 127.0.0.1, port: 9 }
  framing: lines
  fields: [ax, current, temperature]
features:
  - window: { of: [ax], size: 4, every: 8, take: [max] }
  - window: { of: [current], size: 8, every: 8, take: [mean] }
anomaly: {}
`);
  for (let i = 0; i < 24; i++) take(sample(i, 2, i % 10 === 3 ? 20 + i : Number.NaN));
  expect(path.stations.anomalyWatch?.detector.columns).toEqual(["temperature", "ax_max", "current_mean"]);
  expect(path.stations.anomalyWatch?.detector.rows).toBe(3);
  expect([...(path.stations.learner.extraction?.row ?? [])]).toEqual([43, 23, 2]);
  expect(path.stations.validator.skipped).toBe(0);
});

describe("on a board whose clock is not set yet", () => {
  const start = Date.UTC(2026, 0, 5);
  const config = (features: string) => `
source:
  tcp: { host: 127.0.0.1, port: 9 }
  framing: lines
  fields: [level, flow]
features: [${features}]
target: { column: flow }
timeZone: UTC
`;
  /** It shows the time since its start, until it is set; samples come in ten milliseconds each. */
  const boardOf = (features: string) => {
    const time = { aheadMs: 0 };
    const clock = { now: () => 5000, systemAhead: () => time.aheadMs };
    return { time, ...pathOf(config(features), [], clock) };
  };

  test("the hour of the day is not told until it is, and then by the time that was set", () => {
    const { path, learner, take, time } = boardOf("clock: [hourOfDay]");
    const wavesNow = () => [...(learner.extraction?.row.subarray(1, 3) ?? [])];
    take(sample(1, 2));
    path.lookAtClock();
    take(sample(1, 2));
    expect(wavesNow()).toEqual([0, 0]);
    time.aheadMs = start + 6 * 3_600_000;
    path.lookAtClock();
    take(sample(1, 2));
    expect(wavesNow()[0]).toBeCloseTo(1, 4);
    expect(learner.samplesSeen).toBe(3);
  });

  test("profiles learn no hour, and the samples are learned from all the same", () => {
    const { learner, take, time, path } = boardOf("profile: { of: [flow], by: hourOfDay }");
    for (let i = 0; i < 40; i++) take(sample(1, i % 2 === 0 ? 0 : 100));
    expect(learner.samplesSeen).toBe(39);
    const usual = () => learner.extraction?.row[1] ?? Number.NaN;
    expect(usual()).toBeCloseTo(100 * (19 / 39), 6);
    time.aheadMs = start;
    path.lookAtClock();
    take(sample(1, 100));
    take(sample(1, 0));
    // Of this hour, one row.
    expect(usual()).toBe(100);
  });
});
