import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { encodeCheckpoint } from "../../../src/checkpoint/format.ts";
import { readCheckpoint } from "../../../src/checkpoint/read-checkpoint.ts";
import { compareCheckpoints, type Difference } from "../../../src/commands/inspect/compare.ts";
import { checkpointOf } from "../../../src/continuing/learner-checkpoint.ts";
import { resume } from "../../../src/continuing/resume.ts";
import { createLearner } from "../../../src/learner/create-learner.ts";
import type { PrequentialLearner } from "../../../src/learner/prequential-learner.ts";
import { folderWith } from "../../rivulet.ts";

const task = { fields: ["a", "label"], target: { column: "label", classes: 2 }, model: {} };

function observe<Learner extends PrequentialLearner>(learner: Learner, from: number, to: number): Learner {
  for (let i = from; i < to; i++) learner.observe(Float64Array.of(Math.sin(i), Number(Math.sin(i) > 0)), 0);
  return learner;
}

function saved(folder: string, name: string, learner: PrequentialLearner): string {
  const path = join(folder, name);
  writeFileSync(path, Buffer.concat(encodeCheckpoint(checkpointOf(learner, "pump"))));
  return path;
}

test("two checkpoints of one learner differ in samples, scores and weights", () => {
  const folder = folderWith({});
  const learner = observe(createLearner(task), 0, 100);
  const first = readCheckpoint(saved(folder, "a.msgpack", learner));
  const second = readCheckpoint(saved(folder, "b.msgpack", observe(learner, 100, 300)));
  const { data, text } = compareCheckpoints(first, second);
  const { differences, parameters } = data as {
    differences: Difference[];
    parameters: { distance: number }[];
  };
  const keys = differences.map(({ key }) => key).filter((key) => key !== "createdAt");
  expect(keys).toEqual(["samplesSeen", "updates", "scores.samples", "scores.log loss", "scores.accuracy"]);
  expect(differences.find(({ key }) => key === "samplesSeen")).toMatchObject({ first: 100, second: 300 });
  expect(parameters.every(({ distance }) => distance > 0)).toBe(true);
  expect(text).toMatch(/^samplesSeen +100 +300$/m);
});

test("what two configs say differently is named by its key, and tensors of another shape are", () => {
  const folder = folderWith({});
  const other = { ...task, fields: ["a", "b", "label"], training: { batchSize: 4 } };
  const first = readCheckpoint(saved(folder, "a.msgpack", createLearner(task)));
  const second = readCheckpoint(saved(folder, "b.msgpack", createLearner(other)));
  const { data } = compareCheckpoints(first, second);
  const { differences, parameters } = data as { differences: Difference[]; parameters: object[] };
  expect(differences).toContainEqual({ key: "training.batchSize", first: 1, second: 4 });
  expect(differences).toContainEqual({ key: "features.fields[2]", first: null, second: "label" });
  expect(parameters[0]).toEqual({ name: "0.weight", distance: null, share: null });
});

test("a learner that moved to another board goes on to the bit as it would have", () => {
  const [here, there] = [folderWith({}), folderWith({})];
  const learner = observe(createLearner(task), 0, 200);
  const { file, bytes } = readCheckpoint(saved(here, "a.msgpack", learner));
  expect(bytes).toBeGreaterThan(0);
  const moved = createLearner(task);
  expect(resume(moved, readCheckpoint(file).checkpoint, file)).toEqual([]);
  for (const each of [learner, moved]) observe(each, 200, 300);
  const paths = [saved(here, "b.msgpack", learner), saved(there, "b.msgpack", moved)];
  const { data } = compareCheckpoints(readCheckpoint(paths[0]), readCheckpoint(paths[1]));
  const { differences, parameters } = data as {
    differences: Difference[];
    parameters: { distance: number }[];
  };
  expect(differences.filter(({ key }) => key !== "createdAt")).toEqual([]);
  expect(parameters.every(({ distance }) => distance === 0)).toBe(true);
});
