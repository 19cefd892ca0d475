import { createExtraction } from "../../src/features/extraction.ts";

const window = {
  ...{ of: ["ax", "ay", "az"], size: 128, every: 64 },
  take: [
    "mean",
    "sd",
    "logSd",
    "rms",
    "min",
    "max",
    "kurtosis",
    "crest",
    "crossings",
    "bands",
    "centroid",
    "envelope",
  ],
};
const extraction = createExtraction({
  columns: ["ax", "ay", "az", "y"],
  target: "y",
  rate: 100,
  timeZone: "Europe/Berlin",
  features: [
    { missing: ["az"] },
    { differences: { of: ["ax", "y"], at: [1, 3] } },
    { window },
    { relation: { of: ["ax_mean"], given: ["ay_mean", "az_rms"] } },
    { lags: { of: ["ax_mean", "y"], at: [1, 2, 60] } },
    { clock: ["hourOfDay", "dayOfWeek"] },
    { profile: { of: ["y"], by: "hourOfWeek" } },
  ],
});
const row = new Float64Array(4);
const time = new Float64Array(1);
let count = 0;

/** Two hundred thousand rows through every kind of transform. */
export default function repeat(): void {
  for (let i = 0; i < 200_000; i++) {
    row[0] = ((i * 37) % 101) / 7;
    row[1] = ((i * 53) % 211) / 3 + 0.125;
    row[2] = i % 5 === 3 ? Number.NaN : 9.81 + ((i * 11) % 13) / 100;
    row[3] = (i % 640) / 64;
    // Within a day: at its end the offset of the zone is looked up.
    time[0] = 1736121600_000 + (count++ % 80_000) * 10;
    extraction.push(row, 0, time, 0);
  }
}

// The optimizing compiler works beside this thread, and on a busy machine after it.
for (let turn = 0; turn < 3; turn++) {
  repeat();
  await new Promise((resolve) => setTimeout(resolve, 100));
}
