import { describe, expect, test } from "vitest";
import { parseConfig } from "../../src/config/config.ts";
import { configuredLearner, configuredNetworkLearner } from "../../src/config/configured-learner.ts";
import { planEnsembleOf, planFeaturesOf } from "../../src/config/plan-config.ts";
import type { Forecaster } from "../../src/learner/forecast/forecaster.ts";

const source =
  "source: { tcp: { host: 127.0.0.1, port: 9 }, framing: lines, fields: [temperature], rate: 0.1 }";
const read = (...lines: string[]) => parseConfig(lines.join("\n"), "c.yaml");

describe("target: { forecast }", () => {
  test("needs one column, and counts a horizon in time by the rate", () => {
    const config = read(source, "target: { forecast: temperature, horizon: 1h, interval: 0.8 }");
    expect(config.target).toEqual({
      column: "temperature",
      standardize: true,
      forecast: { horizon: "1h", coverage: 0.8 },
    });
    const learner = configuredLearner(config, ["temperature"]) as Forecaster;
    expect(learner.describe().target).toEqual({ column: "temperature", horizon: 360, coverage: 0.8 });
    expect(planFeaturesOf(config, ["temperature"]).columns).toContain("temperature_lag8640");
    expect(planEnsembleOf(config, ["temperature"]).totalBytes).toBe(learner.memory.bytes);
  });

  test("behind a window counts rows of the window", () => {
    const config = read(
      source.replace("[temperature]", "[temperature, load]"),
      "features: [{ window: { of: [load], size: 6, every: 1min, take: [mean] } }]",
      "target: { forecast: temperature, horizon: 30min }",
    );
    const learner = configuredLearner(config, ["temperature", "load"]) as Forecaster;
    expect(learner.columns).toEqual(["temperature", "load_mean"]);
    expect(learner.describe().target.horizon).toBe(30);
  });

  test.each([
    ["target: { forecast: flow }", '"flow" is not a column of source.fields'],
    ["target: { forecast: temperature, column: temperature }", "is beside target.forecast"],
    ["target: { forecast: temperature, classes: 3 }", "target.classes does not belong to a forecast"],
    ["target: { column: temperature, horizon: 3 }", "target.horizon belongs to a forecast"],
    ["target: { forecast: temperature, horizon: 0 }", "a whole number of at least 1, a time such as 10s"],
    ["target: { forecast: temperature, interval: 90 }", "a number above 0 and below 1"],
    ["target: {}", 'the key "column" is missing'],
    ["target: { forecast: temperature }\nmodel: {}", "model is a network that learns alone"],
    ["target: { forecast: temperature }\nlabels: {}", "labels come from outside"],
  ])("refuses %s", (written, sentence) => {
    expect(() => read(source, written)).toThrow(sentence);
  });

  test("refuses a horizon in time without a rate", () => {
    const without = source.replace(", rate: 0.1", "");
    expect(() => read(without, "target: { forecast: temperature, horizon: 1h }")).toThrow(
      /target\.horizon is "1h", but nothing says how many rows that is; set source\.rate[^\n]*$/,
    );
  });

  test("is not trained over epochs of a file", () => {
    const config = read(source, "target: { forecast: temperature }");
    expect(() => configuredNetworkLearner(config, ["temperature"])).toThrow(
      "target.forecast is learned row by row",
    );
  });
});

describe("features of the past", () => {
  const pump =
    "source: { tcp: { host: 127.0.0.1, port: 9 }, framing: lines, fields: [flow, valve], rate: 1600 }";

  test("are chosen by the rate and the columns where they are auto", () => {
    const fast = read(pump, "features: auto", "target: { column: valve, classes: 2 }");
    const planned = planFeaturesOf(fast, ["flow", "valve"]);
    expect(planned.description[0]).toMatchObject({ window: { of: ["flow"], size: 512, every: 512 } });
    expect(planned.columns).toHaveLength(18);
    const slow = read(pump.replace("1600", "0.01"), "features: auto", "target: { column: flow }");
    expect(planFeaturesOf(slow, ["flow", "valve"]).description[0]).toEqual({
      lags: { of: ["flow"], at: [1, 2, 3, 864, 6048] },
    });
  });

  test("know nothing of the past of a target whose labels come later", () => {
    const late = ["labels: { keep: 10min }", "target: { column: state, classes: 2 }"];
    expect(() => read(pump, ...late, "features: [{ lags: { of: [state], at: [1] } }]")).toThrow(
      'makes lags of the target "state", whose labels come later than the samples',
    );
    expect(read(pump, ...late, "features: auto").features).toBe("auto");
  });

  test("are refused where a column does not exist, and where a sequence has two ends", () => {
    const target = "target: { column: valve, classes: 2 }";
    expect(() => read(pump, target, "features: [{ lags: { of: [flaw], at: [1] } }]")).toThrow(
      'c.yaml:3: features[0].lags.of names "flaw", which is not a column; did you mean "flow"?',
    );
    expect(() => read(pump, target, "sequence: { by: flow, gap: 2s }")).toThrow(
      "sequence must have by or gap",
    );
    expect(() =>
      read(pump, target, "features: [{ lags: { of: [flow], at: [100000] } }]", "memory: { budget: 64KiB }"),
    ).toThrow("features need 800040 bytes");
  });
});
