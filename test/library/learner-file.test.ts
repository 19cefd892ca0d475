import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openStore } from "../../src/checkpoint/store.ts";
import {
  createForecaster,
  createLearner,
  createNetwork,
  dense,
  type Ensemble,
  type Expert,
  type Forecaster,
  type Learner,
  loadLearner,
  mse,
  saveLearner,
  saveNetwork,
  sgd,
} from "../../src/index.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rivulet-learner-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const fields = ["a", "b", "label"];
const classes = { fields, target: { column: "label", classes: 2 } };
const past = { features: [{ lags: { of: ["a"], at: [1, 5] } }] };

type AnyLearner = Ensemble | Forecaster | Learner;

/** Shows the learner rows of a stream that is always the same, 100 ms apart. */
function observe<L extends AnyLearner>(learner: L, from: number, to: number): L {
  const times = new Float64Array(1);
  for (let i = from; i < to; i++) {
    times[0] = 100 * i;
    learner.observe(Float64Array.of(Math.sin(i), Math.cos(i / 7), Math.sin(i) > 0.2 ? 1 : 0), 0, times, 0);
  }
  return learner;
}

/** Answers of a learner to the rows, one after the other, and the scores that these came to. */
function courseOf(learner: AnyLearner, from: number, to: number) {
  const answers = [];
  for (let i = from; i < to; i++) answers.push(...observe(learner, i, i + 1).prediction);
  return { answers, report: learner.report(), description: learner.describe() };
}

describe("a learner in a file continues bit for bit:", () => {
  test.each<[string, () => AnyLearner]>([
    ["the ensemble", () => createLearner(classes)],
    ["a single network", () => createLearner({ ...classes, model: {}, training: { batchSize: 4 } })],
    ["the ensemble on features of the past", () => createLearner({ ...classes, ...past })],
    ["a network on features of the past", () => createLearner({ ...classes, ...past, model: {} })],
    ["a forecaster", () => createForecaster({ fields, target: { column: "a", horizon: 3 } })],
  ])("%s", (_, create) => {
    const path = join(folder, "learner.msgpack");
    saveLearner(observe(create(), 0, 83), path);
    const again = loadLearner(path);
    expect(again.constructor).toBe(create().constructor);
    expect(courseOf(again, 83, 150)).toEqual(courseOf(observe(create(), 0, 83), 83, 150));
  });

  test("an ensemble with an expert of the user's own, which is handed over again", () => {
    const create = () => createLearner({ ...classes, experts: [{ name: "coin", expert: coin() }] });
    const path = join(folder, "learner.msgpack");
    saveLearner(observe(create(), 0, 60), path);
    const again = loadLearner(path, { experts: [{ name: "coin", expert: coin() }] });
    expect(courseOf(again, 60, 90)).toEqual(courseOf(observe(create(), 0, 60), 60, 90));
    expect(() => loadLearner(path)).toThrow(/found none in the options, expected coin/);
  });
});

/** Counts the rows that it has learned, and knows nothing. */
function coin(): Expert {
  const rows = new Float64Array(1);
  return {
    predict: (_, answers, at) => answers.fill(0.5, at, at + 2),
    learn: () => void rows[0]++,
    restart: () => void rows.fill(0),
    state: () => rows,
    restore: (state) => rows.set(state as Float64Array),
  };
}

test("a learner whose numbers have overflowed goes back before it is saved, so that it can be loaded", () => {
  const learner = observe(createLearner({ ...classes, model: {} }), 0, 83) as Learner;
  const [first, ...others] = learner.network.parameters();
  first.data[0] = Number.POSITIVE_INFINITY;
  learner.network.setParameters([first, ...others]);
  const path = join(folder, "overflown.msgpack");
  saveLearner(learner, path);
  expect([learner.recoveries, loadLearner(path).recoveries]).toEqual([1, 1]);
});

describe("a folder of learners", () => {
  test("is created, holds the newest ones, and loads the newest", () => {
    const learner = createLearner(classes);
    const path = join(folder, "new/checkpoints/");
    for (let i = 0; i < 4; i++) saveLearner(observe(learner, 10 * i, 10 * i + 10), path, { keep: 2 });
    expect(readdirSync(path).filter((name) => name.endsWith(".msgpack"))).toHaveLength(2);
    expect(loadLearner(path).samplesSeen).toBe(40);
  });

  test("is left alone while a daemon uses it, and read all the same", () => {
    const learner = observe(createLearner(classes), 0, 10);
    saveLearner(learner, folder);
    const store = openStore(folder);
    try {
      expect(() => saveLearner(learner, folder)).toThrow(/use/);
      expect(loadLearner(folder).samplesSeen).toBe(10);
    } finally {
      store.close();
    }
  });

  test("that is empty, is missing, or holds damaged ones alone is refused in a sentence", () => {
    expect(() => loadLearner(folder)).toThrow(/there is no valid checkpoint in/);
    expect(() => loadLearner(join(folder, "missing"))).toThrow(/cannot read/);
    writeFileSync(join(folder, "checkpoint-00000001.msgpack"), "damaged");
    expect(() => loadLearner(folder)).toThrow(/there is no valid checkpoint in .*checkpoint-00000001/);
  });
});

test("a network alone is no learner, and is named as one", () => {
  const path = join(folder, "network.msgpack");
  const model = { inputShape: [2], layers: [dense(1)], loss: mse(), optimizer: sgd({ learningRate: 0.1 }) };
  saveNetwork(createNetwork(model), path);
  expect(() => loadLearner(path)).toThrow(/load it with loadNetwork/);
});

test("a file that cannot be written is named", () => {
  const path = join(folder, "missing/learner.msgpack");
  expect(() => saveLearner(createLearner(classes), path)).toThrow(/cannot save the learner as .*missing/);
});
