import { describe, expect, test } from "vitest";
import { createLearner } from "../../src/learner/create-learner.ts";
import type { PrequentialLearner } from "../../src/learner/prequential-learner.ts";

const task = { fields: ["a", "b", "label"], target: { column: "label", classes: 2 } };

test.each<[string, unknown, string]>([
  ["nothing", undefined, "found undefined as the options of a learner"],
  ["another name", { columns: ["a", "label"], target: task.target }, "columns is not an option of a learner"],
  ["no fields", { target: task.target }, "fields must be a list of names"],
  ["numbers as names", { ...task, fields: [1, 2] }, "fields must be a list of names"],
  ["no target", { fields: ["a"] }, "target must be an object"],
  ["a column as the target", { ...task, target: "label" }, "target must be an object"],
])("a learner is not made of %s", (_, options, words) => {
  expect(() => createLearner(options as never)).toThrow(words);
});

describe.each([
  ["the ensemble", task],
  ["a network", { ...task, model: {} }],
])("%s refuses what is no sample, in one sentence and with nothing changed:", (_, options) => {
  test.each<[string, (learner: PrequentialLearner) => unknown, string]>([
    [
      "an object",
      (learner) => learner.observe({ a: 1, b: 2, label: 0 } as never, 0),
      "found object as a sample",
    ],
    ["a number", (learner) => learner.observe(1 as never, 0), "found number as a sample"],
    ["nothing", (learner) => learner.observe(undefined as never, 0), "found undefined as a sample"],
    ["null", (learner) => learner.observe(null as never, 0), "found null as a sample"],
    ["a short array", (learner) => learner.observe(Float64Array.of(1, 2), 0), "found 2 numbers"],
    ["an offset past the last row", (learner) => learner.observe(new Float64Array(6), 4), "at offset 4"],
    ["no offset", (learner) => learner.observe(new Float64Array(3), undefined as never), "offset undefined"],
    ["an offset that is not a number", (learner) => learner.observe(new Float64Array(3), Number.NaN), "NaN"],
    ["a part of an offset", (learner) => learner.predict(new Float64Array(9), 0.5), "at offset 0.5"],
    ["a prediction of a short array", (learner) => learner.predict(Float64Array.of(1), 0), "found 1 numbers"],
  ])("%s", (_, call, words) => {
    const learner = createLearner(options);
    learner.observe(Float64Array.of(1, 2, 1), 0);
    const before = structuredClone(learner.state());
    expect(() => call(learner)).toThrow(words);
    expect(learner.state()).toEqual(before);
  });
});
