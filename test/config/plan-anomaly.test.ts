import { describe, expect, test } from "vitest";
import { parseConfig } from "../../src/config/config.ts";
import { planAnomaly } from "../../src/config/plan-anomaly.ts";

const columns = ["flow", "level", "state"];

function watchedOf(more: string, anomaly = "{}"): string[] | undefined {
  const text = `
source: { tcp: { host: 127.0.0.1, port: 9 }, framing: lines, fields: [${columns.join(", ")}], rate: 1 }
anomaly: ${anomaly}
timeZone: UTC
${more}`;
  return planAnomaly(parseConfig(text, "c.yaml"), columns, 0)?.columns;
}

describe("what is watched where nobody names it", () => {
  test("is every column but the target", () => {
    expect(watchedOf("")).toEqual(columns);
    expect(watchedOf("target: { column: state, classes: 2 }")).toEqual(["flow", "level"]);
  });

  test("is no past of a column, nor the clock, nor what is usual", () => {
    const features = `features:
  - lags: { of: [flow], at: [1, 2] }
  - differences: { of: [flow], at: [1] }
  - clock: [hourOfDay]
  - profile: { of: [level] }`;
    expect(watchedOf(features)).toEqual(columns);
    expect(watchedOf(`${features}\ntarget: { column: level }`)).toEqual(["flow", "state"]);
  });

  test("is what windows make of columns, and the columns beside them", () => {
    const features = `features:
  - differences: { of: [flow], at: [1] }
  - lags: { of: [state], at: [1] }
  - window: { of: [flow, flow_change1], size: 4, every: 4, take: [mean] }
  - window: { of: [level], size: 8, every: 4, take: [max] }
  - lags: { of: [flow_mean], at: [1] }`;
    expect(watchedOf(features)).toEqual(["state", "flow_mean", "flow_change1_mean", "level_max"]);
  });

  test("is a column that is forecast too: what it is now comes with each sample", () => {
    expect(watchedOf("target: { forecast: level, horizon: 5 }")).toEqual(columns);
  });
});

test("whoever names what a transform makes has it watched", () => {
  const features = "features: [{ lags: { of: [flow], at: [1] } }]";
  expect(watchedOf(features, "{ watch: [flow_lag1, level] }")).toEqual(["level", "flow_lag1"]);
});
