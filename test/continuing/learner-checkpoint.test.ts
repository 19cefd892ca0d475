import { describe, expect, test } from "vitest";
import { sealed } from "../../scripts/proof/hostile/sealed.ts";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../../src/checkpoint/format.ts";
import { checkpointOf, learnerFrom } from "../../src/continuing/learner-checkpoint.ts";
import { resume } from "../../src/continuing/resume.ts";
import { createRandom } from "../../src/engine/model/random.ts";
import { CheckpointError, RivuletError } from "../../src/errors/errors.ts";
import { createLearner } from "../../src/learner/create-learner.ts";
import { createNetworkLearner } from "../../src/learner/learner.ts";
import type { LearnerOptions } from "../../src/learner/learner-options.ts";
import type { PrequentialLearner } from "../../src/learner/prequential-learner.ts";
import type { State } from "../../src/state.ts";

const adam = (learningRate: number) => ({ optimizer: { adam: { learningRate } } });
const classes: LearnerOptions = {
  fields: ["a", "b", "label"],
  target: { column: "label", classes: 2 },
  model: adam(0.005),
};
const number: LearnerOptions = { fields: ["a", "b", "label"], target: { column: "b" } };

/** Shows the learner rows of a stream that is always the same. */
function observe<L extends PrequentialLearner>(learner: L, from: number, to: number): L {
  const random = createRandom(3);
  const row = new Float64Array(3);
  for (let i = 0; i < to; i++) {
    row[0] = 100 * random.uniform();
    row[1] = random.uniform();
    row[2] = Number(row[0] > 50 === row[1] > 0.5);
    // A row that must be refused now and then, so that there is a count of them to carry over.
    if (i % 17 === 0) row[2] = Number.NaN;
    if (i >= from) learner.observe(row, 0);
  }
  return learner;
}

/** The checkpoint as a file would hold it. */
function written(learner: PrequentialLearner): Checkpoint {
  return decodeCheckpoint(Buffer.concat(encodeCheckpoint(checkpointOf(learner, "test"))), "saved.msgpack");
}

/** The state as a file would hold it, but for the time. */
function encoded(learner: PrequentialLearner): Buffer {
  return Buffer.concat(encodeCheckpoint({ ...checkpointOf(learner), createdAt: "2026-01-01T00:00:00.000Z" }));
}

function refusal(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error("it was taken");
}

describe("a learner that went through a checkpoint", () => {
  test.each<[string, LearnerOptions, number]>([
    ["classes", classes, 200],
    ["a number", number, 200],
    ["a number as it is", { ...number, target: { column: "b", standardize: false } }, 200],
    ["batches, with rows accumulated for the next", { ...classes, training: { batchSize: 8 } }, 203],
    ["momentum and clipping", { ...classes, model: { optimizer: { momentum: {} }, clip: { norm: 1 } } }, 200],
    [
      "a plateau of the loss",
      { ...classes, model: { schedule: { plateau: { window: 9, patience: 1 } } } },
      200,
    ],
    ["nothing yet", classes, 0],
  ])("continues bit for bit: %s", (_, options, samples) => {
    const whole = observe(createNetworkLearner(options), 0, samples + 150);
    const checkpoint = written(observe(createNetworkLearner(options), 0, samples));
    const resumed = createNetworkLearner(options);
    resume(resumed, checkpoint, "saved.msgpack");
    const rebuilt = learnerFrom(checkpoint, "saved.msgpack");
    for (const learner of [resumed, rebuilt]) {
      observe(learner, samples, samples + 150);
      expect(learner.state()).toEqual(whole.state());
      expect(learner.describe()).toEqual(whole.describe());
    }
  });
});

describe("an ensemble that went through a checkpoint", () => {
  test.each<[string, LearnerOptions, number]>([
    ["classes", { fields: classes.fields, target: classes.target }, 200],
    ["a number", number, 200],
    ["a transform ahead of it", { ...number, features: ["standardize", { clip: 2 }] }, 60],
    ["nothing yet", number, 0],
  ])("continues bit for bit: %s", (_, { model, ...options }, samples) => {
    const whole = observe(createLearner(options), 0, samples + 150);
    const checkpoint = written(observe(createLearner(options), 0, samples));
    const resumed = createLearner(options);
    resume(resumed, checkpoint, "saved.msgpack");
    const rebuilt = learnerFrom(checkpoint, "saved.msgpack");
    for (const learner of [resumed, rebuilt]) {
      observe(learner, samples, samples + 150);
      expect(encoded(learner)).toEqual(encoded(whole));
      expect(learner.describe()).toEqual(whole.describe());
    }
  });

  test.each<[string, LearnerOptions]>([
    ["model is a single network in the config and the ensemble in it", classes],
    [
      'model.ensemble.effort is "low" in the config and "high" in it',
      { ...classes, model: undefined, training: { effort: "low" } },
    ],
    ["training.seed is 2 in the config and 1 in it", { ...classes, model: undefined, training: { seed: 2 } }],
  ])("is refused by another learner: %s", (difference, options) => {
    const checkpoint = written(observe(createLearner({ ...classes, model: undefined }), 0, 50));
    const error = refusal(() => resume(createLearner(options), checkpoint, "saved.msgpack"));
    expect(error.message).toContain(
      `saved.msgpack was saved with a different configuration: ${difference}; `,
    );
  });

  test("is refused where its state is not that of its description", () => {
    const checkpoint = written(observe(createLearner({ ...classes, model: undefined }), 0, 50));
    const error = refusal(() => learnerFrom({ ...checkpoint, learnerState: { parts: [] } }, "x.msgpack"));
    expect(error).toBeInstanceOf(CheckpointError);
  });
});

test("resume continues with the options of a transform, and refuses others", () => {
  const clipped = (limit: number) => ({ ...classes, features: ["standardize", { clip: limit }] });
  const checkpoint = written(observe(createNetworkLearner(clipped(2)), 0, 50));
  const whole = observe(createNetworkLearner(clipped(2)), 0, 90);
  const resumed = createNetworkLearner(clipped(2));
  resume(resumed, checkpoint, "saved.msgpack");
  expect(observe(resumed, 50, 90).state()).toEqual(whole.state());
  expect(learnerFrom(checkpoint, "saved.msgpack").describe().features).toEqual([
    "standardize",
    { clip: { limit: 2 } },
  ]);
  const error = refusal(() => resume(createNetworkLearner(clipped(3)), checkpoint, "saved.msgpack"));
  expect(error.message).toContain("features[1].clip.limit is 3 in the config and 2 in it");
});

test("resume continues with other kernels, to the bit, and says so in a sentence", () => {
  const withKernels = (deterministic: boolean) => ({ ...classes, training: { deterministic } });
  const begun = observe(createNetworkLearner(withKernels(false)), 0, 50);
  const resumed = createNetworkLearner(withKernels(true));
  expect(resume(resumed, written(begun), "saved.msgpack")).toEqual([
    "the settings have changed, and what was learned continues with them: training.deterministic is true in the config and false in it",
  ]);
  expect(resumed.state()).toEqual(begun.state());
});

describe("resume refuses a checkpoint of another learner, and changes nothing:", () => {
  test.each<[string, LearnerOptions]>([
    ['fields[0] is "c" in the config and "a" in it', { ...classes, fields: ["c", "b", "label"] }],
    [
      'fields[3] is "more" in the config and nothing in it',
      { ...classes, fields: [...classes.fields, "more"] },
    ],
    [
      "target.classes is 3 in the config and 2 in it",
      { ...classes, target: { column: "label", classes: 3 } },
    ],
    ['features[0] is nothing in the config and "standardize" in it', { ...classes, features: [] }],
    [
      "model.layers[0].dense.outputs is 8 in the config and 16 in it",
      { ...classes, model: { ...adam(0.005), layers: [{ dense: 8 }, "tanh"] } },
    ],
  ])("%s", (difference, options) => {
    const checkpoint = written(observe(createNetworkLearner(classes), 0, 50));
    const learner = observe(createNetworkLearner(options), 0, 0);
    const before = structuredClone(learner.state());
    const error = refusal(() => resume(learner, checkpoint, "saved.msgpack"));
    expect(error).toBeInstanceOf(RivuletError);
    const advice = difference.startsWith("features")
      ? ""
      : "rivulet migrate . --config CONFIG carries over what was learned, or ";
    expect(error.message).toBe(
      `saved.msgpack was saved with a different configuration: ${difference}; ${advice}name another checkpoint.directory to start over, or put the config back`,
    );
    expect(learner.state()).toEqual(before);
  });
});

describe("a checkpoint whose parts contradict each other is refused as one:", () => {
  const good = () => written(observe(createNetworkLearner(classes), 0, 50));

  test("a network alone", () => {
    const error = refusal(() => learnerFrom({ ...good(), features: null, target: null }, "net.msgpack"));
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error.message).toBe("net.msgpack holds only a network and no learner; load it with loadNetwork");
  });

  test("a description of no learner", () => {
    const target = { column: "nowhere", classes: 2 };
    const error = refusal(() => learnerFrom({ ...good(), target }, "x.msgpack"));
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error.message).toContain('x.msgpack describes no learner: target.column names "nowhere"');
  });

  test("parameters that the model has no place for", () => {
    const checkpoint = good();
    const error = refusal(() =>
      learnerFrom({ ...checkpoint, parameters: checkpoint.parameters.slice(1) }, "x.msgpack"),
    );
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error.message).toContain('x.msgpack describes no learner: the state has no "0.weight"');
  });

  test.each(["features", "target", "learnerState", "metrics", "featureState"] as const)(
    "%s of another shape",
    (key) => {
      const error = refusal(() => learnerFrom({ ...good(), [key]: "nonsense" }, "x.msgpack"));
      expect(error).toBeInstanceOf(CheckpointError);
      expect(error.message).toContain("x.msgpack ");
    },
  );
});

describe("a small file that describes a large learner is refused before anything is allocated:", () => {
  const ofNetwork = () => written(observe(createNetworkLearner(classes), 0, 50));
  const ofEnsemble = () => written(observe(createLearner(number), 0, 50));
  const many = (count: number) => Array.from({ length: count }, (_, index) => `f${index}`);
  const model = (checkpoint: Checkpoint) => checkpoint.model as { layers: State[] };

  test.each<[string, () => Checkpoint, (good: Checkpoint) => Partial<Checkpoint>, string]>([
    [
      "columns of an ensemble",
      ofEnsemble,
      () => ({ features: { fields: [...many(20_000), "b"], transforms: ["standardize"] } }),
      "it would need",
    ],
    ["classes", ofNetwork, () => ({ target: { column: "label", classes: 2048 } }), "it would need"],
    [
      "a layer",
      ofNetwork,
      (good) => ({
        model: { ...model(good), layers: [{ dense: { outputs: 1e9, bias: true } }, "tanh"] } as State,
      }),
      '"0.weight" has shape [16,2], expected [1000000000,2]',
    ],
    [
      "layers",
      ofNetwork,
      (good) => ({ model: { ...model(good), layers: many(100_000).map(() => "relu") } as State }),
      "it has 100000 layers, expected at most 1000",
    ],
    [
      "transforms",
      ofNetwork,
      () => ({
        features: { fields: classes.fields as string[], transforms: many(1000).map(() => "standardize") },
      }),
      "it has 1000 transforms, expected at most 64",
    ],
    [
      "an input",
      ofNetwork,
      (good) => ({ model: { ...model(good), inputShape: [1e9] } as State }),
      "is [1000000000]",
    ],
  ])("%s", (_, make, change, sentence) => {
    const good = make();
    const before = process.memoryUsage().arrayBuffers;
    const error = refusal(() => learnerFrom({ ...good, ...change(good) }, "x.msgpack"));
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error.message).toContain(sentence);
    expect(error.message.length).toBeLessThan(600);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20e6);
  });

  test("a batch too large for its file is worked on sample by sample", () => {
    const good = written(observe(createNetworkLearner({ ...classes, training: { batchSize: 64 } }), 0, 50));
    const training = { ...(good.training as object), batchSize: 1e9 };
    const rebuilt = learnerFrom({ ...good, training }, "x.msgpack");
    expect(rebuilt.memory.bytes).toBeLessThan(20e3);
  });

  test("a shape of 100,000 axes is refused by their number", () => {
    const good = ofNetwork();
    const [first, ...others] = good.parameters;
    const parameters = [{ ...first, shape: Array.from({ length: 100_000 }, () => 1) }, ...others];
    expect(() => decodeCheckpoint(sealed({ ...good, parameters }), "x.msgpack")).toThrow(
      "parameters[0].shape has 100000 axes, expected at most 8",
    );
  });
});
