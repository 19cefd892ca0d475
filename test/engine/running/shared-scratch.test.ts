import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { adam, type Clip, dense, type Model, mse, tanh } from "../../../src/engine/model/model.ts";
import { createRandom } from "../../../src/engine/model/random.ts";
import type { PlanOptions } from "../../../src/engine/planning/plan.ts";
import { plan } from "../../../src/engine/planning/planner.ts";
import {
  Arena,
  bytesOf,
  float64,
  scratchBytesFor,
  spaceOfAll,
  spaceOfPlan,
} from "../../../src/engine/running/arena.ts";
import { createNetwork, type Network } from "../../../src/engine/running/network.ts";
import { type Stack, stacks } from "../stacks.ts";

const rows = 3;

const modelOf = (stack: Stack, clip: Clip | null = null): Model => ({
  ...stack,
  loss: mse(),
  optimizer: adam({ learningRate: 0.01 }),
  clip,
});
const models = [
  modelOf({ inputShape: [3], layers: [dense(5), tanh(), dense(2)] }),
  modelOf({ inputShape: [6], layers: [dense(9), tanh(), dense(3)] }),
];

const sharing = { batchSize: rows, inputGradient: true, sharesScratch: true };

/** Networks in one arena, whose scratch also keeps `tentativeBytes` that predictions leave alone. */
function shared(models: readonly Model[], options: PlanOptions = sharing, tentativeBytes = 0) {
  const { bytes, scratch } = spaceOfAll(models.map((model) => spaceOfPlan(plan(model, options))));
  const scratchBytes = scratchBytesFor(scratch, tentativeBytes);
  const arena = new Arena(bytes + scratchBytes, { kernels: "simd", scratchBytes });
  return { arena, networks: models.map((model) => createNetwork(model, { ...options, arena })) };
}

/** Leaves NaN wherever a network that ran before could have left something. */
function poison({ kernels, bytes, scratchBytes }: Arena): void {
  new Float32Array(kernels.buffer, bytes - scratchBytes, scratchBytes / 4).fill(Number.NaN);
}

/** Writes inputs, and targets where they are used: nobody may write others. */
function fill({ input, target }: Network, seed: number, hasTargets = true): void {
  const { uniform } = createRandom(seed);
  for (let i = 0; i < input.length; i++) input[i] = 2 * uniform() - 1;
  for (let i = 0; hasTargets && i < target.length; i++) target[i] = 2 * uniform() - 1;
}

/** Predicts or learns, and returns all that this leaves to the caller and in the network. */
function resultOf(network: Network, isStep: boolean, count: number, seed: number): unknown[] {
  fill(network, seed, isStep);
  if (isStep) network.step(count);
  else network.infer(count);
  const { output, prediction, inputGradient, inputs, outputs, updates, skipped, loss } = network;
  return [
    [updates, skipped, loss],
    ...[output, prediction].map((array) => [...array.subarray(0, count * outputs)]),
    ...(isStep ? [[...inputGradient.subarray(0, count * inputs)]] : []),
    ...[...network.parameters(), ...network.states()].map(({ data }) => [...data]),
  ];
}

describe("networks that share their scratch", () => {
  const calls = fc.array(
    fc.tuple(fc.constantFrom(0, 1), fc.boolean(), fc.integer({ min: 1, max: rows }), fc.nat()),
    { minLength: 4, maxLength: 10 },
  );
  const clips = fc.constantFrom<Clip | null>(
    null,
    { type: "value", maximum: 0.05 },
    { type: "norm", maximum: 0.1 },
  );
  const options = fc.record({ accumulate: fc.boolean(), recompute: fc.boolean() });

  test("give the same bits as those with their own, in any order, whatever is left in it", () => {
    fc.assert(
      fc.property(stacks, stacks, clips, options, calls, (one, other, clip, given, order) => {
        const accumulate = given.accumulate || clip?.type === "norm";
        const both = [modelOf(one, clip), modelOf(other)];
        const all = { ...sharing, ...given, accumulate };
        const { arena, networks } = shared(both, all);
        expect(arena.used).toBe(arena.bytes);
        const alone = both.map((model) =>
          createNetwork(model, { ...all, sharesScratch: false, kernels: "simd" }),
        );
        for (const [which, ...call] of order) {
          poison(arena);
          expect(resultOf(networks[which], ...call)).toEqual(resultOf(alone[which], ...call));
        }
      }),
      { numRuns: 60 },
    );
  });

  test("need as much of it as the one that needs most", () => {
    const { arena, networks } = shared(models);
    const plans = networks.map((network) => network.plan);
    const most = Math.max(...plans.map(({ scratch }) => scratch?.bytes ?? 0));
    const own = plans.map(({ totalBytes, scratch }) => totalBytes - (scratch?.bytes ?? 0));
    expect(arena.bytes).toBe(own[0] + own[1] + most);
    const alone = models.map((model) => plan(model, { ...sharing, sharesScratch: false }).totalBytes);
    expect(plans.map(({ totalBytes }) => totalBytes)).toEqual(alone);
  });

  test("leave alone what the arena keeps at its end while they predict", () => {
    const block = { kept: float64(60) };
    const { arena, networks } = shared(models, sharing, bytesOf(block));
    const { kept } = arena.placeTentative(block);
    expect(arena.used).toBe(arena.bytes);
    kept.fill(7);
    for (const [index, network] of networks.entries()) resultOf(network, false, rows, index);
    expect([...kept]).toEqual(Array(60).fill(7));
    resultOf(networks[1], true, rows, 5);
    expect([...kept]).not.toEqual(Array(60).fill(7));
  });

  test("are refused where there is less of it than they need", () => {
    const { bytes, scratch } = spaceOfPlan(plan(models[1], sharing));
    const arena = new Arena(bytes + scratch.bytes, { scratchBytes: scratch.bytes - 16 });
    expect(() => createNetwork(models[1], { ...sharing, arena })).toThrow(
      `found ${scratch.bytes - 16} bytes left in the arena, expected ${scratch.bytes}; plan it larger`,
    );
  });

  test("keep no gradients between calls, and say so", () => {
    const [network] = shared(models).networks;
    fill(network, 3);
    expect(() => network.step(1, 2)).toThrow("needs gradient accumulation, but gradients lie in scratch");
    expect(() => network.gradients()).toThrow("plan with sharesScratch: false");
    const alone = createNetwork(models[0], { batchSize: rows });
    fill(alone, 3);
    alone.step(1, 2);
    expect(() => network.restore(alone.state())).toThrow("found accumulated gradients in the state");
    expect(() => plan(models[0], { ...sharing, batchSize: 16, shards: 2 })).toThrow(
      "a network with sharesScratch",
    );
  });

  test("continue the state of a network with its own", () => {
    const alone = createNetwork(models[0], { ...sharing, sharesScratch: false, kernels: "simd" });
    resultOf(alone, true, rows, 1);
    const { networks } = shared(models);
    networks[0].restore(alone.state());
    expect(networks[0].state()).toEqual(alone.state());
    expect(resultOf(networks[0], true, rows, 2)).toEqual(resultOf(alone, true, rows, 2));
  });
});
