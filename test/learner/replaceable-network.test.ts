import { describe, expect, test } from "vitest";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../../src/checkpoint/format.ts";
import { checkpointOf } from "../../src/continuing/learner-checkpoint.ts";
import { resume } from "../../src/continuing/resume.ts";
import { createRandom } from "../../src/engine/model/random.ts";
import { HeldSamples } from "../../src/learner/held-samples.ts";
import { createNetworkLearner, type Learner } from "../../src/learner/learner.ts";
import type { OutsideModel } from "../../src/learner/outside-model.ts";
import type { PrequentialLearner } from "../../src/learner/prequential-learner.ts";
import { createReplaceableNetwork, type ReplaceableNetwork } from "../../src/learner/replaceable-network.ts";

const targets = { classes: { column: "c", classes: 2 }, numbers: { column: "c" } };
type Kind = keyof typeof targets;

interface Made {
  seed: number;
  /** Share of labels that are turned round, or how much noise is in a number. */
  wrong?: number;
  /** The rule, turned by this angle. */
  angle?: number;
}

/** Two numbers, and whether both have the same sign, 15 % of it wrong; or a curve with noise. */
function rows(kind: Kind, count: number, { seed, wrong = 0, angle = 0 }: Made): Float64Array[] {
  const { uniform } = createRandom(seed);
  return Array.from({ length: count }, () => {
    const [a, b] = [2 * uniform() - 1, 2 * uniform() - 1];
    const [u, v] = [a * Math.cos(angle) + b * Math.sin(angle), b * Math.cos(angle) - a * Math.sin(angle)];
    const [noise, turned] = [uniform(), uniform()];
    if (kind === "numbers") return Float64Array.of(a, b, Math.sin(3 * u) + v * v + 0.6 * noise - 0.3);
    const label = u * v > 0 !== noise < 0.15;
    return Float64Array.of(a, b, Number(label !== turned < wrong));
  });
}

function shuffled(given: Float64Array[]): Float64Array[] {
  const { uniform } = createRandom(9);
  const order = given
    .map((_, index) => ({ index, key: uniform() }))
    .sort((one, other) => one.key - other.key);
  return given.map((row, place) => Float64Array.of(row[0], row[1], given[order[place].index][2]));
}

const optionsFor = (kind: Kind) => ({
  fields: ["a", "b", "c"],
  target: targets[kind],
  model: { layers: [{ dense: 16 }, "relu"] },
});
const plainFor = (kind: Kind, seed = 1): Learner =>
  createNetworkLearner({ ...optionsFor(kind), training: { seed } });
const create = (kind: Kind, sideBySide = 500) =>
  createReplaceableNetwork({ ...optionsFor(kind), sideBySide });

function observe<L extends PrequentialLearner>(learner: L, given: Float64Array[]): L {
  for (const row of given) learner.observe(row, 0);
  return learner;
}

const modelFrom = (kind: Kind, given: Float64Array[]): OutsideModel =>
  structuredClone(observe(plainFor(kind), given).outgoing());

/** A device that has learned 3000 rows. */
const device = (kind: Kind, sideBySide?: number): ReplaceableNetwork =>
  observe(create(kind, sideBySide), rows(kind, 3000, { seed: 1 }));

const next = (kind: Kind, count = 500) => rows(kind, count, { seed: 77 });

const written = (learner: PrequentialLearner): Checkpoint =>
  decodeCheckpoint(
    Buffer.concat(encodeCheckpoint({ ...checkpointOf(learner), createdAt: "2026-01-01T00:00:00.000Z" })),
    "it",
  );

/** What its answers to rows cost it, in the mean. */
function meanLoss(learner: PrequentialLearner, given: Float64Array[]): number {
  let sum = 0;
  for (const row of given) {
    learner.observe(row, 0);
    sum +=
      learner.classes > 0 ? -Math.log(learner.prediction[row[2]]) : Math.abs(learner.prediction[0] - row[2]);
  }
  return sum / given.length;
}

describe.each<Kind>(["classes", "numbers"])("a network of %s with room for another", (kind) => {
  test("has the bits of one without until a model comes, and a checkpoint goes both ways", () => {
    const plain = observe(plainFor(kind), rows(kind, 300, { seed: 1 }));
    const learner = observe(create(kind), rows(kind, 300, { seed: 1 }));
    expect(learner.prediction).toEqual(plain.prediction);
    expect(learner.state()).toMatchObject(plain.state());
    const [there, back] = [create(kind), plainFor(kind)];
    expect(resume(there, written(plain), "it")).toEqual([]);
    expect(resume(back, written(learner), "it")).toEqual([]);
    expect(there.state()).toMatchObject(plain.state());
    expect(back.state()).toEqual(plain.state());
  });

  test("is replaced by a better one, which stays", () => {
    const learner = observe(create(kind), rows(kind, 150, { seed: 1 }));
    learner.takeIn(modelFrom(kind, rows(kind, 3000, { seed: 5 })));
    expect(learner.takenIn).toMatchObject({ state: "side by side", samples: 0, difference: null });
    observe(learner, next(kind));
    expect(learner.takenIn).toMatchObject({ state: "in use", samples: 500 });
    expect(learner.takenIn?.difference).toBeLessThan(0);
  });

  test.each([
    ["shuffled labels", (given: Kind) => shuffled(rows(given, 3000, { seed: 5 })), 200],
    ["a rule that holds elsewhere", (given: Kind) => rows(given, 3000, { seed: 5, angle: 0.8 }), 320],
  ])("comes back from a model of %s, long before the end, as if nothing had been", (_, make, most) => {
    const learner = device(kind);
    const alone = observe(plainFor(kind), rows(kind, 3000, { seed: 1 }));
    learner.takeIn(modelFrom(kind, make(kind)));
    observe(learner, next(kind, most));
    observe(alone, next(kind, most));
    expect(learner.takenIn).toMatchObject({
      state: "went back",
      reason: expect.stringMatching("loss was higher"),
    });
    expect(learner.takenIn?.samples).toBeLessThanOrEqual(most);
    // The network has learned along; the scores are those of the answers that were given.
    expect(learner.outgoing()).toEqual(alone.outgoing());
    expect(learner.samplesSeen).toBe(alone.samplesSeen);
    expect(learner.report()).not.toEqual(alone.report());
  });

  test("keeps one that is equal", () => {
    const learner = device(kind);
    learner.takeIn(structuredClone(learner.outgoing()));
    observe(learner, next(kind));
    expect(learner.takenIn).toEqual({ state: "in use", samples: 500, difference: 0 });
  });

  test("goes on bit for bit where it is restarted while both run", () => {
    const whole = device(kind);
    whole.takeIn(modelFrom(kind, rows(kind, 800, { seed: 5 })));
    observe(whole, next(kind).slice(0, 137));
    const restarted = create(kind);
    expect(resume(restarted, written(whole), "it")).toEqual([]);
    expect(restarted.takenIn).toEqual(whole.takenIn);
    for (const learner of [whole, restarted]) observe(learner, next(kind).slice(137));
    expect(written(restarted)).toEqual(written(whole));
    const without = plainFor(kind);
    const beside = device(kind);
    beside.takeIn(structuredClone(beside.outgoing()));
    expect(resume(without, written(beside), "it")).toEqual([
      "it holds two networks side by side, of which the older one is left out, because the config has no sync.models",
    ]);
  });

  test("learns from labels that come late as from those that come at once", () => {
    const model = modelFrom(kind, rows(kind, 800, { seed: 5 }));
    const [atOnce, late] = [device(kind, 100), device(kind, 100)];
    const held = new HeldSamples(late.heldSizes, 4);
    for (const learner of [atOnce, late]) learner.takeIn(model);
    for (const [index, row] of next(kind, 200).entries()) {
      atOnce.observe(row, 0);
      late.predictValidated(row, 0);
      late.passUnlabelled();
      const slot = held.add(index + 1, 0);
      late.hold(held, slot);
      late.learnHeld(held, slot, row, 2);
    }
    expect(late.takenIn?.state).toBe(atOnce.takenIn?.state);
    expect(late.takenIn?.samples).toBe(atOnce.takenIn?.samples);
    expect([late.samplesSeen, late.unlabelled]).toEqual([atOnce.samplesSeen, 0]);
  });

  test("lets the network that answered a sample learn its late label, and counts one that is gone", () => {
    const learner = device(kind, 100);
    const held = new HeldSamples(learner.heldSizes, 4);
    const [row] = next(kind, 1);
    const holdOne = (number: number) => {
      learner.predictValidated(row, 0);
      learner.passUnlabelled();
      const slot = held.add(number, 0);
      learner.hold(held, slot);
      return slot;
    };
    const slots = [holdOne(1), holdOne(2)];
    learner.takeIn(modelFrom(kind, rows(kind, 3000, { seed: 5 })));
    learner.learnHeld(held, slots[0], row, 2);
    expect(learner.takenIn).toMatchObject({ state: "side by side", samples: 0 });
    observe(learner, next(kind, 100));
    learner.learnHeld(held, slots[1], row, 2);
    expect([learner.samplesSeen, learner.unlabelled]).toEqual([3102, 0]);
  });

  test("keeps the network that is proven where a second model comes before the first one is", () => {
    const [learner, alone] = [device(kind), observe(plainFor(kind), rows(kind, 3000, { seed: 1 }))];
    const bad = () => modelFrom(kind, shuffled(rows(kind, 3000, { seed: 5 })));
    const given = next(kind, 400);
    const held = new HeldSamples(learner.heldSizes, 4);
    learner.takeIn(bad());
    observe(learner, given.slice(0, 20));
    learner.predictValidated(given[20], 0);
    learner.hold(held, held.add(1, 0));
    learner.learnValidated(given[20], 0);
    learner.takeIn(bad());
    expect(learner.takenIn).toMatchObject({ state: "side by side", samples: 0 });
    observe(learner, given.slice(21));
    expect(learner.takenIn).toMatchObject({ state: "went back" });
    expect(learner.outgoing()).toEqual(observe(alone, given).outgoing());
    // The first model answered it, and is gone; so is its number.
    expect(learner.state().outside.slice(1, 3)).toEqual(Float64Array.of(1, 3));
  });

  test.each([{ plateau: { window: 9, patience: 1 } }, { step: { every: 100, factor: 0.5 } }])(
    "goes on in its own schedule with a model of a device without one: %o",
    (schedule) => {
      const { model, ...others } = optionsFor(kind);
      const learner = createReplaceableNetwork({ ...others, model: { ...model, schedule }, sideBySide: 50 });
      observe(learner, rows(kind, 300, { seed: 1 }));
      const { updates, plateau } = structuredClone(learner.state().network);
      learner.takeIn(modelFrom(kind, rows(kind, 900, { seed: 5 })));
      expect(learner.state().network).toMatchObject({
        updates,
        ...(plateau === undefined ? {} : { plateau }),
      });
      expect(learner.takenIn).toMatchObject({ state: "side by side" });
    },
  );

  test("goes on with both networks where the config changes the learning rate", () => {
    const whole = device(kind);
    const [row] = next(kind, 1);
    const held = new HeldSamples(whole.heldSizes, 4);
    whole.takeIn(modelFrom(kind, rows(kind, 800, { seed: 5 })));
    observe(whole, next(kind).slice(1, 61));
    whole.predictValidated(row, 0);
    whole.passUnlabelled();
    whole.hold(held, held.add(1, 0));
    const { model, ...others } = optionsFor(kind);
    const options = { ...model, optimizer: { adam: { learningRate: 0.0007 } } };
    const changed = createReplaceableNetwork({ ...others, model: options, sideBySide: 500 });
    expect(resume(changed, written(whole), "it")).toEqual([expect.stringMatching("settings have changed")]);
    expect(changed.takenIn).toEqual(whole.takenIn);
    expect(changed.networks.map(({ learningRate }) => learningRate)).toEqual([0.0007, 0.0007]);
    const parameters = (of: ReplaceableNetwork) => of.networks.map((network) => network.state().parameters);
    expect(parameters(changed)).toEqual(parameters(whole));
    changed.learnHeld(held, 0, row, 2);
    expect(changed.takenIn?.samples).toBe(61);
  });

  test("refuses a model of another shape, and nothing changes", () => {
    const learner = device(kind);
    const before = structuredClone(learner.state());
    const model = modelFrom(kind, rows(kind, 100, { seed: 5 }));
    const short = { ...model, network: { ...model.network, parameters: model.network.parameters.slice(1) } };
    expect(() => learner.takeIn(short)).toThrow(/the state has no/);
    expect(learner.state()).toEqual(before);
  });
});

test("a late target that cannot be true is as none, and the right one is the first", () => {
  const [learner, right] = [device("numbers", 100), device("numbers", 100)];
  const model = modelFrom("numbers", rows("numbers", 800, { seed: 5 }));
  const [row] = next("numbers", 1);
  const held = new HeldSamples(learner.heldSizes, 4);
  for (const each of [learner, right]) {
    each.takeIn(model);
    each.predictValidated(row, 0);
    each.passUnlabelled();
  }
  learner.hold(held, held.add(1, 0));
  learner.learnHeld(held, 0, Float64Array.of(1e9), 0);
  expect(learner.takenIn).toMatchObject({ samples: 0, difference: null });
  expect([held.targets[0], learner.samplesSeen, learner.unlabelled]).toEqual([Number.NaN, 3000, 1]);
  learner.learnHeld(held, 0, row, 2);
  const late = new HeldSamples(right.heldSizes, 4);
  right.hold(late, late.add(1, 0));
  right.learnHeld(late, 0, row, 2);
  expect(learner.takenIn).toEqual(right.takenIn);
  expect(learner.takenIn?.samples).toBe(1);
  expect(learner.report()).toEqual(right.report());
});

test("goes back to a network whose numbers overflowed meanwhile, and is not worth saving before", () => {
  const given = next("classes");
  const comes = () => {
    const learner = device("classes");
    learner.takeIn(modelFrom("classes", shuffled(rows("classes", 3000, { seed: 5 }))));
    return learner;
  };
  const twin = comes();
  const end = given.findIndex((row) => twin.observe(row, 0) && twin.takenIn?.state === "went back");
  const learner = observe(comes(), given.slice(0, end));
  const [, before] = learner.networks;
  const [first, ...others] = before.parameters();
  // A unit of its own that says nothing.
  first.data[0] = Number.NEGATIVE_INFINITY;
  before.setParameters([first, ...others]);
  expect([learner.isHealthy, learner.recoveries]).toEqual([false, 0]);
  observe(learner, given.slice(end, end + 1));
  expect(learner.takenIn).toMatchObject({ state: "went back" });
  expect([learner.isHealthy, learner.recoveries]).toEqual([true, 1]);
});

test("of twenty models of equal devices at most one goes back", () => {
  const back = Array.from({ length: 20 }, (_, pair) => {
    const learner = device("classes");
    learner.takeIn(
      observe(plainFor("classes", 2 + pair), rows("classes", 3000, { seed: 100 + pair })).outgoing(),
    );
    observe(learner, rows("classes", 500, { seed: 200 + pair }));
    return learner.takenIn?.state === "went back";
  }).filter(Boolean).length;
  expect(back).toBeLessThanOrEqual(1);
});

test("a model that more than doubles the loss goes back early, also where it learns better meanwhile", () => {
  const options = {
    ...optionsFor("classes"),
    model: { layers: [{ dense: 16 }, "relu"], optimizer: { sgd: { learningRate: 0.03 } } },
  };
  const row = (index: number, isWrong = false) =>
    Float64Array.of(1, index % 2, (index + Number(isWrong)) % 2);
  const rowsOf = (count: number, isWrong = false) =>
    Array.from({ length: count }, (_, index) => row(index, isWrong));
  const learner = observe(createReplaceableNetwork({ ...options, sideBySide: 500 }), rowsOf(3000));
  learner.takeIn(observe(createNetworkLearner(options), rowsOf(300, true)).outgoing());
  observe(learner, rowsOf(500));
  // As its loss falls, it is never five standard errors worse.
  expect(learner.takenIn).toMatchObject({ state: "went back", samples: 100 });
});

test("a model that is five per cent worse is found out in 500 samples", () => {
  const learner = device("classes");
  learner.takeIn(modelFrom("classes", rows("classes", 3000, { seed: 5, wrong: 0.15 })));
  observe(learner, next("classes"));
  expect(learner.takenIn).toMatchObject({ state: "went back", samples: 500 });
  const usual = meanLoss(device("classes"), next("classes"));
  const share = (learner.takenIn?.difference as number) / usual;
  expect(share).toBeGreaterThan(0.03);
  expect(share).toBeLessThan(0.07);
});

test("a comparison of a version that did not sum the losses goes on, and none counts as doubled", () => {
  const whole = device("classes");
  whole.takeIn(modelFrom("classes", rows("classes", 3000, { seed: 5, wrong: 0.15 })));
  observe(whole, next("classes").slice(0, 459));
  const state = structuredClone(whole.state());
  const learner = create("classes");
  learner.restore({ ...state, outside: state.outside.slice(0, 10) } as never);
  for (const each of [whole, learner]) observe(each, next("classes").slice(459));
  expect(learner.takenIn).toEqual(whole.takenIn);
  expect(learner.takenIn).toMatchObject({ samples: 500 });
});

test("two networks are planned within the budget, or refused", () => {
  const { bytes } = create("classes").memory;
  const withBudget = (budgetBytes: number) =>
    createReplaceableNetwork({ ...optionsFor("classes"), sideBySide: 500, memory: { budgetBytes } });
  expect(withBudget(bytes).memory.bytes).toBe(bytes);
  expect(() => withBudget(bytes - 32)).toThrow(/memory.budget/);
});
