import { describe, expect, test } from "vitest";
import { decodeCheckpoint, encodeCheckpoint } from "../../../src/checkpoint/format.ts";
import { scoreFacts } from "../../../src/commands/results/scores.ts";
import { checkpointOf, learnerFrom } from "../../../src/continuing/learner-checkpoint.ts";
import { resume } from "../../../src/continuing/resume.ts";
import { createRandom } from "../../../src/engine/model/random.ts";
import { loweredEffort } from "../../../src/learner/effort.ts";
import { DirectForecast } from "../../../src/learner/forecast/direct-forecast.ts";
import { createForecaster, type ForecasterOptions } from "../../../src/learner/forecast/forecaster.ts";
import { evaluatePrequentially } from "../../../src/training/prequential.ts";

const hour = 3_600_000;
const monday = 1736121600_000;

/** Hours of a house's temperature: days, weekends, and noise that lasts. */
function temperatures(hours: number, seed = 3): { values: Float64Array; times: Float64Array } {
  const random = createRandom(seed);
  let noise = 0;
  const values = Float64Array.from({ length: hours }, (_, i) => {
    noise = 0.8 * noise + random.uniform() - 0.5;
    const isWeekend = Math.floor(i / 24) % 7 > 4;
    return 20 + (isWeekend ? 0.3 : 3) * Math.sin((2 * Math.PI * i) / 24) + noise;
  });
  return { values, times: Float64Array.from(values, (_, i) => monday + i * hour) };
}

interface Run {
  answers: number[];
  forecast: DirectForecast;
}

function run(values: Float64Array, times: Float64Array, horizon: number, to = values.length): Run {
  const forecast = new DirectForecast({ horizon, rate: 1 / 3600, timeZone: "UTC" });
  const answers: number[] = [];
  for (let i = 0; i < to; i++) {
    forecast.predict(values, i, times, i);
    forecast.join();
    answers.push(forecast.answer[0]);
    forecast.learn(values, i, times, i);
  }
  return { answers, forecast };
}

describe("a direct forecast", () => {
  test.each([1, 6, 24, 30])(
    "%d hours ahead is better than the last value and the season, and knows its errors",
    (horizon) => {
      const { values, times } = temperatures(4000);
      const { forecast } = run(values, times, horizon);
      const [own, last, day, week] = forecast.errors;
      expect(own).toBeLessThan(0.95 * Math.min(last, day, week));
      expect(forecast.interval.realizedCoverage).toBeGreaterThan(0.87);
      expect(forecast.interval.realizedCoverage).toBeLessThan(0.93);
      expect(forecast.meanWidth).toBeGreaterThan(0.5);
    },
  );

  test("scores each forecast with the value that comes one horizon later", () => {
    const { values, times } = temperatures(400);
    const { answers, forecast } = run(values, times, 5);
    const errors = answers.slice(1, -5).map((answer, i) => Math.abs(answer - values[i + 6]));
    // The first row has no scale, the second but one value: neither waits.
    const counted = errors.slice(errors.length - forecast.scored);
    expect(forecast.scored).toBeGreaterThan(390);
    expect(forecast.errors[0]).toBeCloseTo(
      counted.reduce((sum, error) => sum + error, 0) / counted.length,
      9,
    );
  });

  test("looks at no value that comes later", () => {
    const { values, times } = temperatures(900);
    const changed = values.slice();
    changed.fill(1e6, 800);
    expect(run(changed, times, 3, 800).answers).toEqual(run(values, times, 3, 900).answers.slice(0, 800));
  });

  test("continues from its state bit for bit", () => {
    const { values, times } = temperatures(700);
    const whole = run(values, times, 12).forecast;
    const { forecast } = run(values, times, 12, 333);
    const part = new DirectForecast({ horizon: 12, rate: 1 / 3600, timeZone: "UTC" });
    part.restore(structuredClone(forecast.state()));
    for (let i = 333; i < 700; i++) {
      part.predict(values, i, times, i);
      part.join();
      part.learn(values, i, times, i);
    }
    expect(part.state()).toEqual(whole.state());
  });

  test("says that nothing is better than the last value where the change is noise", () => {
    const random = createRandom(8);
    let walk = 0;
    const values = Float64Array.from({ length: 4000 }, () => (walk += random.uniform() - 0.5));
    const { forecast } = run(
      values,
      Float64Array.from(values, (_, i) => monday + i * hour),
      4,
    );
    const [own, last] = forecast.errors;
    expect(Math.abs(1 - own / last)).toBeLessThan(0.03);
  });
});

const options: ForecasterOptions = {
  fields: ["temperature"],
  target: { column: "temperature", horizon: 6 },
  effort: "low",
  stream: { rate: 1 / 3600, timeZone: "UTC" },
};

describe("a forecaster", () => {
  test("of a single column adds its past and its season, and tells how much it is worth", async () => {
    const { values } = temperatures(2500);
    const forecaster = createForecaster(options);
    await evaluatePrequentially(forecaster, values);
    expect(forecaster.columns).toContain("temperature_lag168");
    const report = forecaster.report();
    expect(report.forecast.skillOverLastValue).toBeGreaterThan(0.5);
    expect(report.forecast.skillOverSeason).toBeGreaterThan(0.1);
    expect(report.forecast.horizonMs).toBe(6 * hour);
    expect(report.interval.coverage).toBeGreaterThan(0.85);
    expect(report.experts.map(({ name }) => name)).toContain("ensemble");
    expect(report.mae).toBeLessThan(Math.min(...report.baselines.map(({ loss }) => loss)));
  });

  test("without a rate knows no season, and says nothing of one", async () => {
    const { values } = temperatures(600);
    const forecaster = createForecaster({ ...options, features: [], stream: { timeZone: "UTC" } });
    await evaluatePrequentially(forecaster, values);
    const { forecast, baselines, experts } = forecaster.report();
    expect(forecast).toMatchObject({ skillOverSeason: null, horizonMs: null });
    const { value, lower, upper } = forecast.latest ?? { value: Number.NaN, lower: 0, upper: 0 };
    expect(value).toBe(forecaster.prediction[0]);
    expect([lower, upper]).toEqual([forecaster.lower, forecaster.upper]);
    expect(baselines.map(({ name }) => name)).toEqual(["last value"]);
    expect(experts.map(({ name }) => name)).toEqual(["last value", "least squares", "ensemble"]);
    expect(experts.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 9);
    expect(scoreFacts(forecaster.report()).flat().join(" ")).not.toMatch(/season|before|null/);
  });

  test("continues from its checkpoint bit for bit, in the middle of a horizon", () => {
    const { values } = temperatures(500);
    const whole = createForecaster(options);
    const first = createForecaster(options);
    for (let i = 0; i < 500; i++) whole.observe(values, i);
    for (let i = 0; i < 301; i++) first.observe(values, i);
    const stored = decodeCheckpoint(Buffer.concat(encodeCheckpoint(checkpointOf(first))), "a");
    const resumed = createForecaster(options);
    resume(resumed, stored, "a");
    for (const second of [resumed, learnerFrom(stored, "a")]) {
      for (let i = 301; i < 500; i++) second.observe(values, i);
      expect(second.prediction).toEqual(whole.prediction);
      expect(second.report()).toEqual(whole.report());
    }
  });

  test.each(["normal", "low"] as const)(
    "goes on at effort %s in the middle of a horizon, which its checkpoint keeps",
    (effort) => {
      const { values } = temperatures(500);
      const high = { ...options, effort: "high" } as const;
      const whole = createForecaster(high);
      const usual = createForecaster(high);
      for (let i = 0; i < 301; i++) for (const each of [whole, usual]) each.observe(values, i);
      whole.setEffort(effort);
      expect(loweredEffort(whole)).toBe(effort);
      const resumed = createForecaster(high);
      resume(resumed, decodeCheckpoint(Buffer.concat(encodeCheckpoint(checkpointOf(whole))), "a"), "a");
      expect(resumed.effort).toBe(effort);
      for (let i = 301; i < 500; i++) for (const each of [whole, usual, resumed]) each.observe(values, i);
      expect(resumed.report()).toEqual(whole.report());
      expect(whole.report()).not.toEqual(usual.report());
      expect(() => createForecaster({ ...options, effort: "low" }).setEffort("high")).toThrow(
        "planned for low, expected that or a lower one",
      );
    },
  );

  test("passes over values that are missing, and over a pause", () => {
    const { values } = temperatures(600);
    const forecaster = createForecaster(options);
    for (let i = 0; i < 600; i++) {
      const isPaused = i > 300 && i < 320;
      const row = Float64Array.of(i % 50 === 7 ? Number.NaN : values[i]);
      if (!isPaused) forecaster.observe(row, 0);
      else {
        forecaster.predict(row, 0);
        forecaster.skip();
      }
    }
    expect(Number.isFinite(forecaster.prediction[0])).toBe(true);
    expect(forecaster.unlabelled).toBe(11);
    // Of 600 rows 11 have no value and as many no truth, 19 were in the pause and as many had no row six before.
    expect(forecaster.samplesSeen).toBeGreaterThan(520);
    expect(forecaster.samplesSeen).toBeLessThan(560);
  });

  test("refuses a column that is not there, and a horizon of nothing", () => {
    expect(() => createForecaster({ ...options, target: { column: "flow", horizon: 6 } })).toThrow(
      'found a forecast of "flow" 6 rows ahead, expected one of temperature',
    );
    expect(() => createForecaster({ ...options, target: { column: "temperature", horizon: 0.5 } })).toThrow(
      "a whole number of rows of at least 1",
    );
  });
});
