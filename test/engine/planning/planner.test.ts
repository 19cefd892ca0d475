import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  adam,
  dense,
  type Layer,
  type Model,
  momentum,
  mse,
  relu,
  sgd,
  sigmoid,
  softmaxCrossEntropy,
  tanh,
} from "../../../src/engine/model/model.ts";
import type { Plan } from "../../../src/engine/planning/plan.ts";
import { plan } from "../../../src/engine/planning/planner.ts";
import { createNetwork } from "../../../src/engine/running/network.ts";

function model(layers: Layer[], options: Partial<Model> = {}): Model {
  return { inputShape: [4], layers, loss: mse(), optimizer: sgd(), clip: null, ...options };
}

const named = (planned: Plan, name: string) => planned.buffers.find((buffer) => buffer.name === name);

describe("a plan", () => {
  test("lists parameters, gradients and optimizer state of every layer with their shapes", () => {
    const planned = plan(model([dense(3), tanh(), dense(2, { bias: false })], { optimizer: adam() }));
    const names = planned.buffers.map(({ name }) => name);
    for (const parameter of ["0.weight", "0.bias", "2.weight"]) {
      for (const suffix of ["", ".gradient", ".firstMoment", ".secondMoment"]) {
        expect(names).toContain(parameter + suffix);
      }
    }
    expect(names).not.toContain("2.bias");
    // Weights are kept as [inputs, outputs].
    expect(named(planned, "0.weight")?.shape).toEqual([4, 3]);
  });

  test("keeps no state for plain gradient descent and one number a weight for momentum", () => {
    const states = (planned: Plan) => planned.buffers.filter(({ role }) => role === "optimizer state").length;
    expect(states(plan(model([dense(3)])))).toBe(0);
    expect(states(plan(model([dense(3)], { optimizer: momentum() })))).toBe(2);
  });

  test("lets an activation write over its input where nobody reads that again", () => {
    const planned = plan(model([dense(3), tanh(), dense(2)]));
    expect(named(planned, "1.output")).toBeUndefined();
  });

  test("keeps the output of an activation that the next one would write over", () => {
    const planned = plan(model([dense(3), tanh(), sigmoid(), dense(2)]));
    expect(named(planned, "2.output")).toBeDefined();
  });

  test("never lets an activation write over the samples", () => {
    const planned = plan(model([relu(), dense(2)]));
    expect(named(planned, "0.output")).toBeDefined();
  });

  test("gives gradients of activations that do not live at the same time the same space", () => {
    const chain = Array.from({ length: 6 }, () => dense(64));
    const planned = plan(model(chain), { batchSize: 16 });
    expect(planned.totalBytes).toBeLessThan(planned.unsharedBytes - 3 * 64 * 16 * 4);
  });

  test("never lets two buffers overlap while both count", () => {
    const layer = fc.oneof(
      fc.integer({ min: 1, max: 9 }).map((outputs) => dense(outputs)),
      fc.constantFrom(tanh(), relu(), sigmoid()),
    );
    fc.assert(
      fc.property(
        fc.array(layer, { minLength: 1, maxLength: 9 }),
        fc.integer({ min: 1, max: 9 }),
        (layers, batchSize) => {
          const planned = plan(model([...layers, dense(3)], { loss: softmaxCrossEntropy() }), { batchSize });
          for (const [index, a] of planned.buffers.entries()) {
            expect(a.offset % 16).toBe(0);
            expect(a.offset + a.bytes).toBeLessThanOrEqual(planned.totalBytes);
            for (const b of planned.buffers.slice(index + 1)) {
              const apart = a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset;
              const inTurn =
                a.lifetime &&
                b.lifetime &&
                (a.lifetime.last < b.lifetime.first || b.lifetime.last < a.lifetime.first);
              if (!apart && !inTurn) expect.fail(`${a.name} and ${b.name} overlap`);
            }
          }
        },
      ),
    );
  });

  test("is plain data", () => {
    const planned = plan(model([dense(3), relu(), dense(2)]));
    expect(JSON.parse(JSON.stringify(planned))).toEqual(planned);
  });

  test("refuses a model without layers, and a batch of no samples", () => {
    expect(() => plan(model([]))).toThrow("model.layers is empty");
    expect(() => plan(model([dense(1)]), { batchSize: 0 })).toThrow(
      "found the batch size 0, expected a whole number of 1 or more",
    );
  });
});

test("a budget smaller than the plan is refused naming the three largest buffers", () => {
  const large = model([dense(100), relu(), dense(2)]);
  const { totalBytes } = plan(large);
  expect(() => createNetwork(large, { budgetBytes: totalBytes })).not.toThrow();
  expect(() => createNetwork(large, { budgetBytes: totalBytes - 1 })).toThrow(
    new RegExp(
      `needs ${totalBytes} bytes but memory.budget is ${totalBytes - 1}; its largest buffers are (\\S+ \\(\\d+ bytes\\)(, )?){3};`,
    ),
  );
});
