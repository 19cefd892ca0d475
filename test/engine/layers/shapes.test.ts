import { describe, expect, test } from "vitest";
import {
  averagePool2d,
  conv1d,
  conv2d,
  dense,
  flatten,
  globalAveragePool,
  gru,
  type Layer,
  maxPool1d,
  maxPool2d,
  relu,
  residual,
} from "../../../src/engine/model/model.ts";
import { unitsOf } from "../../../src/engine/planning/units.ts";

function shapeBehind(inputShape: number[], layers: Layer[]): number[] {
  const units = unitsOf({ inputShape, layers });
  return units[units.length - 1].outputShape;
}

describe("a sample's shape", () => {
  test.each<[string, number[], Layer, number[]]>([
    ["a convolution", [2, 12], conv1d(4, 3), [4, 10]],
    ["a convolution that leaves steps out", [2, 12], conv1d(4, 3, { stride: 2, padding: 1 }), [4, 6]],
    ["a dilated convolution", [3, 12], conv1d(4, 3, { dilation: 2 }), [4, 8]],
    ["a convolution of images", [2, 5, 6], conv2d(3, [3, 2], { stride: [1, 2], padding: [1, 0] }), [3, 5, 3]],
    ["a pool", [2, 13], maxPool1d(3, { stride: 2 }), [2, 6]],
    ["a pool whose last window is not whole", [2, 13], maxPool1d(2), [2, 6]],
    ["a pool of images", [3, 7, 6], averagePool2d(2), [3, 3, 3]],
    ["global pooling", [3, 7, 6], globalAveragePool(), [3]],
    ["flattening", [3, 7, 6], flatten(), [126]],
    ["a recurrent unit", [9, 3], gru(5), [5]],
    ["a recurrent unit's states", [9, 3], gru(5, { returns: "sequence" }), [9, 5]],
    ["a dense layer on the last axis", [9, 3], dense(5), [9, 5]],
    ["a residual block", [9, 3], residual([dense(3), relu()]), [9, 3]],
  ])("behind %s", (_, inputShape, layer, expected) => {
    expect(shapeBehind(inputShape, [layer])).toEqual(expected);
  });
});

describe("a stack that does not fit is refused", () => {
  test.each<[string, number[], Layer[], string]>([
    [
      "a convolution of a flat sample",
      [8],
      [conv1d(4, 3)],
      "model.layers[0] (conv1d) got samples of shape [8] but needs [channels, length], such as [1, 8]; set model.inputShape, or change the layers before it",
    ],
    [
      "an image convolution of a window",
      [3, 8],
      [relu(), conv2d(4, 3)],
      "model.layers[1] (conv2d) got samples of shape [3,8] but needs [channels, height, width], such as [1, 3, 8];",
    ],
    [
      "a kernel longer than the sample",
      [2, 4],
      [conv1d(4, 3, { dilation: 3 })],
      "model.layers[0] (conv1d) got samples of shape [2,4] but needs at least 7 along an axis of 4; make its kernel smaller, or the samples larger",
    ],
    [
      "groups that do not divide",
      [3, 9],
      [conv1d(4, 3, { groups: 2 })],
      "its 2 groups must divide the channels and the outputs (4)",
    ],
    ["a pool larger than the image", [1, 2, 2], [maxPool2d(3)], "needs at least 3 along an axis of 2"],
    [
      "a recurrent unit on a flat sample",
      [8],
      [gru(3)],
      "model.layers[0] (gru) got samples of shape [8] but needs [steps, features], such as [8, 1];",
    ],
    ["global pooling of a flat sample", [8], [globalAveragePool()], "needs [channels, ...], such as [1, 8];"],
    [
      "a residual block that changes the shape",
      [8],
      [residual([dense(3)])],
      "model.layers[0] (residual) must keep the shape of its samples: [8] became [3]",
    ],
    [
      "a layer within a residual block",
      [8],
      [relu(), residual([flatten(), conv1d(2, 3)])],
      "model.layers[1].residual[1] (conv1d) got samples of shape [8]",
    ],
    ["an axis too long", [1, 40_000], [conv1d(1, 3)], "accepts at most 32767 along an axis"],
  ])("%s", (_, inputShape, layers, message) => {
    expect(() => unitsOf({ inputShape, layers })).toThrow(message);
  });
});
