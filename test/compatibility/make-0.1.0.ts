/**
 * Made the files in 0.1.0/ with version 0.1.0 itself, and wrote down what 0.1.0 computed when it continued from them:
 *
 *     npx tsx test/compatibility/make-0.1.0.ts FOLDER_OF_0.1.0_BUILT
 *
 * Not to be run again with a later version: these files stand for what users have on their boards.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { continued, hashes, trainOnRows } from "./continue-network.ts";

const installed = process.argv[2];
if (installed === undefined) throw new Error("name the folder of version 0.1.0, built");
const imported = (file: string) => import(pathToFileURL(resolve(installed, "dist", file)).href);
const library: typeof import("../../src/index.ts") = await imported("index.js");
const { decodeCheckpoint }: typeof import("../../src/checkpoint/format.ts") =
  await imported("checkpoint/format.js");
const out = fileURLToPath(new URL("0.1.0/", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "rivulet-0.1.0-"));

function run(words: string[], input = ""): string {
  const program = resolve(installed, "dist/bin/rivulet.cjs");
  return execFileSync(process.execPath, [program, ...words], { cwd: folder, encoding: "utf8", input });
}

/** Rows of a stream whose rule changes at row 150, with a value that is not a number now and then. */
function rows(from: number, to: number): string {
  let seed = 7;
  const uniform = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  const lines: string[] = [];
  for (let row = 0; row < to; row++) {
    const [temperature, pressure, vibration] = [20 + 10 * uniform(), 1013 + 5 * uniform(), uniform() ** 2];
    const bend = row < 150 ? 0 : 2 * vibration * temperature;
    const flow = 0.4 * temperature - 3 * vibration + bend + uniform();
    const state = Number(vibration > 0.2) + Number(temperature > 25);
    const values = [temperature, pressure, vibration, flow].map((value) => value.toFixed(3));
    if (row % 67 === 50) values[1] = "nan";
    if (row >= from) lines.push([...values, state].join(","));
  }
  return `${lines.join("\n")}\n`;
}

const fields = "[temperature, pressure, vibration, flow, state]";
const learners = {
  classification: `target: { column: state, classes: 3 }
training: { deterministic: true }`,
  // Ends with half a batch in the gradients, and two more rows that wait for the other half.
  regression: `target: { column: flow }
model:
  layers: [{ dense: 6 }, relu, dense]
  optimizer: { adam: { learningRate: 0.01 } }
  clip: { norm: 1 }
  schedule: { plateau: { window: 4, patience: 1 } }
training: { batchSize: 8, deterministic: true, seed: 5 }
memory: { batch: 4 }`,
};

const newest = (name: string) =>
  join(
    folder,
    "checkpoints",
    name,
    readdirSync(join(folder, "checkpoints", name))
      .sort()
      .at(-1) as string,
  );

/** Writes the learner's config, and lets it learn from a file; gives its checkpoint. */
function learn(name: keyof typeof learners, file: string): string {
  const config = `name: ${name}\nsource: { file: ${file}, fields: ${fields} }\n${learners[name]}\n`;
  writeFileSync(join(folder, `${name}.yaml`), config);
  run(["run", `${name}.yaml`]);
  return newest(name);
}

const expected: Record<string, unknown> = {};
try {
  const record = `name: record\nsource: { stdin: true, framing: lines, fields: ${fields} }\ntarget: { column: flow }\n`;
  writeFileSync(join(folder, "record.yaml"), record);
  run(["record", "record.yaml", "--out", "before.recording"], rows(0, 209));
  run(["record", "record.yaml", "--out", "stream.recording"], rows(209, 409));
  cpSync(join(folder, "stream.recording"), join(out, "stream.recording"));
  for (const name of ["classification", "regression"] as const) {
    cpSync(learn(name, "before.recording"), join(out, `${name}.msgpack`));
    const checkpoint = learn(name, "stream.recording");
    cpSync(join(folder, `${name}.yaml`), join(out, `${name}.yaml`));
    const { step, samplesSeen, parameters, optimizerState } = decodeCheckpoint(
      readFileSync(checkpoint),
      checkpoint,
    );
    const { metrics } = JSON.parse(run(["inspect", checkpoint, "--json"]));
    const replay = JSON.parse(run(["replay", `${name}.yaml`, "--data", "stream.recording", "--json"]));
    expected[name] = {
      continued: { step, samplesSeen, metrics, sha256: hashes([...parameters, ...optimizerState]) },
      replayed: { rows: replay.rows, rejected: replay.rejected, damaged: replay.damaged },
    };
  }
  // Every kind of state that a network can have, in the middle of an update.
  const { adamW, batchNorm, createNetwork, dense, dropout, gru, huber, reduceOnPlateau, relu } = library;
  // As 0.1.0 called it.
  const accumulating = { gather: true, deterministic: true };
  const network = createNetwork(
    {
      inputShape: [2, 2],
      layers: [gru(5, { carry: true }), batchNorm(), dense(6), relu(), dropout(0.25), dense(1)],
      loss: huber({ delta: 1 }),
      optimizer: adamW({ learningRate: 0.01 }),
      schedule: reduceOnPlateau({ window: 2, patience: 1 }),
    },
    { ...accumulating, batchSize: 4, seed: 9 },
  );
  trainOnRows(network, 0, 14);
  const saved = join(out, "network.msgpack");
  library.saveNetwork(network, saved);
  expected["network"] = continued(library.loadNetwork(saved, { ...accumulating }));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
writeFileSync(join(out, "expected.json"), `${JSON.stringify(expected, null, 2)}\n`);
