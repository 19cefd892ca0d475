/** What the ensemble takes: processor time a row beside the trial program in C, bytes beside the formulas of its design. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spreadOf } from "../../src/commands/bench/timing.ts";
import { createEnsemble, type Ensemble } from "../../src/learner/ensemble.ts";
import { planEnsemble } from "../../src/learner/ensemble-plan.ts";
import { readStreams, type Stream, taskOf } from "./streams.ts";

/** At most this much more time a row than the program in C with vectors of 128 bits, and bytes than the formulas. */
const goals = { time: 1.3, bytes: 1.1 };
const names = ["elec2", "image-segments", "digits8x8", "bike-sharing"];
/** In turns, and judged by the median of their ratios: a machine that others use too slows down for seconds, both alike. */
const rounds = 9;
/** Rows before the first round: V8 still compiles for some of them, which a program in C has behind it. */
const warmUpRows = 20_000;
/** Rows that the ring of the replay holds. */
const ringRows = 1000;

/**
 * Prints both for four streams, in turns in one run.
 * @param directory that of the data sets; the program is `learner/reference.c` beside it
 * @returns how many streams miss a goal
 */
export function judgeCost(directory: string): number {
  const source = join(directory, "../learner/reference.c");
  if (!existsSync(source)) {
    console.error(`${source} is not there: the cost has nothing to stand beside`);
    return 1;
  }
  const folder = mkdtempSync(join(tmpdir(), "rivulet-cost-"));
  try {
    const program = join(folder, "reference");
    const exact = ["-O3", "-ffast-math", "-fno-finite-math-only", "-w"];
    execFileSync("gcc", [...exact, ...vectorsOf128Bits(), "-o", program, source, "-lm"]);
    console.log("stream          us/row  in C   ratio (goal 1.3)  bytes      formula    ratio (goal 1.1)");
    const streams = readStreams(directory).filter(({ name }) => names.includes(name));
    return streams.filter((stream) => !judge(stream, program, folder)).length;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function judge(stream: Stream, program: string, folder: string): boolean {
  const file = join(folder, `${stream.name}.bin`);
  writeFileSync(file, inFormatOfProgram(stream));
  const ours: number[] = [];
  const theirs: number[] = [];
  const warmUps = Math.ceil(warmUpRows / stream.rows);
  // All of them beforehand: V8 would compile the planner beside the rows of the first rounds.
  const fresh = Array.from({ length: warmUps + rounds }, () =>
    createEnsemble({ ...taskOf(stream), seed: 1 }),
  );
  for (const ensemble of fresh.splice(0, warmUps)) microsecondsPerRow(ensemble, stream);
  for (const ensemble of fresh) {
    ours.push(microsecondsPerRow(ensemble, stream));
    const printed = execFileSync(program, [file, "1", "quiet"], { encoding: "utf8" });
    theirs.push(Number(/\| ([\d.]+) us/.exec(printed)?.[1]));
  }
  const [own, other] = [ours, theirs].map((times) => spreadOf(times).median);
  const time = spreadOf(ours.map((own, round) => own / theirs[round])).median;
  const { totalBytes: bytes } = planEnsemble(taskOf(stream));
  const formula = stream.classes > 0 ? bytesForClasses(stream) : bytesForNumbers(stream);
  const cells = [
    stream.name.padEnd(15),
    own.toFixed(1).padEnd(7),
    other.toFixed(1).padEnd(6),
    time.toFixed(2).padEnd(17),
    String(bytes).padEnd(10),
    String(formula).padEnd(10),
    (bytes / formula).toFixed(3),
  ];
  console.log(cells.join(" "));
  return time <= goals.time && bytes <= goals.bytes * formula;
}

function microsecondsPerRow(ensemble: Ensemble, { rows, features, values }: Stream): number {
  const before = process.cpuUsage();
  for (let row = 0; row < rows; row++) ensemble.observe(values, row * (features + 1));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / rows;
}

/** Rows, features and classes as int32, then all features, then all targets, as float64. */
function inFormatOfProgram({ classes, features, rows, values }: Stream): Buffer {
  const numbers = new Float64Array(rows * (features + 1));
  for (let row = 0; row < rows; row++) {
    const at = row * (features + 1);
    numbers.set(values.subarray(at, at + features), row * features);
    numbers[rows * features + row] = values[at + features];
  }
  return Buffer.concat([
    Buffer.from(Int32Array.of(rows, features, classes).buffer),
    Buffer.from(numbers.buffer),
  ]);
}

/** The compiler's options for vectors as wide as those of WebAssembly. */
function vectorsOf128Bits(): string[] {
  return process.arch === "x64" ? ["-msse4.2"] : [];
}

/** Ring, two networks of 64 and 32 units, linear model, naive Bayes, labels' transitions, columns, stacking. */
function bytesForClasses({ features: d, classes: c }: Stream): number {
  const experts = 6;
  const ring = ringRows * (4 * d + 8);
  const networks = 16 * (64 * (d + 1) + 65 * c) + 12 * (32 * (2 * d + c + 1) + 33 * c);
  const rest = 12 * c * (d + c + 1) + 8 * c * d + 4 * c ** 2 + 216 * d + 8 * experts ** 2;
  return ring + networks + rest;
}

/** Rings of levels and changes, their networks of 32 and 32 units, the fast one, two recursive regressions, columns. */
function bytesForNumbers({ features: d }: Stream): number {
  const rings = ringRows * (8 * d + 24);
  const networks = 16 * (64 * (d + 2) + 2178) + 12 * (32 * (2 * d + 3) + 33);
  return rings + networks + 8 * (2 * d + 3) ** 2 + 8 * (d + 1) ** 2 + 216 * (d + 1);
}
