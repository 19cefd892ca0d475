/** What features of the past are worth: windows of a telephone's motion, the past of a town's bicycles, whole walks. */
import { join } from "node:path";
import { createEnsemble } from "../../src/learner/ensemble.ts";
import { createNetworkLearner } from "../../src/learner/learner.ts";
import type { PrequentialLearner } from "../../src/learner/prequential-learner.ts";
import { permuted, readText } from "./held-out.ts";

const axes = ["ax", "ay", "az", "gx", "gy", "gz"];
const samples = 128;
const take = [...["mean", "sd", "logSd", "min", "max", "rms", "kurtosis", "crest", "crossings"], "bands"];

const rowsIn = (text: string): number[][] =>
  text
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => line.split(",").map(Number));

function print(name: string, measured: number, goal: number, isLess = false): number {
  const isGood = isLess ? measured <= goal : measured >= goal;
  console.log(
    `${name.padEnd(58)}${measured.toPrecision(4).padEnd(10)}${isLess ? "at most" : "at least"} ${goal}${isGood ? "" : "  MISSED"}`,
  );
  return isGood ? 0 : 1;
}

const accuracyOf = (learner: PrequentialLearner) => (learner.report() as { accuracy: number }).accuracy;

/** Each row of the file is a window of six axes: they are fed sample by sample. */
function motion(text: string): number {
  const learner = createNetworkLearner({
    fields: [...axes, "label"],
    target: { column: "label", classes: 6 },
    features: [{ window: { of: axes, size: samples, every: samples, take } }, "standardize"],
    model: { layers: ["dense"], optimizer: { rmsprop: { learningRate: 0.01 } } },
  });
  const row = new Float64Array(axes.length + 1);
  for (const cells of rowsIn(text)) {
    row[axes.length] = cells[cells.length - 1];
    for (let i = 0; i < samples; i++) {
      for (let axis = 0; axis < axes.length; axis++) row[axis] = cells[1 + axis * samples + i];
      learner.observe(row, 0);
    }
  }
  return accuracyOf(learner);
}

/** Hourly rentals with their past: by least squares alone, and by the ensemble. */
function bicycles(text: string): { leastSquares: number; ensemble: number } {
  const [header] = text.split("\n");
  const fields = header.trim().split(",");
  const of = ["target"];
  const learner = createEnsemble({
    fields,
    target: { column: "target" },
    stream: { rate: 1 / 3600, timeZone: "UTC" },
    features: [
      { lags: { of, at: [1, 2, 3, "1d", "1w"] } },
      { clock: ["hourOfDay"] },
      { profile: { of, by: "hourOfWeek" } },
      "standardize",
    ],
  });
  const time = new Float64Array(1);
  let day = 0;
  let before = -1;
  for (const cells of rowsIn(text)) {
    // A few hours are missing: the time follows from the hours and days.
    if (cells[3] <= before) day++;
    before = cells[3];
    time[0] = Date.UTC(2011, 0, 1 + day, before);
    learner.observe(Float64Array.from(cells), 0, time, 0);
  }
  const report = learner.report();
  const leastSquares = report.experts.find(({ name }) => name === "least-squares")?.loss ?? Number.NaN;
  return { leastSquares, ensemble: (report as { mae: number }).mae };
}

/** Walks between four anchors, in random order: each is one row, made as it ends. */
function walks(text: string): number {
  const walks = new Map<number, number[][]>();
  for (const row of rowsIn(text)) walks.set(row[0], [...(walks.get(row[0]) ?? []), row]);
  const of = ["rss1", "rss2", "rss3", "rss4"];
  const learner = createEnsemble({
    fields: ["seq", ...of, "label"],
    target: { column: "label", classes: 2 },
    stream: { sequence: { by: "seq" } },
    features: [{ window: { of, size: samples, every: "sequence", take: ["mean", "sd", "min", "max"] } }],
  });
  const ids = permuted(`seq\n${[...walks.keys()].join("\n")}`)
    .trim()
    .split("\n")
    .slice(1);
  for (const id of ids) {
    for (const row of walks.get(Number(id)) ?? []) {
      learner.observe(Float64Array.of(row[0], ...row.slice(3)), 0);
    }
  }
  return accuracyOf(learner);
}

/** Measures each set; returns how many miss their goal. */
export function judgeFeatures(directory: string): number {
  const motions = readText(join(directory, "har-windows"));
  const rentals = bicycles(readText(join(directory, "bike-sharing")));
  return (
    print("har-windows, one softmax on windows, in order: accuracy", motion(motions), 0.91) +
    print("har-windows, one softmax on windows, shuffled: accuracy", motion(permuted(motions)), 0.78) +
    print("bike-sharing, least squares on the past: MAE", rentals.leastSquares, 37.5, true) +
    print("bike-sharing, the ensemble on the past: MAE", rentals.ensemble, 37.5, true) +
    print(
      "indoor-movement, the ensemble on whole walks: accuracy",
      walks(readText(join(directory, "indoor-movement"))),
      0.73,
    )
  );
}
