import { describe, expect, test } from "vitest";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../../src/checkpoint/format.ts";
import { checkpointOf } from "../../src/continuing/learner-checkpoint.ts";
import {
  modelOf,
  publishedDescription,
  publishedDescriptionIn,
  readModel,
  requireFitting,
} from "../../src/continuing/model-file.ts";
import type { WrittenPart } from "../../src/engine/model/description.ts";
import { createRandom } from "../../src/engine/model/random.ts";
import { createLearner } from "../../src/learner/create-learner.ts";
import { Ensemble } from "../../src/learner/ensemble.ts";
import { createForecaster } from "../../src/learner/forecast/forecaster.ts";
import type { Learner } from "../../src/learner/learner.ts";
import type { LearnerOptions } from "../../src/learner/learner-options.ts";
import type { PrequentialLearner } from "../../src/learner/prequential-learner.ts";

const fields = ["a", "b", "c"];
const classes: LearnerOptions = { fields, target: { column: "c", classes: 2 } };
const number: LearnerOptions = { fields, target: { column: "b" } };
const clipped: LearnerOptions = { ...classes, features: ["standardize", { clip: { limit: 1 } }] };
const network: LearnerOptions = { ...classes, model: {}, training: { batchSize: 4 } };
const networkOfNumber: LearnerOptions = { ...number, model: { layers: [{ dense: 4 }, "relu"] } };

function trained(options: LearnerOptions, rows = 150): PrequentialLearner {
  const learner = createLearner(options);
  const random = createRandom(3);
  for (let i = 0; i < rows; i++) {
    const a = 100 * random.uniform();
    const b = random.uniform();
    learner.observe(Float64Array.of(a, b, Number(a > 50 === b > 0.5)), 0);
  }
  return learner;
}

const written = (learner: PrequentialLearner): Checkpoint =>
  decodeCheckpoint(Buffer.concat(encodeCheckpoint(checkpointOf(learner, "pump"))), "saved.msgpack");

/** A model file with a change, its digest right. */
function changed(bytes: Uint8Array, change: (checkpoint: Checkpoint) => void): Uint8Array {
  const checkpoint = decodeCheckpoint(bytes, "model");
  change(checkpoint);
  return Buffer.concat(encodeCheckpoint(checkpoint));
}

const outgoing = (learner: PrequentialLearner) =>
  learner instanceof Ensemble ? learner.outgoing() : (learner as Learner).outgoing();

describe("a model file", () => {
  test.each<[string, LearnerOptions]>([
    ["an ensemble for classes", classes],
    ["an ensemble for a number", number],
    ["an ensemble behind a transform", clipped],
    ["a single network", network],
    ["a single network of a number", networkOfNumber],
  ])("holds the network and the statistics of %s", (_, options) => {
    const learner = trained(options);
    const { description, bytes } = modelOf(written(learner));
    const read = readModel(bytes, "model");
    expect(read.model).toEqual(outgoing(learner));
    expect(read.description).toEqual(description);
    expect(description).toEqual(publishedDescription(learner.describe() as never));
    expect(read).toMatchObject({ samplesSeen: learner.samplesSeen, name: "pump" });
  });

  test("is much smaller than the checkpoint of an ensemble", () => {
    const checkpoint = written(trained(classes, 1200));
    expect(modelOf(checkpoint).bytes.length).toBeLessThan(
      0.1 * Buffer.concat(encodeCheckpoint(checkpoint)).length,
    );
  });

  test("is of an ensemble with a replayed network, or of a single network", () => {
    const low = written(trained({ ...classes, training: { effort: "low" } }));
    expect(() => modelOf(low, "low.msgpack")).toThrow(
      /low.msgpack holds an ensemble without a replayed network/,
    );
    const forecaster = createForecaster({ fields, target: { column: "a", horizon: 2, coverage: 0.9 } });
    expect(() => modelOf(written(forecaster))).toThrow(/found a forecaster, expected an ensemble/);
  });
});

describe("what is not a sound model is refused in a sentence", () => {
  const { bytes } = modelOf(written(trained(classes)));
  const ofNumber = modelOf(written(trained(number))).bytes;
  const ofNetwork = modelOf(written(trained(network))).bytes;

  test("a checkpoint", () => {
    const checkpoint = Buffer.concat(encodeCheckpoint(written(trained(classes))));
    expect(() => readModel(checkpoint, "x")).toThrow(/x is a checkpoint, expected a model file/);
  });

  test("a file with one bit changed, or cut short", () => {
    const damaged = Uint8Array.from(bytes);
    damaged[bytes.length >> 1] ^= 4;
    expect(() => readModel(damaged, "x")).toThrow(/x is damaged/);
    expect(() => readModel(bytes.subarray(0, -1), "x")).toThrow(/x is truncated/);
  });

  type Stored = { statistic: { moments: Float64Array } };
  test.each<[string, Uint8Array, (checkpoint: Checkpoint) => void, RegExp]>([
    [
      "a weight that is not a number",
      bytes,
      ({ parameters }) => parameters[0].data.fill(Number.NaN, 3, 4),
      /NaN/,
    ],
    [
      "a weight of a network alone",
      ofNetwork,
      ({ parameters }) => parameters[0].data.fill(1 / 0, 3, 4),
      /Infinity/,
    ],
    ["a tensor that is missing", bytes, ({ parameters }) => void parameters.pop(), /./],
    [
      "a negative variance",
      bytes,
      ({ featureState }) => (featureState as unknown as Stored).statistic.moments.fill(-1, 4, 5),
      /the variance of column 0 is -1/,
    ],
    [
      "a target without statistics",
      ofNumber,
      (checkpoint) => void Object.assign(checkpoint, { learnerState: { network: {}, target: null } }),
      /statistics/,
    ],
    [
      "layers that would need gigabytes",
      bytes,
      (checkpoint) =>
        void Object.assign(checkpoint, { model: { published: "ensemble", layers: [{ dense: 2 ** 30 }] } }),
      /./,
    ],
    ["no statistics", ofNetwork, (checkpoint) => void Object.assign(checkpoint, { featureState: null }), /./],
    [
      "no fields",
      bytes,
      (checkpoint) => void Object.assign(checkpoint, { features: {} }),
      /its fields are not a list/,
    ],
    [
      "nothing",
      bytes,
      (checkpoint) => void Object.assign(checkpoint, { features: null, learnerState: null }),
      /./,
    ],
  ])("%s", (_, file, change, reason) => {
    expect(() => readModel(changed(file, change), "x")).toThrow(
      /^x holds no model that can be trained further: /,
    );
    expect(() => readModel(changed(file, change), "x")).toThrow(reason);
  });
});

describe("a model fits", () => {
  const model = publishedDescriptionIn(written(trained(classes)));
  const fits = (own: object) => () => requireFitting({ ...model, ...own } as typeof model, model, "it");
  const named = (names: string[]) => ({ ...model, target: { column: "c", classes: 2, names } });

  test("the device with the same fields, target, features and layers", () => {
    expect(fits({})).not.toThrow();
    expect(fits({ fields: ["a", "x", "c"] })).toThrow(
      /it was trained for something else: fields\[1\] is "x"/,
    );
    expect(fits({ target: { column: "c", classes: 3 } })).toThrow(/target.classes is 3/);
    expect(fits({ model: { published: "ensemble", layers: ["relu"] } })).toThrow(/model.layers/);
    expect(fits({ model: { published: "network" } })).toThrow(/model.published/);
  });

  test("another learning rate, not another optimizer", () => {
    const own = (optimizer: WrittenPart) =>
      publishedDescription(trained({ ...network, model: { optimizer } }).describe() as never);
    const slow = own({ adam: { learningRate: 0.001 } });
    expect(() => requireFitting(slow, own({ adam: { learningRate: 0.1 } }), "it")).not.toThrow();
    expect(() => requireFitting(slow, own({ sgd: { learningRate: 0.1 } }), "it")).toThrow(/optimizer/);
  });

  test("classes of which fewer are known by name, in the same order", () => {
    expect(() => requireFitting(named([]), named(["idle", "run"]), "it")).not.toThrow();
    expect(() => requireFitting(named(["idle", "run"]), named(["idle"]), "it")).not.toThrow();
    expect(() => requireFitting(named(["run", "idle"]), named(["idle", "run"]), "it")).toThrow(
      /target.classes\[0\] is "run"/,
    );
  });
});
