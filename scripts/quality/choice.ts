/**
 * How well `rivulet fit` does where nobody names a model: it chooses a network for each data set below a folder within
 * its time limit, and the held-out score is compared with the required one. The rows are put in the fixed order of
 * `held-out.ts`; the last fifth is held out.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { permuted, readText } from "./held-out.ts";

interface Subject {
  set: string;
  measure: "accuracy" | "mae";
  /** To be reached: at least this accuracy, at most this error. */
  goal: number;
}

const subjects: Subject[] = [
  { set: "digits8x8", measure: "accuracy", goal: 0.96 },
  { set: "image-segments", measure: "accuracy", goal: 0.975 },
  { set: "har-windows", measure: "accuracy", goal: 0.8 },
  { set: "elec2", measure: "accuracy", goal: 0.84 },
  { set: "airfoil", measure: "mae", goal: 1.6 },
];

const program = fileURLToPath(new URL("../../dist/bin/rivulet.cjs", import.meta.url));
const minutes = process.env["RIVULET_MINUTES"] ?? "1";

/** Chooses for every set below `directory`, prints the table, and returns how many miss their goal. */
export function judgeChoice(directory: string): number {
  const scratch = mkdtempSync(join(tmpdir(), "rivulet-choice-"));
  let missed = 0;
  try {
    console.log("data set         measure   held out  goal    seconds  chosen");
    for (const { set, measure, goal } of subjects) {
      const data = join(scratch, `${set}.csv`);
      writeFileSync(data, permuted(readText(join(directory, set))));
      const words = ["fit", "--data", data, "--held-out-last", "--minutes", minutes, "--json"];
      const report = JSON.parse(execFileSync(process.execPath, [program, ...words], { encoding: "utf8" }));
      const score = report.heldOut[measure];
      const reached = measure === "accuracy" ? score >= goal : score <= goal;
      if (!reached) missed++;
      const { name, learningRate } = report.chosen;
      console.log(
        `${set.padEnd(16)} ${measure.padEnd(9)} ${score.toFixed(4).padEnd(9)} ${String(goal).padEnd(7)} ${(report.milliseconds / 1000).toFixed(1).padStart(7)}  ${name}, rate ${learningRate}${reached ? "" : "  MISSED"}`,
      );
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  console.log(`${subjects.length - missed} reached, ${missed} missed`);
  return missed;
}
