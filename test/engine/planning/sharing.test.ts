import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { instructionSlots, Operation } from "../../../src/engine/kernels/operation.ts";
import { createScalarRun } from "../../../src/engine/kernels/scalar/run.ts";
import { adam, type Clip, dense, type Model, mse, relu, tanh } from "../../../src/engine/model/model.ts";
import { createRandom } from "../../../src/engine/model/random.ts";
import type { Instruction, Plan } from "../../../src/engine/planning/plan.ts";
import { plan } from "../../../src/engine/planning/planner.ts";
import { createNetwork, type Network, type NetworkOptions } from "../../../src/engine/running/network.ts";
import { type Stack, stacks } from "../stacks.ts";

const rows = 3;
const options = fc.record({
  accumulate: fc.boolean(),
  recompute: fc.boolean(),
  sharesScratch: fc.boolean(),
  inputGradient: fc.boolean(),
});
const clips = fc.constantFrom<Clip | null>(null, { type: "value", maximum: 0.05 });

function modelOf(stack: Stack, clip: Clip | null = null): Model {
  return { ...stack, loss: mse(), optimizer: adam({ learningRate: 0.01 }), clip };
}

function fill(network: Network, seed: number): void {
  const random = createRandom(seed);
  for (let i = 0; i < network.input.length; i++) network.input[i] = 2 * random.uniform() - 1;
  for (let i = 0; i < network.target.length; i++) network.target[i] = 2 * random.uniform() - 1;
}

/** All that training leaves behind, as text that shows every bit. */
function memoryOf(network: Network): string {
  return JSON.stringify(
    [...network.parameters(), ...network.states()].map(({ name, data }) => [
      name,
      [...new Uint32Array(data.buffer)],
    ]),
  );
}

function trained(model: Model, given: NetworkOptions): string {
  const network = createNetwork(model, { batchSize: rows, kernels: "simd", ...given });
  for (let step = 0; step < 4; step++) {
    fill(network, step);
    network.step(step === 2 ? rows - 1 : rows);
    network.infer();
  }
  return memoryOf(network);
}

describe("random stacks of layers", () => {
  test("train to the same bits with and without sharing, in place, and recomputed", () => {
    fc.assert(
      fc.property(stacks, clips, options, (stack, clip, given) => {
        const model = modelOf(stack, clip);
        expect(trained(model, given)).toBe(trained(model, { share: false }));
      }),
      { numRuns: 150 },
    );
  });

  test("predict to the same bits without training's buffers", () => {
    fc.assert(
      fc.property(stacks, (stack) => {
        const model = modelOf(stack);
        const [training, predicting] = [true, false].map((each) =>
          createNetwork(model, { batchSize: rows, training: each, kernels: "simd" }),
        );
        fill(training, 5);
        predicting.input.set(training.input);
        training.infer();
        predicting.infer();
        expect([...predicting.output]).toEqual([...training.output]);
        expect(predicting.plan.totalBytes).toBeLessThanOrEqual(training.plan.totalBytes);
      }),
      { numRuns: 100 },
    );
  });

  test("read nothing that is not live: freed space is poisoned before every instruction", () => {
    fc.assert(
      fc.property(stacks, options, (stack, given) => {
        const model = modelOf(stack);
        const networks = [0, 1].map(() =>
          createNetwork(model, { batchSize: rows, kernels: "scalar", ...given }),
        );
        const [whole, poisoned] = networks;
        for (const network of networks) fill(network, 9);
        whole.step();
        stepPoisoned(poisoned, whole);
        expect(memoryOf(poisoned)).toBe(memoryOf(whole));
      }),
      {
        numRuns: 60,
        // Random stacks seldom have weights so large that they are updated in strips.
        examples: [
          [
            { inputShape: [270], layers: [dense(5), tanh(), dense(3)] },
            { accumulate: false, recompute: false, sharesScratch: false, inputGradient: false },
          ],
        ],
      },
    );
  });
});

/** Runs a step of `network` instruction by instruction, NaN in all space that no live buffer holds. */
function stepPoisoned(network: Network, example: Network): void {
  const { plan: planned } = network;
  const arena = network.input.buffer as ArrayBuffer;
  const run = createScalarRun(arena);
  const named = (name: string) => planned.buffers.find((buffer) => buffer.name === name)!;
  // What a step writes there before it starts: its size, its corrections.
  const scalars = named("scalars");
  const cells = new Float64Array(arena, scalars.offset, scalars.shape[0]);
  cells.set(new Float64Array(example.input.buffer as ArrayBuffer, scalars.offset, scalars.shape[0]));
  const { forward, backward, update } = planned.program;
  const drawsAt = cells.length - 1;
  cells[drawsAt]--;
  const instructions = [...forward, ...backward, ...update];
  for (let step = 0; step < instructions.length; step++) {
    poison(planned, arena, step);
    const status = run(named("program").offset + step * instructionSlots * 4, 1, rows, 0);
    expect(status).toBe(0);
    step += followersOf(instructions[step]);
  }
}

/** Instructions after this one that it runs itself, once for each strip. */
function followersOf({ operation, operands }: Instruction): number {
  return operation === Operation.UpdateInStrips ? (operands.at(-1) as number) : 0;
}

function poison({ buffers, totalBytes }: Plan, arena: ArrayBuffer, step: number): void {
  const isFree = new Uint8Array(totalBytes / 16).fill(1);
  for (const { offset, bytes, lifetime } of buffers) {
    // A buffer is written first at the beginning of its life: until then its space is free too.
    if (lifetime && !(lifetime.first < step && step <= lifetime.last)) continue;
    isFree.fill(0, offset / 16, (offset + bytes) / 16);
  }
  for (const [place, free] of isFree.entries()) {
    if (free) new Float32Array(arena, place * 16, 4).fill(Number.NaN);
  }
}

describe("sharing", () => {
  test("plans two buffers for the activations of a chain of equal layers that only predicts", () => {
    const model = modelOf({ inputShape: [32], layers: Array.from({ length: 9 }, () => dense(32)) });
    const activations = (planned: Plan) => {
      const moving = planned.buffers.filter(({ role }) => role === "activation");
      return (
        Math.max(...moving.map(({ offset, bytes }) => offset + bytes)) -
        Math.min(...moving.map(({ offset }) => offset))
      );
    };
    expect(activations(plan(model, { batchSize: 4, training: false }))).toBe(2 * 4 * 32 * 4);
    expect(activations(plan(model, { batchSize: 4 }))).toBeGreaterThanOrEqual(8 * 4 * 32 * 4);
  });

  test("saves memory by recomputing, and never costs any", () => {
    const layers = Array.from({ length: 12 }, () => [dense(32), tanh()]).flat();
    const deep = modelOf({ inputShape: [32], layers: [...layers, dense(2)] });
    const kept = plan(deep, { batchSize: 64 }).totalBytes;
    expect(plan(deep, { batchSize: 64, recompute: true }).totalBytes).toBeLessThan(kept - 40_000);
    const shallow = modelOf({ inputShape: [4], layers: [dense(3), relu(), dense(1)] });
    expect(plan(shallow, { recompute: true }).totalBytes).toBeLessThanOrEqual(plan(shallow).totalBytes);
  });
});
