/**
 * How well networks learn from a file: trains with `rivulet fit` on the data sets below a folder, with the configs of
 * test/quality, and prints held-out scores beside their goals. The rows are put in a fixed order first (Fisher and Yates
 * with mulberry32, seed 42); the last fifth is held out.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { spreadOf } from "../../src/commands/bench/timing.ts";
import { Random } from "../fuzz/random.ts";

interface Subject {
  set: string;
  epochs: number;
  measure: "accuracy" | "mae";
  /** To be reached: at least this accuracy, at most this error. */
  goal: number;
  /** What PyTorch reaches with a comparable network. */
  reference: number;
}

const subjects: Subject[] = [
  { set: "digits8x8", epochs: 20, measure: "accuracy", goal: 0.965, reference: 0.969 },
  { set: "har-windows", epochs: 40, measure: "accuracy", goal: 0.92, reference: 0.928 },
  { set: "image-segments", epochs: 60, measure: "accuracy", goal: 0.98, reference: 0.985 },
  { set: "airfoil", epochs: 60, measure: "mae", goal: 1.5, reference: 1.4 },
];
const seeds = [1, 2, 3];

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The text of a set, `data.csv` or `data.csv.gz` in its folder. */
export function readText(folder: string): string {
  const plain = join(folder, "data.csv");
  return existsSync(plain)
    ? readFileSync(plain, "utf8")
    : gunzipSync(readFileSync(`${plain}.gz`)).toString("utf8");
}

/** The file with its rows in the fixed order. */
export function permuted(text: string): string {
  const [header, ...rows] = text.trimEnd().split("\n");
  const random = new Random(42);
  for (let i = rows.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [rows[i], rows[j]] = [rows[j], rows[i]];
  }
  return `${[header, ...rows].join("\n")}\n`;
}

/** Held-out score of one run of the command line. */
function score({ set, epochs, measure }: Subject, data: string, seed: number): number {
  const config = join(root, `test/quality/${set}.yaml`);
  const words = ["fit", config, "--data", data, "--epochs", `${epochs}`, "--held-out-last"];
  const printed = execFileSync(
    process.execPath,
    [join(root, "dist/bin/rivulet.cjs"), ...words, "--seed", `${seed}`, "--json"],
    {
      encoding: "utf8",
    },
  );
  return JSON.parse(printed).heldOut[measure];
}

/** Trains on every set below `directory`, prints the table, and returns how many medians of three seeds miss their goal. */
export function judgeHeldOut(directory: string): number {
  const scratch = mkdtempSync(join(tmpdir(), "rivulet-quality-"));
  let missed = 0;
  try {
    console.log("data set         epochs  measure   seeds                  median  goal    PyTorch");
    for (const subject of subjects) {
      const { set, epochs, measure, goal, reference } = subject;
      const data = join(scratch, `${set}.csv`);
      writeFileSync(data, permuted(readText(join(directory, set))));
      const scores = seeds.map((seed) => score(subject, data, seed));
      const { median } = spreadOf(scores);
      const reached = measure === "accuracy" ? median >= goal : median <= goal;
      if (!reached) missed++;
      const shown = scores.map((each) => each.toFixed(4)).join(" ");
      console.log(
        `${set.padEnd(16)} ${String(epochs).padEnd(7)} ${measure.padEnd(9)} ${shown.padEnd(22)} ${median.toFixed(4)}  ${String(goal).padEnd(6)}  ${reference}${reached ? "" : "  MISSED"}`,
      );
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  console.log(`${subjects.length - missed} reached, ${missed} missed`);
  return missed;
}
