import { describe, expect, test } from "vitest";
import { createPipeline } from "../../src/features/pipeline.ts";

const out = new Float32Array(4);

describe("a pipeline", () => {
  test("standardizes with the statistics so far and learns only when told", () => {
    const pipeline = createPipeline(["standardize"], 2);
    pipeline.learn(Float64Array.of(0, 100), 0);
    pipeline.learn(Float64Array.of(2, 300), 0);
    for (let i = 0; i < 3; i++) pipeline.transform(Float64Array.of(9, 2, 100), 1, out, 1);
    expect([...out.subarray(1, 3)]).toEqual([1, -1]);
  });

  test("without transforms hands raw values on", () => {
    const pipeline = createPipeline([], 2);
    pipeline.learn(Float64Array.of(5, 6), 0);
    pipeline.transform(Float64Array.of(5, 6), 0, out, 0);
    expect([...out.subarray(0, 2)]).toEqual([5, 6]);
  });

  test("of two transforms teaches the second what the first gives", () => {
    const pipeline = createPipeline(["standardize", "standardize"], 1);
    for (const value of [10, 20, 40, 80]) pipeline.learn(Float64Array.of(value), 0);
    pipeline.transform(Float64Array.of(80), 0, out, 0);
    expect(out[0]).toBeGreaterThan(0.5);
    expect(out[0]).toBeLessThan(3);
  });

  test("continues from its state", () => {
    const pipeline = createPipeline(["standardize"], 1);
    for (const value of [1, 5, 6]) pipeline.learn(Float64Array.of(value), 0);
    const copy = createPipeline(["standardize"], 1);
    copy.restore(structuredClone(pipeline.state()));
    for (const each of [pipeline, copy]) each.learn(Float64Array.of(8), 0);
    expect(copy.state()).toEqual(pipeline.state());
  });

  test("takes back nothing of a state of which one transform does not fit", () => {
    const pipeline = createPipeline(["standardize", "standardize"], 1);
    for (const value of [1, 5, 6]) pipeline.learn(Float64Array.of(value), 0);
    const before = structuredClone(pipeline.state());
    const [first] = createPipeline(["standardize", "standardize"], 1).state() as Float64Array[];
    expect(() => pipeline.restore([first, new Float64Array(9)])).toThrow("expected those of 1 columns");
    expect(() => pipeline.restore([first])).toThrow("expected a list of 2 transforms");
    expect(pipeline.state()).toEqual(before);
  });

  test("refuses an unknown transform with the nearest known one", () => {
    expect(() => createPipeline(["standardise"], 1)).toThrow(
      'features[0] names an unknown transform "standardise"; did you mean "standardize"?',
    );
    expect(() => createPipeline("standardize", 1)).toThrow("features must be auto, or a list");
    expect(() => createPipeline([{ windows: 3 }], 1)).toThrow('unknown transform "windows"');
    expect(() => createPipeline([3], 1)).toThrow('unknown transform "3"');
    expect(() => createPipeline([null], 1)).toThrow('unknown transform "null"');
  });

  test("refuses options for a transform that has none", () => {
    expect(() => createPipeline([{ standardize: { window: 3 } }], 1)).toThrow(
      "features[0].standardize has no options; write standardize alone",
    );
  });

  test("learns the same from a row at any offset, through every transform", () => {
    const rows = [
      [1, 10],
      [-9, 30],
      [3, 20],
    ];
    const learnedAt = (offset: number) => {
      const pipeline = createPipeline([{ clip: 5 }, "standardize"], 2);
      for (const row of rows) pipeline.learn(Float64Array.from([...Array(offset).fill(7), ...row]), offset);
      return structuredClone(pipeline.state());
    };
    expect(learnedAt(3)).toEqual(learnedAt(0));
  });

  test("clips after standardizing, and names every option in its description", () => {
    const pipeline = createPipeline(["standardize", { clip: 1.5 }], 2);
    for (const row of [
      [0, 0],
      [2, 2],
    ]) {
      pipeline.learn(Float64Array.from(row), 0);
    }
    pipeline.transform(Float64Array.of(100, 2), 0, out, 0);
    expect([...out.subarray(0, 2)]).toEqual([1.5, 1]);
    pipeline.transform(Float64Array.of(-100, 0), 0, out, 0);
    expect([...out.subarray(0, 2)]).toEqual([-1.5, -1]);
    expect(pipeline.description).toEqual(["standardize", { clip: { limit: 1.5 } }]);
    expect(createPipeline(pipeline.description, 2).description).toEqual(pipeline.description);
    expect(createPipeline(["clip"], 2).description).toEqual([{ clip: { limit: 4 } }]);
  });

  test.each([
    [{ clip: 0 }, "features[0].clip must be a number above 0, found 0", "features[0].clip"],
    [
      { clip: { limit: "4" } },
      'features[0].clip.limit must be a number above 0, found "4"',
      "features[0].clip.limit",
    ],
    [
      { clip: { limt: 4 } },
      'features[0].clip has no option "limt"; did you mean "limit"?',
      "features[0].clip",
    ],
    [{ clip: null }, "features[0].clip must be a number above 0, found null", "features[0].clip"],
  ])("refuses the option in %j", (written, sentence, path) => {
    expect(() => createPipeline([written], 1)).toThrow(expect.objectContaining({ message: sentence, path }));
  });

  test("refuses the state of another transform for one that has none", () => {
    const pipeline = createPipeline(["clip"], 1);
    expect(() => pipeline.restore([new Float64Array(5)])).toThrow("expected null");
    pipeline.restore(pipeline.state());
  });
});
