import { describe, expect, test } from "vitest";
import { createRandom } from "../../src/engine/model/random.ts";
import type { ClassificationMetrics } from "../../src/learner/classification-metrics.ts";
import { createNetworkLearner, type Learner } from "../../src/learner/learner.ts";
import type { LearnerOptions } from "../../src/learner/learner-options.ts";
import type { RegressionMetrics } from "../../src/learner/regression-metrics.ts";
import type { State } from "../../src/state.ts";

const fields = ["pressure", "flow", "label"];

/** Rows of a rule that no line can draw, on columns of wild scales. */
function stream(count: number, seed = 1): Float64Array {
  const random = createRandom(seed);
  const values = new Float64Array(count * 3);
  for (let row = 0; row < count; row++) {
    const a = 2 * random.uniform() - 1;
    const b = 2 * random.uniform() - 1;
    values.set([1e5 + 400 * a, 0.003 * b, a * b > 0 ? 1 : 0], row * 3);
  }
  return values;
}

function observeAll(learner: Learner, values: Float64Array, from = 0, to = values.length / 3): Learner {
  for (let row = from; row < to; row++) learner.observe(values, row * 3);
  return learner;
}

const classify: LearnerOptions = { fields, target: { column: "label", classes: 2 } };
const regress: LearnerOptions = { fields, target: { column: "flow" } };
const accuracy = (learner: Learner) => (learner.metrics as ClassificationMetrics).slidingAccuracy;

describe("a learner", () => {
  test("learns untuned what a linear model cannot", () => {
    const values = stream(4000);
    expect(accuracy(observeAll(createNetworkLearner(classify), values))).toBeGreaterThan(0.93);
    expect(
      accuracy(observeAll(createNetworkLearner({ ...classify, model: { layers: [] } }), values)),
    ).toBeLessThan(0.65);
  });

  test("learns a number in its own units", () => {
    const random = createRandom(2);
    const learner = createNetworkLearner({ fields: ["a", "b", "y"], target: { column: "y" } });
    for (let row = 0; row < 3000; row++) {
      const a = random.uniform();
      learner.observe(Float64Array.of(a, random.uniform(), 5e6 + 1000 * a * a), 0);
    }
    expect((learner.metrics as RegressionMetrics).fadingMae).toBeLessThan(40);
    expect(learner.prediction[0]).toBeGreaterThan(4.9e6);
  });

  test("is not scored for what it answers before any target is known", () => {
    const random = createRandom(5);
    const learner = createNetworkLearner({ fields: ["a", "y"], target: { column: "y" } });
    for (let row = 0; row < 2000; row++) {
      const a = 2 * random.uniform() - 1;
      learner.observe(Float64Array.of(a, 1013 + 5 * a), 0);
    }
    const { samples, r2, maxError } = (learner.metrics as RegressionMetrics).report();
    expect([samples, learner.samplesSeen]).toEqual([1999, 2000]);
    expect(maxError).toBeLessThan(20);
    expect(r2).toBeGreaterThan(0.95);
    const classifier = createNetworkLearner(classify);
    classifier.observe(Float64Array.of(1, 2, 1), 0);
    expect((classifier.metrics as ClassificationMetrics).report()).toMatchObject({ samples: 0, logLoss: 0 });
    expect(classifier.metrics as ClassificationMetrics).toMatchObject({ mostFrequent: 1 });
  });

  test("keeps what it has learned when a few numbers are far out", () => {
    const random = createRandom(4);
    const learner = createNetworkLearner({ fields: ["a", "b", "y"], target: { column: "y" } });
    const sample = new Float64Array(3);
    const meanError = (count: number) => {
      let sum = 0;
      for (let row = 0; row < count; row++) {
        const a = random.uniform();
        const b = random.uniform();
        sample.set([a, b, 2 * a - b]);
        learner.observe(sample, 0);
        sum += Math.abs(learner.prediction[0] - sample[2]);
      }
      return sum / count;
    };
    meanError(3000);
    const before = meanError(200);
    for (let spike = 0; spike < 5; spike++) {
      learner.observe(Float64Array.of(0.5, 0.5, 10), 0);
      expect(meanError(20)).toBeLessThan(5 * before);
    }
  });

  test("predicts before it learns: labels that come from nowhere are not guessed better than by chance", () => {
    const random = createRandom(3);
    const learner = createNetworkLearner(classify);
    for (let row = 0; row < 4000; row++) {
      learner.observe(Float64Array.of(random.uniform(), random.uniform(), random.below(2)), 0);
    }
    expect(Math.abs((learner.metrics as ClassificationMetrics).accuracy - 0.5)).toBeLessThan(0.03);
  });

  test("never looks at the target when it predicts", () => {
    const learner = observeAll(createNetworkLearner(classify), stream(100));
    learner.predict(Float64Array.of(1e5, 0.001, 0), 0);
    const answer = [...learner.prediction];
    learner.predict(Float64Array.of(1e5, 0.001, Number.NaN), 0);
    expect([...learner.prediction]).toEqual(answer);
  });

  test("predicts with the statistics before the sample and learns with those that know it", () => {
    const learner = createNetworkLearner({
      fields: ["a", "y"],
      target: { column: "y", standardize: false },
      model: { layers: ["dense"], optimizer: { sgd: { learningRate: 0.1 } } },
    });
    const zero = (name: string, shape: number[]) => ({ name, shape, data: new Float32Array(1) });
    learner.network.setParameters([zero("0.weight", [1, 1]), zero("0.bias", [1])]);
    learner.observe(Float64Array.of(1, 10), 0);
    learner.observe(Float64Array.of(3, 20), 0);
    // First: nothing has varied, z = 0, error -10, so bias 2. Second: predicted from z = 0, learned from z = 1.
    expect(learner.prediction[0]).toBe(2);
    const [weight, bias] = learner.network.parameters().map(({ data }) => data[0]);
    expect(weight).toBeCloseTo(3.6, 6);
    expect(bias).toBeCloseTo(5.6, 6);
  });

  test("takes one step for each batch of samples", () => {
    const learner = createNetworkLearner({ ...classify, training: { batchSize: 8 } });
    observeAll(learner, stream(20));
    expect([learner.samplesSeen, learner.network.updates]).toEqual([20, 2]);
  });

  test("gives probabilities that add up, and the most probable class", () => {
    const onProbabilities = { binaryCrossEntropy: { on: "probabilities" } };
    const losses = ["softmaxCrossEntropy", "binaryCrossEntropy", "negativeLogLikelihood", onProbabilities];
    for (const loss of losses) {
      const learner = observeAll(createNetworkLearner({ ...classify, model: { loss } }), stream(4000));
      const [no, yes] = learner.prediction;
      expect(no + yes).toBeCloseTo(1, 5);
      expect(learner.predictedClass).toBe(yes > no ? 1 : 0);
      expect(accuracy(learner)).toBeGreaterThan(0.93);
      // Of a sure answer the surer half says so: a logit read as a probability would stay near 0.5.
      expect(Math.max(no, yes)).toBeGreaterThan(0.9);
    }
  });
});

describe("a sample that must not be learned from", () => {
  const poisons: [string, number[], keyof Learner["refusals"]][] = [
    ["NaN in a feature", [Number.NaN, 0, 1], "notFinite"],
    ["infinity in a feature", [1, Number.NEGATIVE_INFINITY, 1], "notFinite"],
    ["a feature that float32 does not reach", [1e39, 0, 1], "notFinite"],
    ["infinity for a label", [1, 0, Number.POSITIVE_INFINITY], "notFinite"],
    ["NaN in a feature of a sample without a label", [Number.NaN, 0, Number.NaN], "notFinite"],
    ["label past the last class", [1, 0, 2], "badLabel"],
    ["negative label", [1, 0, -1], "badLabel"],
    ["half a class", [1, 0, 0.5], "badLabel"],
  ];
  test.each(poisons)("%s, is counted and changes nothing else", (_, sample, reason) => {
    const learner = observeAll(createNetworkLearner(classify), stream(30));
    const before = structuredClone(learner.state());
    expect(learner.observe(Float64Array.from(sample), 0)).toBe(false);
    expect(learner.refusals[reason]).toBe(1);
    learner.refusals[reason] = 0;
    expect(learner.state()).toEqual(before);
  });
});

describe("a sample without its target", () => {
  test("is predicted and counted; statistics of features follow it, and nothing else changes", () => {
    const learner = observeAll(createNetworkLearner(classify), stream(30));
    const twin = observeAll(createNetworkLearner(classify), stream(30));
    const before = structuredClone(learner.state());
    expect(learner.observe(Float64Array.of(1e5, 0.001, Number.NaN), 0)).toBe(true);
    expect(learner.unlabelled).toBe(1);
    twin.predict(Float64Array.of(1e5, 0.001, 1), 0);
    expect(learner.prediction).toEqual(twin.prediction);
    const { features, ...after } = learner.state();
    const { features: featuresBefore, ...expected } = before;
    expect(after).toEqual({ ...expected, unlabelled: 1 });
    expect(features).not.toEqual(featuresBefore);
  });

  test("is counted on after a restart, and none was by version 0.1.0", () => {
    const learner = createNetworkLearner(regress);
    learner.observe(Float64Array.of(1, Number.NaN, 3), 0);
    const state = structuredClone(learner.state()) as unknown as State;
    const resumed = createNetworkLearner(regress);
    resumed.restore(state);
    expect(resumed.unlabelled).toBe(1);
    const { unlabelled: _, ...withoutIt } = state as { [key: string]: State };
    resumed.restore(withoutIt);
    expect(resumed.unlabelled).toBe(0);
  });
});

describe("an answer that is not a finite number", () => {
  /** Raw features of this size make the logits of these weights infinite. */
  const runaway: Partial<LearnerOptions> = {
    features: [],
    model: { layers: [{ dense: 4 }, "relu"], initialWeights: "scaled" },
  };

  test("is counted, and the most frequent class named instead", () => {
    const learner = createNetworkLearner({ ...classify, ...runaway });
    for (const label of [1, 1]) learner.observe(Float64Array.of(0.1, 0.1, label), 0);
    learner.observe(Float64Array.of(3e38, 3e38, 1), 0);
    expect(learner.unanswered).toBe(1);
    expect([learner.predictedClass, ...learner.prediction]).toEqual([1, 0.5, 0.5]);
    expect((learner.metrics as ClassificationMetrics).report().logLoss).toBeLessThan(10);
  });

  test("is counted, and the mean of the targets given instead", () => {
    const learner = createNetworkLearner({ ...regress, ...runaway });
    for (const flow of [10, 20]) learner.observe(Float64Array.of(0.1, flow, 0.2), 0);
    learner.observe(Float64Array.of(3e38, 30, 3e38), 0);
    expect([learner.unanswered, learner.prediction[0]]).toEqual([1, 15]);
    expect(Number.isFinite((learner.metrics as RegressionMetrics).r2)).toBe(true);
  });

  test("leaves the weights as they were", () => {
    const learner = createNetworkLearner({ ...classify, ...runaway });
    learner.observe(Float64Array.of(0.1, 0.1, 1), 0);
    const before = learner.network.parameters();
    learner.observe(Float64Array.of(3e38, 3e38, 1), 0);
    expect(learner.network.skipped).toBe(1);
    expect(learner.network.parameters()).toEqual(before);
  });
});

describe("a learner resumed from its state", () => {
  const cases: [string, LearnerOptions, number][] = [
    ["learning from every sample", classify, 333],
    ["in the middle of a batch", { ...classify, training: { batchSize: 8 } }, 333],
    ["predicting a number", { ...regress, training: { batchSize: 4 } }, 201],
  ];
  test.each(cases)("continues bit for bit, %s", (_, options, cut) => {
    const values = stream(600);
    const straight = observeAll(createNetworkLearner(options), values);
    const first = observeAll(createNetworkLearner(options), values, 0, cut);
    const resumed = createNetworkLearner(first.describe());
    resumed.restore(structuredClone(first.state()));
    observeAll(resumed, values, cut);
    expect(resumed.state()).toEqual(straight.state());
    expect(resumed.report()).toEqual(straight.report());
    expect([...resumed.prediction]).toEqual([...straight.prediction]);
  });

  test("continues its counts of refused and unanswered samples", () => {
    const learner = createNetworkLearner({
      ...classify,
      features: [],
      model: { layers: [{ dense: 4 }, "relu"], initialWeights: "scaled" },
    });
    learner.observe(Float64Array.of(3e38, 3e38, 1), 0);
    learner.observe(Float64Array.of(Number.NaN, 0, 1), 0);
    learner.observe(Float64Array.of(0, 0, 7), 0);
    const resumed = createNetworkLearner(learner.describe());
    resumed.restore(structuredClone(learner.state()) as unknown as State);
    expect(resumed.refusals).toEqual({ notFinite: 1, badLabel: 1 });
    expect(resumed.unanswered).toBe(learner.unanswered);
    expect(learner.unanswered).toBe(1);
  });

  test("refuses the state of another learner and stays as it was", () => {
    const batch = (batchSize: number) => ({ ...classify, training: { batchSize } });
    const learner = observeAll(createNetworkLearner(batch(4)), stream(30));
    const before = structuredClone(learner.state());
    const good = observeAll(createNetworkLearner(batch(4)), stream(50)).state();
    const others: [State, string][] = [
      [null, "samplesSeen is nothing, expected a whole number from 0"],
      [
        observeAll(createNetworkLearner(batch(8)), stream(30)).state() as unknown as State,
        "holds 6 samples that wait for a step, expected fewer than 4",
      ],
      [
        createNetworkLearner({ ...regress, training: { batchSize: 4 } }).state() as unknown as State,
        '"2.weight"',
      ],
      [
        { ...good, metrics: new Float64Array(3) } as unknown as State,
        "as the stored metrics, expected 31 float64 numbers",
      ],
      [{ ...good, features: [] } as unknown as State, "a list of 1 transforms"],
      [{ ...good, target: new Float64Array(5) } as unknown as State, "expected none for classes"],
    ];
    for (const [state, sentence] of others) expect(() => learner.restore(state)).toThrow(sentence);
    expect(learner.state()).toEqual(before);
  });

  test("is described with every default written out", () => {
    const description = createNetworkLearner(classify).describe();
    expect(JSON.parse(JSON.stringify(description))).toEqual(description);
    expect(description.training).toEqual({ batchSize: 1, seed: 1, deterministic: false });
    expect(createNetworkLearner(description).describe()).toEqual(description);
  });
});

describe("a learner is refused", () => {
  test.each<[string, LearnerOptions, string]>([
    [
      "for a target that is no column",
      { fields, target: { column: "lable", classes: 2 } },
      'target.column names "lable", which is not a column of a sample; did you mean "label"?',
    ],
    [
      "for a single class",
      { fields, target: { column: "label", classes: 1 } },
      "target.classes must be a whole number from 2 to 2048, not 1",
    ],
    [
      "without a feature",
      { fields: ["label"], target: { column: "label", classes: 2 } },
      "name at least one other column",
    ],
    ["over its budget", { ...classify, memory: { budgetBytes: 100 } }, "memory.budget is 100"],
  ])("%s", (_, options, sentence) => {
    expect(() => createNetworkLearner(options)).toThrow(sentence);
  });
});

describe("memory", () => {
  const batches: LearnerOptions = { ...classify, training: { batchSize: 32 } };

  test("a batch accumulated from parts learns what a whole one does, in less", () => {
    const values = stream(1000);
    const whole = observeAll(createNetworkLearner(batches), values);
    const parts = observeAll(createNetworkLearner({ ...batches, memory: { batch: 5 } }), values);
    expect(parts.network.updates).toBe(31);
    expect(parts.network.plan.batchSize).toBe(5);
    expect(parts.describe()).toEqual(whole.describe());
    for (const [index, { data }] of whole.network.parameters().entries()) {
      const found = parts.network.parameters()[index].data;
      for (const [i, weight] of data.entries()) expect(Math.abs(found[i] - weight)).toBeLessThan(1e-4);
    }
  });

  test("samples that waited for a large step are taken over by a learner that works on few at a time", () => {
    const values = stream(1000);
    const large = observeAll(createNetworkLearner(batches), values, 0, 500);
    const small = createNetworkLearner({ ...batches, memory: { batch: 4 } });
    small.restore(large.state() as unknown as State);
    expect(small.network.accumulated).toBe(20);
    observeAll(small, values, 500, 1000);
    expect(small.network.updates).toBe(31);
  });

  test("weights are updated in place where nothing is accumulated and that takes less", () => {
    const wide: LearnerOptions = {
      ...classify,
      model: { layers: [{ dense: 200 }, "tanh", { dense: 50 }, "tanh"] },
    };
    const inPlace = createNetworkLearner(wide);
    const accumulated = createNetworkLearner({ ...wide, memory: { accumulate: true } });
    expect([inPlace.network.plan.accumulate, accumulated.network.plan.accumulate]).toEqual([false, true]);
    const values = stream(300);
    observeAll(inPlace, values);
    observeAll(accumulated, values);
    expect(inPlace.network.parameters()).toEqual(accumulated.network.parameters());
  });

  test("windows and images come as plain columns", () => {
    const window = Array.from({ length: 12 }, (_, index) => `x${index}`);
    const options: LearnerOptions = {
      fields: [...window, "label"],
      target: { column: "label", classes: 2 },
      model: {
        inputShape: [2, 6],
        layers: [{ conv1d: { outputs: 4, kernel: 3 } }, "relu", "globalAveragePool"],
        optimizer: { adam: { learningRate: 0.01 } },
      },
    };
    const learner = createNetworkLearner(options);
    const random = createRandom(4);
    const sample = new Float64Array(13);
    for (let row = 0; row < 3000; row++) {
      // Of the first channel, whether it rises somewhere: what a convolution sees at every place alike.
      const at = random.below(5);
      const label = random.below(2);
      for (let i = 0; i < 12; i++) sample[i] = 0.2 * random.uniform();
      sample[at + 1 - label] += 1;
      sample[at + label] -= 1;
      sample[12] = label;
      learner.observe(sample, 0);
    }
    expect(accuracy(learner)).toBeGreaterThan(0.95);
    const wrong = (model: LearnerOptions["model"]) => () => createNetworkLearner({ ...options, model });
    expect(wrong({ inputShape: [2, 5] })).toThrow(
      "model.inputShape is [2,5], 10 numbers, but a sample has 12 features",
    );
    expect(wrong({ inputShape: [2, 6], layers: [{ conv1d: { outputs: 4, kernel: 3 } }] })).toThrow(
      "model.layers turn a sample of shape [2,6] into [4,2], but the target takes [2]; put flatten or globalAveragePool before",
    );
  });
});
