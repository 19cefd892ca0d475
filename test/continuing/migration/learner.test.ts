import { describe, expect, test } from "vitest";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../../../src/checkpoint/format.ts";
import { checkpointOf } from "../../../src/continuing/learner-checkpoint.ts";
import { carryOver, resume } from "../../../src/continuing/resume.ts";
import { createRandom } from "../../../src/engine/model/random.ts";
import { createLearner } from "../../../src/learner/create-learner.ts";
import { createEnsemble } from "../../../src/learner/ensemble.ts";
import type { PrequentialLearner } from "../../../src/learner/prequential-learner.ts";

const fields = ["a", "b", "label"];
const target = { column: "label", classes: 2 };

/** Rows of a stream by the names of their fields. */
function* rows(count: number): Generator<Record<string, number>> {
  const random = createRandom(5);
  for (let i = 0; i < count; i++) {
    const [a, b, noise] = [random.uniform() * 100, random.uniform(), random.uniform()];
    yield { a, b, noise, label: Number(a > 50 === b > 0.5), y: a / 10 + b };
  }
}

function observe<Learner extends PrequentialLearner>(learner: Learner, count: number): Learner {
  const { fields } = learner.describe();
  for (const row of rows(count))
    learner.observe(
      Float64Array.from(fields, (name) => row[name]),
      0,
    );
  return learner;
}

/** Answers to rows that were not learned from. */
function answers(learner: PrequentialLearner, count = 60): number[][] {
  const { fields } = learner.describe();
  return [...rows(2000 + count)].slice(2000).map((row) => {
    learner.predict(
      Float64Array.from(fields, (name) => row[name]),
      0,
    );
    return [...learner.prediction];
  });
}

const written = (learner: PrequentialLearner): Checkpoint =>
  decodeCheckpoint(Buffer.concat(encodeCheckpoint(checkpointOf(learner))), "old.msgpack");

function expectSame(found: number[][], known: number[][], tolerance: number) {
  for (const [row, answer] of known.entries()) {
    for (const [at, value] of answer.entries()) {
      expect(Math.abs(found[row][at] - value)).toBeLessThanOrEqual(tolerance);
    }
  }
}

describe("an ensemble that is carried over", () => {
  test("to a field more and another order answers as before, and learns on", () => {
    const old = observe(createLearner({ fields, target }), 1200);
    const known = answers(old);
    const learner = createLearner({ fields: ["noise", "b", "label", "a"], target });
    const { carried, fresh, removed } = carryOver(learner, written(old), "old.msgpack");
    expect(fresh).toEqual(["field noise"]);
    expect(removed).toEqual([]);
    expect(carried).toEqual(
      expect.arrayContaining([
        ...["network", "naive-bayes", "label-transitions", "linear", "replayed-network"],
        ...["rows to compare with of replayed-network", "weights of the experts", "scores"],
      ]),
    );
    // How far neighbours are smoothed depends a little on how many fields there are.
    expectSame(answers(learner), known, 0.03);
    expect(learner.report()).toMatchObject({ samples: old.report().samples });
    const before = learner.samplesSeen;
    observe(learner, 600);
    expect(learner.samplesSeen).toBe(before + 600);
    const right = answers(learner).filter(([no, yes], index) => {
      const row = [...rows(2000 + index + 1)][2000 + index];
      return Number(yes > no) === row["label"];
    });
    expect(right.length).toBeGreaterThan(50);
  });

  test("without neighbours answers as before to the sixth digit", () => {
    const without = ["neighbours"];
    const old = observe(createEnsemble({ fields, target, without }), 600);
    const known = answers(old);
    const learner = createEnsemble({ fields: ["b", "noise", "a", "label"], target, without });
    carryOver(learner, written(old), "old.msgpack");
    expectSame(answers(learner), known, 1e-6);
  });

  test("to a class more keeps the others, and hardly ever names the new one", () => {
    const old = observe(createLearner({ fields, target }), 1200);
    const known = answers(old);
    const learner = createLearner({ fields, target: { ...target, classes: 3 } });
    const { fresh } = carryOver(learner, written(old), "old.msgpack");
    expect(fresh).toEqual(["class 2"]);
    const found = answers(learner);
    expectSame(found, known, 0.03);
    expect(Math.max(...found.map(([, , third]) => third))).toBeLessThan(0.03);
    const report = learner.report() as { confusion: number[][]; accuracy: number };
    expect(report.confusion).toHaveLength(3);
    expect(report.accuracy).toBe((old.report() as { accuracy: number }).accuracy);
  });

  test("for a number, to a field more, answers as before", () => {
    const options = { target: { column: "y" } };
    const old = observe(createLearner({ ...options, fields: ["a", "b", "y"] }), 1200);
    const known = answers(old);
    const learner = createLearner({ ...options, fields: ["b", "noise", "a", "y"] });
    const { fresh } = carryOver(learner, written(old), "old.msgpack");
    expect(fresh).toEqual(["field noise"]);
    expectSame(answers(learner), known, 1e-3);
    observe(learner, 300);
    expect((learner.report() as { r2: number }).r2).toBeGreaterThan(0.9);
  });

  test("to another order learns on as it would have", () => {
    const options = { target: { column: "y" } };
    const old = observe(createLearner({ ...options, fields: ["a", "b", "y"] }), 600);
    const learner = createLearner({ ...options, fields: ["b", "a", "y"] });
    carryOver(learner, written(old), "old.msgpack");
    for (const each of [old, learner]) observe(each, 200);
    expectSame(answers(learner), answers(old), 0.02);
  });

  test("to a field less says so, and goes on without it", () => {
    const old = observe(createLearner({ fields: ["noise", ...fields], target }), 1200);
    const known = answers(old);
    const learner = createLearner({ fields, target });
    const { removed } = carryOver(learner, written(old), "old.msgpack");
    expect(removed).toEqual(["noise"]);
    const agreeing = answers(learner).filter(([no], index) => no > 0.5 === known[index][0] > 0.5);
    expect(agreeing.length).toBeGreaterThan(50);
  });

  test("to another effort keeps the experts that both have", () => {
    const old = observe(createLearner({ fields, target }), 600);
    const learner = createEnsemble({ fields, target, effort: "low" });
    const { carried, fresh } = carryOver(learner, written(old), "old.msgpack");
    expect(carried).toEqual(expect.arrayContaining(["network", "naive-bayes", "linear"]));
    expect(fresh).toEqual(["weights of the experts", "scores"]);
  });
});

describe("a network that is carried over", () => {
  const model = (width: number) => ({ layers: [{ dense: width }, "tanh", "dense"] as never[] });

  test("to wider layers, a field more and another order has the same function to the bit", () => {
    const old = observe(createLearner({ fields, target, model: model(6) }), 900);
    const known = answers(old);
    const learner = createLearner({ fields: ["b", "noise", "a", "label"], target, model: model(9) });
    const { carried, fresh } = carryOver(learner, written(old), "old.msgpack");
    expect(carried).toContain("the network");
    expect(fresh).toEqual(["field noise", "3 units of layer 0"]);
    expectSame(answers(learner), known, 1e-6);
    observe(learner, 600);
    expect((learner.report() as { slidingAccuracy: number }).slidingAccuracy).toBeGreaterThan(0.8);
  });

  test("to a narrower layer says what it does without", () => {
    const old = observe(createLearner({ fields, target, model: model(6) }), 300);
    const learner = createLearner({ fields: ["a", "label"], target, model: model(5) });
    const { carried, removed } = carryOver(learner, written(old), "old.msgpack");
    expect(carried).toContain("the network");
    expect(removed).toEqual(["b", "1 unit of layer 0"]);
  });

  test("to other kinds of layers begins with new weights, and says so", () => {
    const old = observe(createLearner({ fields, target, model: model(6) }), 300);
    const layers = [{ dense: 6 }, "relu", { dense: 4 }, "tanh", "dense"] as never[];
    const learner = createLearner({ fields, target, model: { layers } });
    const { carried, fresh } = carryOver(learner, written(old), "old.msgpack");
    expect(fresh).toEqual(["the network"]);
    expect(carried).toEqual(["statistics of the fields", "scores"]);
  });

  test.each([
    ["a learning rate", { model: { ...model(6), optimizer: { rmsprop: { learningRate: 0.001 } } } }, "0.001"],
    [
      "an optimizer",
      { model: { ...model(6), optimizer: { adam: {} } } },
      "adam in the config and rmsprop in it",
    ],
    ["clipping", { model: { ...model(6), clip: { norm: 1 } } }, "model.clip"],
    ["a schedule", { model: { ...model(6), schedule: { exponential: {} } } }, "model.schedule"],
    [
      "a batch size",
      { model: model(6), training: { batchSize: 4 } },
      "training.batchSize is 4 in the config and 1",
    ],
  ])("goes on with %s that has changed, and says so in one sentence", (_, changed, words) => {
    const old = observe(createLearner({ fields, target, model: model(6) }), 301);
    const known = answers(old);
    const learner = createLearner({ fields, target, ...(changed as object) });
    const sentences = resume(learner, written(old), "old.msgpack");
    expect(sentences).toHaveLength(1);
    expect(sentences[0]).toContain(words);
    expect(answers(learner)).toEqual(known);
    observe(learner, 100);
    expect(learner.samplesSeen).toBe(401);
  });

  test("goes on at the rate that the config names now", () => {
    const old = observe(createLearner({ fields, target, model: model(6) }), 100);
    const changed = { ...model(6), optimizer: { rmsprop: { learningRate: 0.001 } } };
    const learner = createLearner({ fields, target, model: changed }) as never as {
      network: { learningRate: number };
    };
    resume(learner as never, written(old), "old.msgpack");
    expect(learner.network.learningRate).toBe(0.001);
  });
});

describe("what cannot be carried over is refused, with nothing changed:", () => {
  const named = (names: string[]) => ({ fields, target: { column: "label", classes: names.length, names } });
  test.each([
    ["another target", { fields, target: { column: "a" } }, "target.column is"],
    [
      "a single network",
      { fields, target, model: {} },
      "model is a single network in the config and the ensemble",
    ],
    ["other transforms", { fields, target, features: [{ clip: { limit: 4 } }] }, "features"],
    ["a class that is missing", named(["run", "fault"]), "add idle to target.classes"],
  ])("%s", (_, options, words) => {
    const old = observe(createLearner(named(["idle", "run"])), 100);
    const learner = createLearner(options as never);
    expect(() => carryOver(learner, written(old), "old.msgpack")).toThrow(words);
    expect(learner.samplesSeen).toBe(0);
  });

  test("classes whose names YAML would read as something else are to be written in quotes", () => {
    const old = observe(createLearner(named(["yes", "1"])), 100);
    const learner = createLearner(named(["1", "no"]));
    expect(() => carryOver(learner, written(old), "old.msgpack")).toThrow(
      'target.classes is "1", "no" in the config and "yes", "1" in it, and a class that it knows cannot be left out: add "yes" to target.classes',
    );
  });

  test.each([
    ["features of their numbers", { features: [{ lags: { of: ["label"], at: [1] } }] }, "features are made"],
    [
      "a loss of one output",
      { model: { layers: [{ dense: 1 }], loss: "binaryCrossEntropy" } },
      "by the sign of its output",
    ],
  ])("classes in another order beside %s", (_, options, words) => {
    const old = observe(createLearner({ ...named(["idle", "run"]), ...options } as never), 100);
    const learner = createLearner({ ...named(["run", "idle"]), ...options } as never);
    expect(() => carryOver(learner, written(old), "old.msgpack")).toThrow(words);
  });
});

/** What becomes of them is noted by this name. */
const waiting = "samples that wait for their batch";

describe("samples that wait for their batch", () => {
  const optionsFor = (batchSize: number, names = fields, width = 6) => ({
    ...{ fields: names, target, training: { batchSize } },
    model: { layers: [{ dense: width }, "tanh", "dense"] as never[] },
  });
  test.each([
    ["go on waiting in a wider network", optionsFor(8, fields, 9), true],
    ["are left out where a field is new, which is noted", optionsFor(8, ["noise", ...fields]), false],
    [
      "are left out where they are as many as a batch takes now, which is noted",
      optionsFor(5, fields, 9),
      false,
    ],
  ])("%s", (_, options, isCarried) => {
    const old = observe(createLearner(optionsFor(8)), 805);
    const learner = createLearner(options);
    const { carried, fresh } = carryOver(learner, written(old), "old.msgpack");
    expect([carried.includes(waiting), fresh.includes(waiting)]).toEqual([isCarried, !isCarried]);
    observe(learner, 3);
    expect(learner.counts.updates).toBe(isCarried ? 101 : 100);
  });
});

describe("classes in another order", () => {
  const classes = ["idle", "run", "fault"];
  const order = ["new", "fault", "idle", "run"];
  /** The column of each class of `classes` in an answer of `order`. */
  const inOrder = (answer: number[]) => classes.map((name) => answer[order.indexOf(name)]);
  const optionsFor = (names: string[]) => ({
    fields,
    target: { column: "label", classes: names.length, names },
  });

  /** Learns rows whose class is named, by the number that the name has. */
  function learn(learner: PrequentialLearner, names: string[], from: number, count: number): void {
    const random = createRandom(9);
    for (let i = 0; i < from + count; i++) {
      const [a, b] = [random.uniform() * 100, random.uniform()];
      const name = a < 30 ? "fault" : b > 0.5 ? "run" : "idle";
      // A class stays for some rows, so that the last label is of use.
      const label = names.indexOf(Math.floor(i / 9) % 4 === 0 ? "run" : name);
      if (i >= from) learner.observe(Float64Array.of(a, b, label), 0);
    }
  }

  test.each([
    ["an ensemble without neighbours", { without: ["neighbours"] }],
    ["an ensemble", {}],
    ["an ensemble with balanced rows", { training: { replay: { balance: "classes" } } }],
    ["a single network", { model: { layers: [{ dense: 6 }, "tanh", "dense"] }, training: { batchSize: 8 } }],
  ])("let %s answer as before, and learn on as it would have", (_, more) => {
    const old = createLearner({ ...optionsFor(classes), ...more } as never);
    learn(old, classes, 0, 903);
    const learner = createLearner({ ...optionsFor(order), ...more } as never);
    expect(carryOver(learner, written(old), "old.msgpack").fresh).toEqual(["class new"]);
    expectSame(answers(learner).map(inOrder), answers(old), 0.03);
    learn(old, classes, 903, 100);
    learn(learner, order, 903, 100);
    const [known, found] = [old, learner].map((each) => each.report() as never as Record<string, number>);
    for (const score of ["samples", "baselineAccuracy", "lastLabelAccuracy"]) {
      expect([score, found[score]]).toEqual([score, known[score]]);
    }
    expect(Math.abs(found["accuracy"] - known["accuracy"])).toBeLessThan(0.01);
    expectSame(answers(learner).map(inOrder), answers(old), 0.06);
  });

  test("is learned from samples that wait for their batch by its name", () => {
    const more = {
      model: { layers: [{ dense: 6 }, "tanh", "dense"] as never[] },
      training: { batchSize: 8 },
    };
    const old = createLearner({ ...optionsFor(classes), ...more });
    learn(old, classes, 0, 7);
    const learner = createLearner({ ...optionsFor(["fault", "idle", "run"]), ...more });
    const { carried, fresh } = carryOver(learner, written(old), "old.msgpack");
    expect([carried.includes(waiting), fresh]).toEqual([true, []]);
    learn(old, classes, 7, 1);
    learn(learner, ["fault", "idle", "run"], 7, 1);
    // The one update there is; without the samples that waited it would still be to come.
    expect([old, learner].map(({ counts }) => counts.updates)).toEqual([1, 1]);
    expectSame(
      answers(learner).map(([fault, idle, run]) => [idle, run, fault]),
      answers(old),
      1e-6,
    );
  });

  test("are found by their numbers where one of the two has no names", () => {
    const numbers = { fields, target };
    const named = { fields, target: { ...target, names: ["idle", "run"] } };
    for (const [from, to] of [
      [numbers, named],
      [named, numbers],
    ]) {
      const old = observe(createLearner(from), 600);
      const learner = createLearner(to);
      expect(carryOver(learner, written(old), "old.msgpack").fresh).toEqual([]);
      expectSame(answers(learner), answers(old), 1e-6);
    }
  });
});
