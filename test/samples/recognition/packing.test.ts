import { describe, expect, test } from "vitest";
import { cobs } from "../../../src/samples/decoding/cobs.ts";
import { defineFields, type FieldType } from "../../../src/samples/decoding/fields.ts";
import { createFrameEncoder } from "../../../src/samples/decoding/frames.ts";
import { recognizeFrames } from "../../../src/samples/recognition/frame-stream.ts";

/** The types proposed for a device that sends these types with these values. */
function guess(types: FieldType[], sample: (index: number) => number[]): FieldType[] {
  const encoder = createFrameEncoder(defineFields(types.map((type, index) => ({ name: `x${index}`, type }))));
  const target = Buffer.alloc(50 * encoder.maximumBytes + 1);
  let end = 1;
  for (let index = 0; index < 50; index++) end = encoder.encode(sample(index), index, index, target, end);
  const found = recognizeFrames(target.subarray(0, end), "frames", cobs);
  if (found === null || typeof found === "string") throw new Error("no frames");
  return found.fields.map(({ type }) => type);
}

describe("the packing of a frame is proposed as", () => {
  test.each<[string, FieldType[], (index: number) => number[]]>([
    ["floats", ["f32", "f32", "f32"], (i) => [21.5 + i / 10, -0.003 * i, 101_325 + i]],
    ["floats and a label", ["f32", "f32", "u8"], (i) => [Math.sin(i), 1e3 * Math.cos(i), i % 3]],
    ["integers of 16 bits", ["i16", "i16", "i16"], (i) => [2000 + i, -i, 3 * i]],
    ["such integers and a label", ["i16", "u16", "i16", "u8"], (i) => [100 - i, 32_750 + i, i - 9, i % 2]],
    ["an integer and a float", ["i16", "f32"], (i) => [2150 + i, 0.1 + i / 100]],
    ["doubles", ["f64", "f64"], (i) => [20 + i / 7, Math.sin(i + 1)]],
    ["one byte", ["u8"], (i) => [i]],
  ])("%s", (_, types, sample) => {
    expect(guess(types, sample)).toEqual(types);
  });

  test("integers where there is nothing but zeros", () => {
    expect(guess(["f32"], () => [0])).toEqual(["i16", "i16"]);
  });
});
