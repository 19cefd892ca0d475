import { DirectForecast } from "../../../src/learner/forecast/direct-forecast.ts";
import { createForecaster } from "../../../src/learner/forecast/forecaster.ts";

const halfHourMs = 1_800_000;
const tenSecondsMs = 10_000;
/** With both seasons in rows. */
const direct = new DirectForecast({ horizon: 3, rate: 1000 / halfHourMs, timeZone: "UTC" });
/** The moments of a row and of its forecast always have other quarters of an hour. */
const forecaster = createForecaster({
  fields: ["load", "heat"],
  target: { column: "load", horizon: 90 },
  stream: { rate: 1000 / tenSecondsMs, timeZone: "Europe/Berlin" },
});
const values = new Float64Array(2);
const time = new Float64Array(1);
let rows = 0;

/** Twenty thousand rows for each, of which one in fifty lacks its value. */
export default function repeat(): void {
  for (let i = 0; i < 20_000; i++) {
    const row = rows++;
    const load = 100.5 * Math.sin((row * Math.PI) / 24) + (row % 336) / 7 + (row % 13) * 1.25;
    values[0] = row % 50 === 49 ? Number.NaN : load;
    values[1] = (row % 7) * 1e6 + 0.5;
    time[0] = 1_767_225_600_000 + row * halfHourMs;
    direct.predict(values, 0, time, 0);
    direct.join();
    direct.learn(values, 0, time, 0);
    time[0] = 1_767_225_600_000 + row * tenSecondsMs;
    forecaster.observe(values, 0, time, 0);
  }
}

// The optimizing compiler works beside this thread, and on a busy machine after it.
for (let turn = 0; turn < 3; turn++) {
  repeat();
  await new Promise((resolve) => setTimeout(resolve, 100));
}
