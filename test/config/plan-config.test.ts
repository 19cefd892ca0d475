import { describe, expect, test } from "vitest";
import { encodeCheckpoint } from "../../src/checkpoint/format.ts";
import { parseConfig } from "../../src/config/config.ts";
import { configuredNetworkLearner } from "../../src/config/configured-learner.ts";
import { mostCheckpointBytes, planConfig, planForFit } from "../../src/config/plan-config.ts";
import { checkpointOf } from "../../src/continuing/learner-checkpoint.ts";
import { threads } from "../../src/library/threads.ts";
import { History } from "../../src/status/history.ts";

const columns = ["a", "b", "label"];
const configOf = (text: string) => parseConfig(text, "c.yaml");
const classes = "target: { column: label, classes: 3 }\n";

describe("the plan of a config", () => {
  test.each(["workers: 2", "shards: 4"])(
    "is that of the daemon, which does not cut its batches for %s",
    (cut) => {
      const config = configOf(`${classes}training: { batchSize: 64, ${cut} }\n`);
      const planned = planConfig(config, columns);
      expect(planned.shards).toBeNull();
      expect(planned.totalBytes).toBe(configuredNetworkLearner(config, columns).network.plan.totalBytes);
    },
  );

  test("is not held to a budget for batches that only rivulet fit cuts", () => {
    const text = `${classes}training: { batchSize: 64, workers: 2 }\n`;
    const { totalBytes } = planConfig(configOf(text), columns);
    const config = configOf(`${text}memory: { budget: ${totalBytes}B }\n`);
    expect(planConfig(config, columns).totalBytes).toBe(totalBytes);
    expect(planForFit(config, columns)?.totalBytes).toBeGreaterThan(totalBytes);
  });

  test("for rivulet fit has the shards that its learner gets", () => {
    const config = configOf(`${classes}training: { batchSize: 64, workers: 1 }\n`);
    const { network } = configuredNetworkLearner(config, columns, { workers: threads(1) });
    expect(planForFit(config, columns)).toMatchObject({
      shards: { count: 4, rows: 16 },
      totalBytes: network.plan.totalBytes,
    });
    expect(planForFit(configOf(classes), columns)).toBeNull();
  });

  test("for rivulet fit has its batches where the config leaves them at one sample", () => {
    const config = configOf(`${classes}training: { shards: 2 }\n`);
    expect(planForFit(config, columns)).toMatchObject({ batchSize: 32, shards: { count: 2, rows: 16 } });
  });

  test("for rivulet fit refuses what needs the batch whole, which the daemon does not", () => {
    const layers = "model: { layers: [{ dense: 4 }, batchNorm, dense] }\n";
    const config = configOf(`${classes}${layers}training: { batchSize: 64, workers: 2 }\n`);
    expect(planConfig(config, columns).batchSize).toBe(64);
    expect(() => planForFit(config, columns)).toThrow("model.layers[1] (batchNorm) normalizes");
  });
});

describe("a checkpoint takes no more than is said, and more than a third of it,", () => {
  test.each([
    ["of few classes", classes, 50],
    ["of many classes", "target: { column: label, classes: 100 }\n", 300],
    ["of a number", "target: { column: label }\n", 50],
    [
      "with running statistics",
      `${classes}model: { layers: [{ dense: 600 }, batchNorm, tanh, dense] }\n`,
      50,
    ],
    ["with rows that wait for a batch", `${classes}training: { batchSize: 512 }\n`, 511],
    [
      "with an update that is half accumulated",
      `${classes}training: { batchSize: 64 }\nmemory: { batch: 8 }\nmodel: { layers: [{ dense: 500 }, dense], optimizer: sgd }\n`,
      63,
    ],
  ])("%s", (_, text, samples) => {
    const config = configOf(text);
    const learner = configuredNetworkLearner(config, columns);
    for (let sample = 0; sample < samples; sample++) {
      learner.observe(Float64Array.of(sample % 7, sample / 3, sample % 3), 0);
    }
    const history = new History(learner).state();
    const { length } = Buffer.concat(encodeCheckpoint({ ...checkpointOf(learner, config.name), history }));
    const most = mostCheckpointBytes(config, columns, planConfig(config, columns));
    expect(length).toBeLessThanOrEqual(most);
    expect(length).toBeGreaterThan(most / 3);
  });
});
