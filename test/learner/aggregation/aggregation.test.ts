import { describe, expect, test } from "vitest";
import { createRandom } from "../../../src/engine/model/random.ts";
import { FadingWeights } from "../../../src/learner/aggregation/fading-weights.ts";
import { FixedShare } from "../../../src/learner/aggregation/fixed-share.ts";
import { MlPoly } from "../../../src/learner/aggregation/ml-poly.ts";
import { NewtonStacking } from "../../../src/learner/aggregation/newton-stacking.ts";
import { invert } from "../linear-algebra.ts";

/** Probabilities of `experts` experts for `classes` classes, [experts, classes]; the first expert is mostly right. */
function drawAnswers(random: () => number, experts: number, classes: number, label: number): Float64Array {
  const answers = new Float64Array(experts * classes);
  for (let k = 0; k < experts; k++) {
    let sum = 0;
    for (let c = 0; c < classes; c++) {
      answers[k * classes + c] = 0.05 + random() + (k === 0 && c === label ? 1 : 0);
      sum += answers[k * classes + c];
    }
    for (let c = 0; c < classes; c++) answers[k * classes + c] /= sum;
  }
  return answers;
}

test("fixed share multiplies by the probability of the label and shares out a hundredth", () => {
  const rule = new FixedShare({ experts: 2, classes: 2 });
  const answers = Float64Array.of(0.8, 0.2, 0.4, 0.6);
  const mixed = new Float64Array(2);
  rule.mix(answers, mixed, 0);
  expect([...mixed]).toEqual([0.6000000000000001, 0.4]);
  rule.learn(answers, 0);
  expect(rule.weights[0]).toBeCloseTo((0.99 * 0.8) / 1.2 + 0.005, 12);
  expect(rule.weights[1]).toBeCloseTo((0.99 * 0.4) / 1.2 + 0.005, 12);
});

describe("Newton stacking", () => {
  test("makes the steps of an online Newton method that inverts its matrix each time", () => {
    const { uniform, below } = createRandom(1);
    const [experts, classes] = [3, 4];
    const rule = new NewtonStacking({ experts, classes });
    let weights = [1 / 3, 1 / 3, 1 / 3];
    let curvature = [0, 1, 2].map((i) => [0, 1, 2].map((j) => (i === j ? 1 / 0.02 : 0)));
    const mixed = new Float64Array(classes);
    for (let row = 0; row < 400; row++) {
      const label = below(classes);
      const answers = drawAnswers(uniform, experts, classes, label);
      rule.mix(answers, mixed, 0);
      const logits = [0, 1, 2].map((k) => {
        const own = [...answers.subarray(k * classes, (k + 1) * classes)].map(Math.log);
        const mean = own.reduce((sum, each) => sum + each, 0) / classes;
        return own.map((each) => each - mean);
      });
      const scores = [0, 1, 2, 3].map((c) =>
        Math.exp(logits.reduce((sum, own, k) => sum + weights[k] * own[c], 0)),
      );
      const total = scores.reduce((sum, score) => sum + score, 0);
      for (let c = 0; c < classes; c++) expect(mixed[c]).toBeCloseTo(scores[c] / total, 8);
      rule.learn(label);
      const gradient = logits.map((own) =>
        own.reduce((sum, logit, c) => sum + (scores[c] / total - (c === label ? 1 : 0)) * logit, 0),
      );
      // The inverse of M grows by half the outer product of the gradient.
      curvature = curvature.map((line, i) => line.map((each, j) => each + 0.5 * gradient[i] * gradient[j]));
      const inverse = invert(curvature);
      weights = weights.map(
        (weight, k) => weight - inverse[k].reduce((sum, each, j) => sum + each * gradient[j], 0),
      );
      curvature = curvature.map((line) => line.map((each) => 0.999 * each));
      const trace = inverse.reduce((sum, line, k) => sum + line[k] / 0.999, 0);
      if (trace > 0.02 * experts) {
        curvature = curvature.map((line) => line.map((each) => (each * trace) / (0.02 * experts)));
      }
      for (let k = 0; k < experts; k++) expect(rule.weights[k]).toBeCloseTo(weights[k], 8);
    }
    expect(weights[0]).toBeGreaterThan(Math.max(weights[1], weights[2]));
  });

  test("keeps its matrix symmetric, positive and bounded over 100,000 rows of experts that agree", () => {
    const { uniform, below } = createRandom(2);
    const rule = new NewtonStacking({ experts: 5, classes: 2 });
    const mixed = new Float64Array(2);
    for (let row = 0; row < 100_000; row++) {
      const label = below(2);
      const answers = drawAnswers(uniform, 5, 2, below(5) === 0 ? below(2) : label);
      // Four of them say the same, so that only one direction is ever seen.
      for (let k = 2; k < 5; k++) answers.copyWithin(2 * k, 2, 4);
      rule.mix(answers, mixed, 0);
      rule.learn(label);
    }
    const { inverse } = rule.state() as { inverse: Float64Array };
    let trace = 0;
    for (let k = 0; k < 5; k++) {
      trace += inverse[6 * k];
      expect(inverse[6 * k]).toBeGreaterThan(0);
      for (let j = 0; j < k; j++) expect(inverse[k * 5 + j]).toBe(inverse[j * 5 + k]);
    }
    expect(trace).toBeLessThanOrEqual(0.1 + 1e-9);
    expect([...rule.weights].every((weight) => Math.abs(weight) < 10)).toBe(true);
  });
});

test("ML-Poly weighs experts by their regrets over their squares", () => {
  for (const fading of [1, 0.5]) {
    const rule = new MlPoly({ experts: 2, fading });
    const scale = Float64Array.of(2);
    const mixed = new Float64Array(1);
    const regrets = [0, 0];
    const squares = [0, 0];
    for (const [answers, target] of [
      [[1, 3], 0.5],
      [[4, 0], 3.5],
      [[1000, 1], 90],
    ] as const) {
      rule.mix(Float64Array.from(answers), mixed, 0);
      rule.learn(Float64Array.from(answers), mixed, 0, Float64Array.of(target), scale);
      const sign = mixed[0] > target ? 1 : -1;
      const raw = answers.map((answer, k) => {
        const regret = sign * Math.min(64, Math.max(-64, (mixed[0] - answer) / 2));
        regrets[k] = fading * regrets[k] + regret;
        squares[k] = fading * squares[k] + regret * regret;
        return Math.max(regrets[k], 0) / (1e-9 + squares[k]);
      });
      const total = raw[0] + raw[1];
      for (let k = 0; k < 2; k++) expect(rule.weights[k]).toBeCloseTo(total > 0 ? raw[k] / total : 0.5, 10);
    }
  }
});

test("fading weights prefer the rule with the smaller fading error", () => {
  const rule = new FadingWeights({ experts: 2 });
  const scale = Float64Array.of(0.5);
  rule.learn(Float64Array.of(1, 20), Float64Array.of(0.5), scale);
  expect(rule.weights[0] / rule.weights[1]).toBeCloseTo(Math.exp(-0.5 * (1 - 8)), 8);
  rule.learn(Float64Array.of(1, 1), Float64Array.of(0.5), scale);
  expect(Math.log(rule.weights[0] / rule.weights[1])).toBeCloseTo(0.995 * 3.5, 8);
});

describe("an expert that is asleep", () => {
  const experts = 4;
  const classes = 3;
  /** All but the second. */
  const awake = (numbers: ArrayLike<number>, width: number) =>
    Float64Array.from(numbers).filter((_, index) => Math.floor(index / width) !== 1);

  test("is to rules for classes as if it were not there, whatever it answers", () => {
    const { uniform, below } = createRandom(5);
    const asleep = Uint8Array.of(0, 1, 0, 0);
    const rules = [
      [new FixedShare({ experts, classes, asleep }), new FixedShare({ experts: 3, classes })],
      [new NewtonStacking({ experts, classes, asleep }), new NewtonStacking({ experts: 3, classes })],
    ] as const;
    const [mixed, expected] = [new Float64Array(classes), new Float64Array(classes)];
    for (let row = 0; row < 300; row++) {
      const label = below(classes);
      const answers = drawAnswers(uniform, experts, classes, label);
      for (const [whole, others] of rules) {
        whole.mix(answers, mixed, 0);
        others.mix(awake(answers, classes), expected, 0);
        for (let c = 0; c < classes; c++) expect(mixed[c]).toBeCloseTo(expected[c], 9);
        if (whole instanceof FixedShare) whole.learn(answers, label);
        else whole.learn(label);
        if (others instanceof FixedShare) others.learn(awake(answers, classes), label);
        else others.learn(label);
      }
    }
  });

  test("is to ML-Poly as if it were not there, and its weight stays as it was", () => {
    const { uniform } = createRandom(6);
    const asleep = new Uint8Array(experts);
    const whole = new MlPoly({ experts, asleep });
    const others = new MlPoly({ experts: 3 });
    const [mixed, expected, target] = [new Float64Array(1), new Float64Array(1), new Float64Array(1)];
    asleep[1] = 1;
    for (let row = 0; row < 300; row++) {
      target[0] = uniform();
      const answers = Float64Array.from(
        { length: experts },
        (_, k) => target[0] + (k + 1) * (uniform() - 0.4),
      );
      whole.mix(answers, mixed, 0);
      others.mix(awake(answers, 1), expected, 0);
      expect(mixed[0]).toBeCloseTo(expected[0], 9);
      whole.learn(answers, mixed, 0, target, Float64Array.of(0.5));
      others.learn(awake(answers, 1), expected, 0, target, Float64Array.of(0.5));
      expect(whole.weights[1]).toBe(0.25);
    }
  });

  test("counts as before once it is awake", () => {
    const { uniform, below } = createRandom(7);
    const asleep = new Uint8Array(experts);
    const rule = new FixedShare({ experts, classes, asleep });
    const mixed = new Float64Array(classes);
    const learn = (rows: number) => {
      for (let row = 0; row < rows; row++) {
        const label = below(classes);
        const answers = drawAnswers(uniform, experts, classes, label);
        rule.mix(answers, mixed, 0);
        rule.learn(answers, label);
      }
    };
    learn(40);
    const weight = rule.weights[0];
    asleep[0] = 1;
    learn(200);
    expect(rule.weights[0]).toBe(weight);
    asleep[0] = 0;
    learn(1);
    expect(rule.weights[0]).not.toBe(weight);
    expect(rule.weights.reduce((sum, each) => sum + each, 0)).toBeCloseTo(1, 9);
  });
});
