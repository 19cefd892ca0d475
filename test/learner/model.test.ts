import { describe, expect, test } from "vitest";
import {
  binaryCrossEntropy,
  dense,
  huber,
  logSoftmax,
  relu,
  sigmoid,
  softmaxCrossEntropy,
} from "../../src/engine/model/model.ts";
import { modelFor } from "../../src/learner/model.ts";

const classes = { column: "label", classes: 3 };
const yesOrNo = { column: "label", classes: 2 };
const value = { column: "flow", standardize: true };

describe("the model for a target", () => {
  test("is chosen whole where nothing is described", () => {
    expect(modelFor(classes, {}, 4).layers.at(-1)).toEqual(dense(3));
    expect(modelFor(classes, {}, 4).loss).toEqual(softmaxCrossEntropy());
    expect(modelFor(value, {}, 4).layers.at(-1)).toEqual(dense(1));
    expect(modelFor(value, {}, 4).loss).toEqual(huber({ delta: 1 }));
    expect(modelFor({ ...value, standardize: false }, {}, 4).loss.type).toBe("mse");
  });

  test("gets a dense layer of the target's width behind a last layer of another kind", () => {
    expect(modelFor(classes, { layers: [{ dense: 8 }, "relu"] }, 4).layers).toEqual([
      dense(8),
      relu(),
      dense(3),
    ]);
    expect(modelFor(classes, { layers: [] }, 4).layers).toEqual([dense(3)]);
  });

  test("takes the last width from the target where it is left out", () => {
    expect(modelFor(classes, { layers: ["dense"] }, 4).layers).toEqual([dense(3)]);
  });

  test("keeps an activation that turns the last dense layer into an answer", () => {
    const parts = {
      layers: [{ dense: 1 }, "sigmoid"],
      loss: { binaryCrossEntropy: { on: "probabilities" } },
    };
    expect(modelFor(yesOrNo, parts, 4).layers).toEqual([dense(1), sigmoid()]);
  });

  test("gets the activation that its loss is taken on, where the layers leave it out", () => {
    const probabilities = { binaryCrossEntropy: { on: "probabilities" } };
    const hidden = [{ dense: 4 }, "relu"];
    expect(modelFor(yesOrNo, { layers: hidden, loss: probabilities }, 4).layers.slice(2)).toEqual([
      dense(1),
      sigmoid(),
    ]);
    expect(modelFor(classes, { layers: ["dense"], loss: "negativeLogLikelihood" }, 4).layers).toEqual([
      dense(3),
      logSoftmax(),
    ]);
  });

  test("takes binary cross-entropy on one logit for two classes", () => {
    const model = modelFor(yesOrNo, { loss: "binaryCrossEntropy" }, 4);
    expect(model.loss).toEqual(binaryCrossEntropy());
    expect(model.layers.at(-1)).toEqual(dense(1));
  });

  test.each<[string, () => unknown, string]>([
    [
      "a last width that is not the target's",
      () => modelFor(classes, { layers: [{ dense: 5 }] }, 4),
      "model.layers[0] has 5 outputs but the target, 3 classes, takes 3; leave this layer out, which is then added",
    ],
    [
      "a loss for numbers on classes",
      () => modelFor(classes, { loss: "mse" }, 4),
      "model.loss is mse but the target is classes; use softmaxCrossEntropy",
    ],
    [
      "a loss for classes on a number",
      () => modelFor(value, { loss: "softmaxCrossEntropy" }, 4),
      "the target is a number",
    ],
    [
      "softmax before a loss that applies it itself",
      () => modelFor(classes, { layers: [{ dense: 3 }, "softmax"] }, 4),
      "model.layers[1] is softmax, but softmaxCrossEntropy takes logits and applies softmax itself; leave softmax out",
    ],
    [
      "a last width before an activation that is not the target's",
      () => modelFor(classes, { layers: [{ dense: 5 }, "logSoftmax"], loss: "negativeLogLikelihood" }, 4),
      "model.layers[0] has 5 outputs but the target, 3 classes, takes 3",
    ],
    [
      "yes or no on three classes",
      () => modelFor(classes, { loss: "binaryCrossEntropy" }, 4),
      "target.classes is 3",
    ],
  ])("is refused for %s", (_, make, sentence) => {
    expect(make).toThrow(sentence);
  });
});
