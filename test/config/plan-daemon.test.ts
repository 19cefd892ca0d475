import { expect, test } from "vitest";
import { parseConfig } from "../../src/config/config.ts";
import { planAnomaly } from "../../src/config/plan-anomaly.ts";
import { planConfig, planEnsembleOf, planFeaturesOf } from "../../src/config/plan-config.ts";
import { planDaemon } from "../../src/config/plan-daemon.ts";
import { planLabels } from "../../src/config/plan-labels.ts";

const columns = ["a", "b", "label"];
const classes = "target: { column: label, classes: 3 }\n";
const planOf = (text: string) => {
  const config = parseConfig(text, "c.yaml");
  return { config, planned: planDaemon(config, columns) };
};

test("a config that only watches needs the detector of anomalies", () => {
  const { config, planned } = planOf("anomaly: { alarmsPerWeek: 2 }\n");
  expect(planned.bytes).toBe(planAnomaly(config, columns, 0)?.bytes);
  expect(planned.checkpointBytes).toBeGreaterThan(planned.bytes);
});

test("the ensemble counts where no model is named, the network where one is", () => {
  const ensemble = planOf(classes);
  expect(ensemble.planned.bytes).toBe(planEnsembleOf(ensemble.config, columns).totalBytes);
  const network = planOf(`${classes}model: { layers: [dense] }\n`);
  expect(network.planned.bytes).toBe(planConfig(network.config, columns).totalBytes);
});

test.each([
  ["the detector", "anomaly: { alarmsPerWeek: 2 }\n"],
  ["samples that wait for labels", "labels: { keep: 10min }\n"],
  ["the past that features need", "features: [{ lags: { of: [a], at: [100] } }, standardize]\n"],
])("%s beside a learner takes more, in memory and in a checkpoint", (_, text) => {
  const { planned: alone } = planOf(classes);
  const { planned } = planOf(classes + text);
  expect(planned.bytes).toBeGreaterThan(alone.bytes);
  expect(planned.checkpointBytes).toBeGreaterThan(alone.checkpointBytes);
});

test("a budget that the detector exceeds is refused", () => {
  expect(() => planOf("anomaly: { alarmsPerWeek: 2 }\nmemory: { budget: 10KiB }\n")).toThrow(
    /memory\.budget/,
  );
});

test("of a window one row waits for its label, not each sample", () => {
  const sensor =
    "source: { stdin: true, framing: lines, rate: 1000, fields: [a, b] }\nlabels: { keep: 30s }\n";
  const window = "features: [{ window: { of: [a], size: 512, every: 250, take: [bands] } }, standardize]\n";
  const config = parseConfig(classes + sensor + window, "c.yaml");
  const { rate } = planFeaturesOf(config, columns);
  expect(planLabels(config, planEnsembleOf(config, columns).held, 0, rate)).toMatchObject({
    samples: 132,
    lastsMs: 33_000,
  });
});
