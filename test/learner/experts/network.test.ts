import { describe, expect, test } from "vitest";
import { dense, relu } from "../../../src/engine/model/model.ts";
import { createRandom } from "../../../src/engine/model/random.ts";
import { NetworkExpert, ReplayedNetwork } from "../../../src/learner/experts/network.ts";
import { gaussian } from "../made-streams.ts";

/** [3 inputs -> 5 ReLU -> 2 softmax] with Adam in double precision. */
class DoubleNetwork {
  readonly parameters: number[][];
  readonly #first: number[][];
  readonly #second: number[][];
  #updates = 0;

  constructor(parameters: number[][]) {
    this.parameters = parameters;
    this.#first = parameters.map((values) => values.map(() => 0));
    this.#second = parameters.map((values) => values.map(() => 0));
  }

  forward(x: number[]) {
    const [w, b, v, c] = this.parameters;
    const hidden = b.map((bias, h) =>
      Math.max(0, bias + x.reduce((sum, each, i) => sum + w[h * 3 + i] * each, 0)),
    );
    const logits = c.map((bias, o) => bias + hidden.reduce((sum, each, h) => sum + v[o * 5 + h] * each, 0));
    const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
    return { hidden, probabilities: logits.map((logit) => Math.exp(logit) / sum) };
  }

  /** One update with the mean gradient of the rows. Returns the gradients of each row's loss by its inputs. */
  update(rows: { x: number[]; label: number }[]): number[][] {
    const [w, , v] = this.parameters;
    const gradients = this.parameters.map((values) => values.map(() => 0));
    const byInputs = rows.map(({ x, label }) => {
      const { hidden, probabilities } = this.forward(x);
      const out = probabilities.map((probability, o) => probability - (o === label ? 1 : 0));
      const back = hidden.map((each, h) =>
        each > 0 ? out.reduce((sum, e, o) => sum + e * v[o * 5 + h], 0) : 0,
      );
      const share = 1 / rows.length;
      back.forEach((e, h) => {
        x.forEach((each, i) => {
          gradients[0][h * 3 + i] += share * e * each;
        });
        gradients[1][h] += share * e;
      });
      out.forEach((e, o) => {
        hidden.forEach((each, h) => {
          gradients[2][o * 5 + h] += share * e * each;
        });
        gradients[3][o] += share * e;
      });
      return x.map((_, i) => back.reduce((sum, e, h) => sum + e * w[h * 3 + i], 0));
    });
    this.#updates++;
    for (const [index, values] of this.parameters.entries()) {
      for (let i = 0; i < values.length; i++) {
        const gradient = gradients[index][i];
        this.#first[index][i] = 0.9 * this.#first[index][i] + 0.1 * gradient;
        this.#second[index][i] = 0.999 * this.#second[index][i] + 0.001 * gradient ** 2;
        const first = this.#first[index][i] / (1 - 0.9 ** this.#updates);
        const second = this.#second[index][i] / (1 - 0.999 ** this.#updates);
        values[i] -= (0.003 * first) / (Math.sqrt(second) + 1e-8);
      }
    }
    return byInputs;
  }
}

describe("a replayed network", () => {
  test.each([0, 3, 7])("learns a row with %i drawn ones as the same in double precision does", (draws) => {
    const { uniform, below } = createRandom(8);
    const expert = new ReplayedNetwork(
      { inputs: 3, classes: 2, layers: [dense(5), relu()], rows: 20, draws },
      createRandom(77),
    );
    const twin = new DoubleNetwork(expert.network.parameters().map(({ data }) => [...data]));
    const random = createRandom(77);
    const kept: { x: number[]; label: number }[] = [];
    const squares = [0, 0, 0];
    let count = 0;
    const found = new Float64Array(2);
    for (let row = 0; row < 120; row++) {
      const x = [...Float32Array.from({ length: 3 }, () => gaussian(uniform))];
      const label = x[0] * x[1] > 0 ? 1 : below(2);
      expert.predict(Float32Array.from(x), found, 0);
      const { probabilities } = twin.forward(x);
      expect(Math.abs(found[1] - probabilities[1])).toBeLessThan(5e-4);
      expert.learn(Float32Array.from(x), Float64Array.of(label), 0);
      const newest = kept.slice(-20).reverse();
      const all = [{ x, label }];
      for (let i = 0; i < (newest.length > 0 ? draws : 0); i++) all.push(newest[random.below(newest.length)]);
      for (let from = 0; from < all.length; from += 4) {
        for (const gradient of twin.update(all.slice(from, from + 4))) {
          count++;
          for (let i = 0; i < 3; i++) {
            squares[i] += Math.max(1 / count, 0.002) * (gradient[i] ** 2 - squares[i]);
          }
        }
      }
      kept.push({ x, label });
    }
    const sum = squares.reduce((total, square) => total + square, 0);
    for (let i = 0; i < 3; i++) {
      expect(expert.metric.weights[i]).toBeCloseTo((0.97 * 3 * squares[i]) / sum + 0.03, 2);
    }
  });

  test("learns numbers in deviations that may move", () => {
    const { uniform } = createRandom(4);
    const expert = new ReplayedNetwork({ inputs: 1, classes: 0 }, createRandom(5));
    expert.unit.set([1e6, 50]);
    const x = new Float32Array(1);
    const y = new Float64Array(1);
    for (let row = 0; row < 1500; row++) {
      x[0] = gaussian(uniform);
      y[0] = 1e6 + 50 * Math.abs(x[0]);
      expert.learn(x, y, 0);
    }
    const out = new Float64Array(2);
    expert.predict(Float32Array.of(-1.5), out, 1);
    expect(Math.abs(out[1] - (1e6 + 75))).toBeLessThan(5);
  });
});

test("a network starts within 1 / sqrt(inputs), biases too, and again from there after a restart", () => {
  const expert = new NetworkExpert({ inputs: 9, classes: 2, seed: 3 });
  const [weight, bias] = expert.network.parameters();
  for (const { data } of [weight, bias]) {
    expect(Math.max(...data.map(Math.abs))).toBeLessThanOrEqual(1 / 3);
    expect(Math.max(...data.map(Math.abs))).toBeGreaterThan(0.28);
  }
  expert.learn(new Float32Array(9).fill(1), Float64Array.of(1), 0);
  expect(expert.network.parameters()[0].data).not.toEqual(weight.data);
  expert.restart();
  expect(expert.network.parameters()[0].data).toEqual(weight.data);
});
