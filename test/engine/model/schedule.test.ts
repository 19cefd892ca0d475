import { describe, expect, test } from "vitest";
import { takeCosineOfHalfTurns } from "../../../src/engine/model/cosine.ts";
import {
  describeModel,
  modelFromDescription,
  scheduleFromDescription,
} from "../../../src/engine/model/description.ts";
import { adam, dense, type Model, mse, sgd } from "../../../src/engine/model/model.ts";
import { raiseToPower } from "../../../src/engine/model/power.ts";
import {
  constant,
  cosineDecay,
  exponentialDecay,
  multiplierAt,
  Plateau,
  reduceOnPlateau,
  type Schedule,
  spanning,
  stepDecay,
} from "../../../src/engine/model/schedule.ts";
import { createNetwork, type Network } from "../../../src/engine/running/network.ts";
import type { State } from "../../../src/state.ts";

const course = (schedule: Schedule, updates: number[]) =>
  updates.map((update) => multiplierAt(schedule, update));

describe("the multiplier of the learning rate", () => {
  test("stays 1 under the constant schedule", () => {
    expect(course(constant(), [0, 1, 1e9])).toEqual([1, 1, 1]);
  });

  test("is reduced every `every` updates under step decay", () => {
    const schedule = stepDecay({ every: 3, factor: 0.5 });
    expect(course(schedule, [0, 2, 3, 5, 6, 9])).toEqual([1, 1, 0.5, 0.5, 0.25, 0.125]);
  });

  test("is a power of the factor under exponential decay", () => {
    expect(course(exponentialDecay({ factor: 0.5 }), [0, 1, 2, 10])).toEqual([1, 0.5, 0.25, 2 ** -10]);
    expect(multiplierAt(exponentialDecay({ factor: 0.9999 }), 54_321)).toBeCloseTo(0.9999 ** 54_321, 12);
  });

  test("follows half a cosine down to its minimum, and stays there", () => {
    const schedule = cosineDecay({ updates: 8, minimum: 0.25 });
    for (let u = 0; u <= 8; u++) {
      expect(multiplierAt(schedule, u)).toBeCloseTo(
        0.25 + (0.75 * (1 + Math.cos((Math.PI * u) / 8))) / 2,
        15,
      );
    }
    expect(course(schedule, [0, 4, 8, 9, 1000])).toEqual([1, 0.625, 0.25, 0.25, 0.25]);
    expect(multiplierAt(cosineDecay({ updates: 8 }), 8)).toBe(0);
  });

  test("rises in a straight line while it warms up, and the schedule counts from there", () => {
    const warmUp = 4;
    expect(course(constant({ warmUp }), [0, 1, 2, 3, 4, 5])).toEqual([0.25, 0.5, 0.75, 1, 1, 1]);
    const schedule = exponentialDecay({ factor: 0.5, warmUp });
    expect(course(schedule, [0, 3, 4, 5, 6])).toEqual([0.25, 1, 1, 0.5, 0.25]);
    expect(course(stepDecay({ every: 2, factor: 0.5, warmUp }), [3, 4, 5, 6])).toEqual([1, 1, 1, 0.5]);
    expect(multiplierAt(reduceOnPlateau({ warmUp }), 1, 0.5)).toBe(0.5);
    expect(multiplierAt(reduceOnPlateau({ warmUp }), 4, 0.5)).toBe(0.5);
  });
});

test("a cosine without a length spans the run, behind its warm-up", () => {
  expect(spanning(cosineDecay(), 100)).toEqual(cosineDecay({ updates: 100 }));
  expect(spanning(cosineDecay({ warmUp: 30 }), 100)).toEqual(cosineDecay({ updates: 70, warmUp: 30 }));
  expect(spanning(cosineDecay({ updates: 5 }), 100)).toEqual(cosineDecay({ updates: 5 }));
  expect(spanning(constant({ warmUp: 300 }), 100)).toEqual(constant({ warmUp: 300 }));
  expect(() => spanning(cosineDecay({ warmUp: 100 }), 100)).toThrow(
    "model.schedule warms up over 100 updates, but the whole run has 100",
  );
});

describe("the plateau", () => {
  const schedule = { window: 2, patience: 2, factor: 0.5, minimum: 0.2, threshold: 0.1 };
  /** The multiplier after each loss. */
  function follow(losses: number[], options = {}) {
    const plateau = new Plateau(reduceOnPlateau({ ...schedule, ...options }) as never);
    return losses.map((loss, update) => {
      plateau.accumulated[0] += loss;
      plateau.observe(update);
      return plateau.multiplier[0];
    });
  }

  test("is reached after `patience` windows without an improvement, and again after as many", () => {
    // Windows of mean 4, 3, then 3 for ever: the third and fourth bring nothing, nor the fifth and sixth.
    const losses = [5, 3, 3, 3, 2, 4, 4, 2, 3, 3, 3, 3];
    expect(follow(losses)).toEqual([1, 1, 1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25]);
  });

  test("restarts its patience with every improvement", () => {
    expect(follow([4, 4, 4, 4, 3, 3, 3, 3, 2, 2]).at(-1)).toBe(1);
  });

  test("takes less than the threshold for no improvement", () => {
    expect(follow([10, 10, 9.5, 9.5, 9.1, 9.1]).at(-1)).toBe(0.5);
    expect(follow([10, 10, 9.5, 9.5, 8.9, 8.9]).at(-1)).toBe(1);
  });

  test("never reduces below its minimum", () => {
    expect(follow(Array(40).fill(1)).at(-1)).toBe(0.2);
  });

  test("does not look at the losses of the warm-up", () => {
    expect(follow([0, 0, 0, 5, 5, 4, 4, 3, 3, 2, 2], { warmUp: 3 }).at(-1)).toBe(1);
  });

  test("refuses a state that is not a plateau's", () => {
    const plateau = new Plateau(reduceOnPlateau() as never);
    expect(() => plateau.restore(undefined)).toThrow("must hold 6 numbers of the plateau");
    expect(() => plateau.restore(new Float64Array(2))).toThrow("but holds 2 numbers");
  });
});

describe("what gives the same bits everywhere:", () => {
  test("the cosine is within 2^-51 of the platform's, itself not exact, and exact at its ends and its middle", () => {
    const cosine = (x: number) => {
      const number = Float64Array.of(x);
      takeCosineOfHalfTurns(number);
      return number[0];
    };
    let worst = 0;
    for (let i = 0; i <= 100_000; i++) {
      const x = i / 100_000;
      // By the mirror image as well, because pi x is rounded more coarsely the larger it is.
      const platform = x > 0.5 ? -Math.cos(Math.PI * (1 - x)) : Math.cos(Math.PI * x);
      worst = Math.max(worst, Math.abs(cosine(x) - platform));
    }
    expect(worst).toBeLessThanOrEqual(2 ** -51);
    expect([0, 0.5, 1].map(cosine)).toEqual([1, 0, -1]);
  });

  test("the power is as near as its squarings allow", () => {
    for (const [base, exponent] of [
      [0.999, 1],
      [0.999, 7919],
      [0.5, 60],
      [0.9, 0],
    ]) {
      const number = Float64Array.of(base);
      raiseToPower(number, exponent);
      expect(number[0] / base ** exponent).toBeCloseTo(1, 11);
    }
  });
});

/** A straight line to learn, under a schedule. */
function line(schedule: Schedule | null, options: Partial<Model> = {}): Model {
  return { inputShape: [2], layers: [dense(1)], loss: mse(), optimizer: sgd(), schedule, ...options };
}

function train(network: Network, from: number, to: number): Network {
  for (let update = from; update < to; update++) {
    const x = Math.sin(update);
    network.input.set([x, 1 - x]);
    network.target[0] = 3 * x + Math.cos(7 * update);
    network.step(1);
  }
  return network;
}

const weights = (network: Network) => network.parameters().map(({ data }) => [...data]);

describe("a network under a schedule", () => {
  test.each<[string, Schedule]>([
    ["step", stepDecay({ every: 4, factor: 0.5 })],
    ["exponential", exponentialDecay({ factor: 0.8, warmUp: 3 })],
    ["cosine", cosineDecay({ updates: 10, minimum: 0.1 })],
  ])("%s, has the weights of one whose rate is set by hand", (_, schedule) => {
    const optimizer = adam({ learningRate: 0.1 });
    const scheduled = createNetwork(line(schedule, { optimizer }));
    const byHand = createNetwork(line(null, { optimizer }));
    for (let update = 0; update < 20; update++) {
      byHand.learningRate = 0.1 * multiplierAt(schedule, update);
      expect(scheduled.currentLearningRate).toBe(byHand.learningRate);
      expect(scheduled.learningRate).toBe(0.1);
      train(scheduled, update, update + 1);
      train(byHand, update, update + 1);
    }
    expect(weights(scheduled)).toEqual(weights(byHand));
  });

  test("takes a base rate that is changed on the way", () => {
    const network = createNetwork(line(stepDecay({ every: 1, factor: 0.5 })));
    train(network, 0, 2);
    network.learningRate = 8;
    expect(network.currentLearningRate).toBe(2);
  });

  test("has a plateau that does not learn from updates left out, and that a new start forgets", () => {
    const network = createNetwork(line(reduceOnPlateau({ window: 1, patience: 2 })));
    train(network, 0, 1);
    network.target[0] = Number.NaN;
    for (let i = 0; i < 5; i++) expect(network.step(1)).toBe(false);
    expect(network.currentLearningRate).toBe(0.01);
    for (let i = 0; i < 8; i++) train(network, 1, 2);
    train(network, 5, 500);
    expect(network.currentLearningRate).toBeLessThan(0.01);
    network.initialize(1);
    expect(network.currentLearningRate).toBe(0.01);
  });

  test("sees on a plateau the loss of an update accumulated in parts as that of the whole", () => {
    const schedule = reduceOnPlateau({ window: 1 });
    const whole = createNetwork(line(schedule), { batchSize: 4 });
    const parts = createNetwork(line(schedule), { batchSize: 1 });
    whole.input.set([1, 2, 3, 4, 5, 6, 7, 8]);
    whole.target.set([1, -1, 2, 0]);
    whole.step();
    for (let row = 0; row < 4; row++) {
      parts.input.set(whole.input.subarray(2 * row, 2 * row + 2));
      parts.target.set(whole.target.subarray(row, row + 1));
      parts.step(1, 4);
    }
    const [expected, found] = [whole, parts].map((network) => network.state().plateau as Float64Array);
    expect(expected[1]).toBeCloseTo(whole.loss, 6);
    expect(found[1]).toBeCloseTo(expected[1], 6);
  });

  test("does not see on a plateau the loss of the parts of an update that was left out", () => {
    const [clean, disturbed] = [0, 1].map(() => createNetwork(line(reduceOnPlateau({ window: 1 }))));
    disturbed.input.set([1, 2]);
    disturbed.target[0] = 50;
    expect(disturbed.step(1, 2)).toBe(true);
    disturbed.target[0] = Number.NaN;
    expect(disturbed.step(1, 2)).toBe(false);
    for (const network of [clean, disturbed]) train(network, 0, 1);
    expect(disturbed.state().plateau).toEqual(clean.state().plateau);
  });

  test("continues from a plateau bit for bit, also from within a window and an update", () => {
    const model = line(reduceOnPlateau({ window: 7, patience: 1 }));
    const straight = train(createNetwork(model), 0, 200);
    const half = train(createNetwork(model), 0, 101);
    const resumed = createNetwork(model, { seed: 5 });
    resumed.restore(half.state());
    train(resumed, 101, 200);
    expect(resumed.state()).toEqual(straight.state());
    expect(straight.currentLearningRate).toBeLessThan(straight.learningRate);

    straight.step(1, 3);
    const further = createNetwork(model);
    further.restore(structuredClone(straight.state()));
    for (const network of [further, straight]) {
      network.input.set([1, 2]);
      network.target[0] = 1;
      network.step(1, 3);
      network.step(1, 3);
    }
    expect(further.state()).toEqual(straight.state());
  });

  test("refuses a state without the plateau before anything changes", () => {
    const network = createNetwork(line(reduceOnPlateau()));
    const before = weights(network);
    const other = train(createNetwork(line(null)), 0, 5).state() as State;
    expect(() => network.restore(other)).toThrow(
      "numbers of the plateau that the model's schedule waits for",
    );
    expect(weights(network)).toEqual(before);
  });

  test("has a state as before where no plateau needs one", () => {
    expect(Object.keys(createNetwork(line(cosineDecay({ updates: 3 }))).state())).not.toContain("plateau");
  });

  test("refuses a cosine of a length that nobody knows", () => {
    expect(() => createNetwork(line(cosineDecay()))).toThrow(
      "model.schedule.cosine leaves updates out, and only rivulet fit knows how long a run is",
    );
  });
});

describe("the written form of a schedule", () => {
  test("is read with its defaults, alone or with options", () => {
    expect(scheduleFromDescription(null, "schedule")).toBeNull();
    expect(scheduleFromDescription("constant", "schedule")).toEqual(constant());
    expect(scheduleFromDescription({ step: { every: 5 } }, "schedule")).toEqual(stepDecay({ every: 5 }));
    expect(scheduleFromDescription({ exponential: 0.9 }, "schedule")).toEqual(
      exponentialDecay({ factor: 0.9 }),
    );
    expect(scheduleFromDescription({ cosine: 500 }, "schedule")).toEqual(cosineDecay({ updates: 500 }));
    expect(scheduleFromDescription("cosine", "schedule")).toEqual(cosineDecay());
    expect(scheduleFromDescription({ plateau: { warmUp: 9 } }, "schedule")).toEqual(
      reduceOnPlateau({ warmUp: 9 }),
    );
  });

  test.each([
    constant({ warmUp: 5 }),
    stepDecay(),
    exponentialDecay(),
    cosineDecay(),
    cosineDecay({ updates: 9 }),
    reduceOnPlateau(),
  ])("of $type reads back from what describeModel writes", (schedule) => {
    const written = JSON.parse(JSON.stringify(describeModel(line(schedule))));
    expect(modelFromDescription(written)).toEqual({ ...line(schedule), clip: null });
  });

  test("is left out of a model without one", () => {
    expect(Object.keys(describeModel(line(null)))).toEqual([
      "inputShape",
      "layers",
      "loss",
      "optimizer",
      "clip",
    ]);
  });

  test.each<[unknown, string]>([
    ["cosin", 'schedule names an unknown schedule "cosin"; did you mean "cosine"?'],
    [{ cosine: 0 }, "schedule.cosine.updates must be a whole number of 1 or more, not 0"],
    [{ cosine: { minimum: 1.5 } }, "schedule.cosine.minimum must be a number from 0 to 1, not 1.5"],
    [{ step: { factor: 1 } }, "schedule.step.factor must be a number above 0 and below 1, not 1"],
    [{ step: { every: 2.5 } }, "schedule.step.every must be a whole number of 1 or more, not 2.5"],
    [{ exponential: "slow" }, 'schedule.exponential.factor must be a number above 0 and below 1, not "slow"'],
    [{ constant: { warmUp: -1 } }, "schedule.constant.warmUp must be a whole number of 0 or more, not -1"],
    [{ plateau: { treshold: 0 } }, 'schedule.plateau.treshold is unknown; did you mean "threshold"?'],
    [{ plateau: { window: 0 } }, "schedule.plateau.window must be a whole number of 1 or more, not 0"],
  ])("%j is refused with its place and what to do", (written, sentence) => {
    expect(() => scheduleFromDescription(written, "schedule")).toThrow(sentence);
  });
});
