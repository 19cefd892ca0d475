import { describe, expect, test } from "vitest";
import { dense, type Model, mse, sgd, tanh } from "../../src/engine/model/model.ts";
import { createRandom } from "../../src/engine/model/random.ts";
import { createNetwork, type Network } from "../../src/engine/running/network.ts";
import { BatchEpoch, descendEpoch, rowOrder, updatesPerEpoch } from "../../src/training/descent.ts";

const model: Model = {
  inputShape: [2],
  layers: [dense(4), tanh(), dense(1)],
  loss: mse(),
  optimizer: sgd({ learningRate: 0.1 }),
  clip: null,
};

function someRows(count: number) {
  const random = createRandom(5);
  const inputs = Float32Array.from({ length: count * 2 }, () => 2 * random.uniform() - 1);
  const targets = Float32Array.from({ length: count }, (_, row) => inputs[row * 2] * inputs[row * 2 + 1]);
  return { count, inputs, targets };
}

function batchEpoch(network: Network, rows: ReturnType<typeof someRows>): number {
  const epoch = new BatchEpoch(network, rows.count);
  for (let row = 0; row < rows.count; row++) {
    network.input.set(rows.inputs.subarray(row * 2, row * 2 + 2), epoch.row * 2);
    network.target[epoch.row] = rows.targets[row];
    epoch.add();
  }
  return epoch.end();
}

describe("the regimes make the exact number of updates", () => {
  test.each([1, 10, 23])("over %i rows", (count) => {
    const rows = someRows(count);
    const epochs = 3;
    const batch = createNetwork(model, { batchSize: 4 });
    const stochastic = createNetwork(model);
    const mini = createNetwork(model, { batchSize: 4 });
    for (let epoch = 0; epoch < epochs; epoch++) {
      batchEpoch(batch, rows);
      descendEpoch(stochastic, rows, 1, rowOrder(count), createRandom(epoch));
      descendEpoch(mini, rows, 4, rowOrder(count), createRandom(epoch));
    }
    expect(batch.updates).toBe(epochs);
    expect(stochastic.updates).toBe(epochs * count);
    expect(mini.updates).toBe(epochs * Math.ceil(count / 4));
    expect(updatesPerEpoch("batch", count, 4)).toBe(1);
    expect(updatesPerEpoch("stochastic", count, 4)).toBe(count);
    expect(updatesPerEpoch("mini-batch", count, 4)).toBe(Math.ceil(count / 4));
  });
});

test("batch descent through a small buffer is the descent on all rows at once", () => {
  const rows = someRows(23);
  const streamed = createNetwork(model, { batchSize: 4 });
  const whole = createNetwork(model, { batchSize: 23 });
  for (let epoch = 0; epoch < 20; epoch++) {
    batchEpoch(streamed, rows);
    whole.input.set(rows.inputs);
    whole.target.set(rows.targets);
    whole.step();
  }
  const expected = whole.parameters();
  for (const [i, { data }] of streamed.parameters().entries()) {
    for (const [j, x] of data.entries()) expect(x).toBeCloseTo(expected[i].data[j], 5);
  }
});

test("groups larger than the planned batch are accumulated", () => {
  const rows = someRows(20);
  const small = createNetwork(model, { batchSize: 3 });
  const large = createNetwork(model, { batchSize: 8 });
  for (const network of [small, large]) descendEpoch(network, rows, 8, rowOrder(20), null);
  expect(small.updates).toBe(3);
  expect(small.parameters()[0].data[0]).toBeCloseTo(large.parameters()[0].data[0], 6);
});

test("the loss of an epoch is the mean over rows, not over groups", () => {
  const rows = someRows(5);
  const frozen = { ...model, optimizer: sgd({ learningRate: 1e-12 }) };
  const whole = createNetwork(frozen, { batchSize: 5 });
  const groups = createNetwork(frozen, { batchSize: 4 });
  const mean = descendEpoch(groups, rows, 4, rowOrder(5), null);
  expect(mean).toBeCloseTo(descendEpoch(whole, rows, 5, rowOrder(5), null), 6);
  expect(mean).toBeCloseTo(batchEpoch(createNetwork(frozen, { batchSize: 2 }), rows), 6);
});

test("a file that grew or shrank during batch descent is noticed", () => {
  const network = createNetwork(model);
  const epoch = new BatchEpoch(network, 2);
  epoch.add();
  expect(() => epoch.end()).toThrow(
    "found 1 rows, expected the 2 of the epoch; give every epoch the same rows",
  );
  epoch.add();
  expect(() => epoch.add()).toThrow(
    "found more rows than the 2 of the epoch; give every epoch the same rows",
  );
});

test("the same seed shuffles the same way", () => {
  const rows = someRows(30);
  const run = (seed: number) => {
    const network = createNetwork(model);
    const random = createRandom(seed);
    const order = rowOrder(30);
    for (let epoch = 0; epoch < 3; epoch++) descendEpoch(network, rows, 1, order, random);
    return [...network.parameters()[0].data];
  };
  expect(run(4)).toEqual(run(4));
  expect(run(4)).not.toEqual(run(5));
});
