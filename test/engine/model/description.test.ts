import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  clipFromDescription,
  describeModel,
  layersFromDescription,
  lossFromDescription,
  modelFromDescription,
  optimizerFromDescription,
  scheduleFromDescription,
} from "../../../src/engine/model/description.ts";
import {
  adam,
  conv2d,
  dense,
  dropout,
  gru,
  huber,
  leakyRelu,
  type Model,
  maxPool2d,
  momentum,
  radam,
  relu,
  residual,
  rmsprop,
  tanh,
} from "../../../src/engine/model/model.ts";
import {
  constant,
  cosineDecay,
  exponentialDecay,
  reduceOnPlateau,
  stepDecay,
} from "../../../src/engine/model/schedule.ts";
import { stacks } from "../stacks.ts";

describe("the written form of a model", () => {
  test("names layers alone, with their width, or with all options", () => {
    const written = ["relu", { dense: 16 }, { dense: { outputs: 3, bias: false } }, { leakyRelu: 0.2 }];
    expect(layersFromDescription(written, "layers")).toEqual([
      relu(),
      dense(16),
      dense(3, { bias: false }),
      leakyRelu(0.2),
    ]);
  });

  test("takes the width of an open last dense layer from outside", () => {
    expect(layersFromDescription([{ dense: 8 }, "dense"], "layers", 3)).toEqual([dense(8), dense(3)]);
    expect(() => layersFromDescription(["dense", "relu"], "layers", 3)).toThrow("layers[0] has no width");
    expect(() => layersFromDescription(["dense"], "layers")).toThrow("layers[0] has no width");
  });

  test("reads back what describeModel writes, through JSON", () => {
    const model: Model = {
      inputShape: [5],
      layers: [dense(7), tanh(), dense(2)],
      loss: huber({ delta: 0.5 }),
      optimizer: momentum({ learningRate: 0.3 }),
      clip: { type: "norm", maximum: 2 },
    };
    expect(modelFromDescription(JSON.parse(JSON.stringify(describeModel(model))))).toEqual(model);
  });

  test("reads back every layer, with all its options", () => {
    fc.assert(
      fc.property(stacks, (stack) => {
        const model = { ...stack, loss: huber(), optimizer: adam(), clip: null };
        expect(modelFromDescription(JSON.parse(JSON.stringify(describeModel(model))))).toEqual(model);
      }),
    );
  });

  test("takes values as their functions make them", () => {
    fc.assert(
      fc.property(stacks, ({ layers }) => {
        expect(layersFromDescription(layers, "layers")).toEqual(layers);
      }),
    );
    for (const optimizer of [adam({ learningRate: 0.01 }), momentum(), radam(), rmsprop({ momentum: 0.9 })]) {
      expect(optimizerFromDescription(optimizer, "optimizer")).toEqual(optimizer);
    }
    for (const schedule of [stepDecay(), exponentialDecay(), cosineDecay(), reduceOnPlateau(), constant()]) {
      expect(scheduleFromDescription(schedule, "schedule")).toEqual(schedule);
    }
    expect(lossFromDescription(huber({ delta: 2 }), "loss")).toEqual(huber({ delta: 2 }));
    expect(clipFromDescription({ type: "norm", maximum: 2 }, "clip")).toEqual({ type: "norm", maximum: 2 });
  });

  test("checks the options of such a value as those of a written one", () => {
    expect(() => layersFromDescription([{ type: "dense", outputs: -1 }], "layers")).toThrow(
      "layers[0].dense.outputs must be",
    );
    expect(() => layersFromDescription([{ type: "dens" }], "layers")).toThrow(
      'layers[0] names an unknown layer "dens"; did you mean "dense"?',
    );
    expect(() => layersFromDescription([{ relu: null, tanh: null }], "layers")).toThrow(
      'layers[0] must be one layer, as a name or as "name: options", not {"relu":null,"tanh":null}; known are',
    );
  });

  test("takes one number for both axes of an image, and a kernel alone for a pool", () => {
    const written = [
      { conv2d: { outputs: 4, kernel: 3, padding: [1, 0] } },
      { maxPool2d: 2 },
      { gru: 5 },
      "dropout",
    ];
    expect(layersFromDescription(written, "layers")).toEqual([
      conv2d(4, 3, { padding: [1, 0] }),
      maxPool2d(2),
      gru(5),
      dropout(),
    ]);
    const block = [{ residual: ["relu", { dense: { outputs: 3, frozen: ["weight"] } }] }];
    expect(layersFromDescription(block, "layers")).toEqual([
      residual([relu(), dense(3, { frozen: ["weight"] })]),
    ]);
  });

  test("fills in the optimizer's defaults", () => {
    expect(optimizerFromDescription("adam", "optimizer")).toEqual(adam());
    expect(optimizerFromDescription({ momentum: { learningRate: 0.1 } }, "optimizer")).toEqual(
      momentum({ learningRate: 0.1 }),
    );
  });

  test("needs no clip", () => {
    expect(clipFromDescription(null, "clip")).toBeNull();
    expect(clipFromDescription({ value: 0.5 }, "clip")).toEqual({ type: "value", maximum: 0.5 });
  });
});

describe("a wrong description is refused with its place and what to do:", () => {
  test.each<[string, () => unknown, string]>([
    [
      "convolution without a kernel",
      () => layersFromDescription([{ conv1d: { outputs: 3 } }], "model.layers"),
      "model.layers[0].conv1d has no kernel; write { conv1d: { outputs: 8, kernel: 8 } }",
    ],
    [
      "kernel of three axes",
      () => layersFromDescription([{ conv2d: { outputs: 3, kernel: [3, 3, 3] } }], "model.layers"),
      "model.layers[0].conv2d.kernel must be a whole number of 1 or more, or two of them as [height, width]",
    ],
    [
      "layer within a residual block",
      () => layersFromDescription(["relu", { residual: ["tanh", "rellu"] }], "model.layers"),
      'model.layers[1].residual[1] names an unknown layer "rellu"; did you mean "relu"?',
    ],
    [
      "class weights that are none",
      () => lossFromDescription({ softmaxCrossEntropy: { classWeights: [1, -1] } }, "model.loss"),
      "model.loss.softmaxCrossEntropy.classWeights must be a list of numbers of 0 or more",
    ],
    [
      "unknown layer",
      () => layersFromDescription(["rellu"], "model.layers"),
      'model.layers[0] names an unknown layer "rellu"; did you mean "relu"?',
    ],
    [
      "unknown option",
      () => optimizerFromDescription({ adam: { learningrate: 1 } }, "model.optimizer"),
      'model.optimizer.adam.learningrate is unknown; did you mean "learningRate"?',
    ],
    [
      "width of 0",
      () => layersFromDescription([{ dense: 0 }], "model.layers"),
      "model.layers[0].dense.outputs must be a whole number of 1 or more, not 0",
    ],
    [
      "text for a number",
      () => optimizerFromDescription({ sgd: { learningRate: "fast" } }, "optimizer"),
      'optimizer.sgd.learningRate must be a number above 0, at most a million, not "fast"',
    ],
    [
      "momentum of 1",
      () => optimizerFromDescription({ sgd: { momentum: 1 } }, "optimizer"),
      "must be a number from 0 up to, but not including, 1",
    ],
    [
      "negative slope",
      () => layersFromDescription([{ leakyRelu: -1 }], "layers"),
      "must be a number of 0 or more",
    ],
    [
      "value for a layer without options",
      () => layersFromDescription([{ relu: 3 }], "layers"),
      "layers[0].relu takes no options, found 3; write relu",
    ],
    [
      "value that an option was meant to have",
      () => optimizerFromDescription({ adam: 0.01 }, "optimizer"),
      "optimizer.adam must hold its options by name, found 0.01; write { adam: { learningRate: 0.01 } }",
    ],
    [
      "value that the first option cannot have",
      () => optimizerFromDescription({ adam: "fast" }, "optimizer"),
      'optimizer.adam must hold its options by name, found "fast"; known are learningRate, weightDecay',
    ],
    [
      "value for a layer that needs more than one",
      () => layersFromDescription([{ conv1d: 3 }], "layers"),
      "layers[0].conv1d must hold its options by name, found 3; write { conv1d: { outputs: 8, kernel: 8 } }",
    ],
    [
      "two layers in one",
      () => layersFromDescription([{ relu: null, tanh: null }], "layers"),
      "layers[0] must be one layer",
    ],
    [
      "layers that are no list",
      () => layersFromDescription("relu", "layers"),
      "layers must be a list of layers",
    ],
    ["unknown loss", () => lossFromDescription("hubber", "loss"), 'did you mean "huber"?'],
    [
      "name of a built-in property",
      () => lossFromDescription("constructor", "loss"),
      'unknown loss "constructor"',
    ],
    ["missing outputs", () => layersFromDescription([{ dense: { bias: true } }], "layers"), "has no outputs"],
  ])("%s", (_, read, sentence) => {
    expect(read).toThrow(sentence);
  });
});
