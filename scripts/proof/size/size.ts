/**
 * What a checkpoint of a given size may cost whoever reads it: `inspect`, `loadNetwork` and resuming, of files of 64 MB and of
 * small ones that ask for gigabytes, each in a process of its own. The memory that it takes at most stands beside the size
 * of the file, and the time beside that of SHA-256 over the same file.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../../../src/checkpoint/format.ts";
import { checkpointOf } from "../../../src/continuing/learner-checkpoint.ts";
import { dense } from "../../../src/engine/layers/dense.ts";
import { mse } from "../../../src/engine/losses/mse.ts";
import { adam } from "../../../src/engine/optimizers/adam.ts";
import { sgd } from "../../../src/engine/optimizers/sgd.ts";
import { createNetwork } from "../../../src/engine/running/network.ts";
import { createLearner } from "../../../src/learner/create-learner.ts";
import { saveNetwork } from "../../../src/library/network-file.ts";
import { compileScripts } from "../../../test/compile.ts";
import type { Outcome } from "../account.ts";
import { sealed } from "../hostile/sealed.ts";

const mostTimes = 3;
const freeBytes = 20e6;
/** A small file that is refused, or is of use, after longer than this keeps a device from its work. */
const longestMs = 5000;

/** A file, and by which actions it is read. */
interface Subject {
  name: string;
  file: string;
  actions: readonly ("inspect" | "load" | "resume")[];
}

interface Reading {
  grown: number;
  milliseconds: number;
  refused: string | null;
}

/** @param megabytes size of the large files */
export async function proveSize(megabytes: number): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-size-"));
  const { paths, remove } = compileScripts(fileURLToPath(new URL("./loader.ts", import.meta.url)));
  try {
    const tiny = { network: join(folder, "tiny.msgpack"), learner: join(folder, "tiny-learner.msgpack") };
    saveNetwork(networkOf(1), tiny.network);
    writeFileSync(tiny.learner, encoded(learnerOf(2, 4)));
    const read = (action: string, file: string) =>
      measure(paths[0], action, file, tiny[action === "load" ? "network" : "learner"]);
    const faults: string[] = [];
    const large = largeFiles(folder, 1e6 * megabytes).flatMap((subject) => judge(subject, read, faults));
    const small = hostileFiles(folder).flatMap((subject) => judge(subject, read, faults));
    if (small.every(({ refused }) => refused === null)) faults.push("no hostile file was refused");
    const most = (list: { memory: number }[]) => Math.max(...list.map(({ memory }) => memory)).toFixed(1);
    const slowest = Math.max(...small.map(({ milliseconds }) => milliseconds));
    return {
      figures:
        `${large.map(({ text }) => text).join("; ")}; ${small.length} readings of small files that ask for much: at most ` +
        `${most(small.map(({ grown }) => ({ memory: grown / 1e6 })))} MB and ${Math.round(slowest)} ms`,
      faults,
    };
  } finally {
    remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Reads a file in each way, and says what is beyond the limits. */
function judge(
  { name, file, actions }: Subject,
  read: (action: string, file: string) => Reading,
  faults: string[],
) {
  const { size } = statSync(file);
  const hash = size > freeBytes ? read("hash", file).milliseconds : null;
  return actions.map((action) => {
    const { grown, milliseconds, refused } = read(action, file);
    const memory = Math.max(0, grown - freeBytes) / size;
    if (memory > mostTimes)
      faults.push(`${name}, ${action}: ${Math.round(grown / 1e6)} MB for a file of ${size} bytes`);
    if (hash === null && milliseconds > longestMs)
      faults.push(`${name}, ${action}: ${Math.round(milliseconds)} ms for a file of ${size} bytes`);
    if (hash !== null && refused !== null) faults.push(`${name}, ${action}: refused: ${refused}`);
    const times = hash === null ? "" : `, ${(milliseconds / hash).toFixed(1)} times SHA-256`;
    const text = `${action} of ${name} ${(grown / size).toFixed(1)} times its ${Math.round(size / 1e6)} MB${times}`;
    return { memory, milliseconds, refused, grown, text };
  });
}

function measure(script: string, action: string, file: string, tiny: string): Reading {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ["--expose-gc", script, action, file, tiny],
    {
      encoding: "utf8",
    },
  );
  if (status !== 0) return { grown: Number.POSITIVE_INFINITY, milliseconds: 0, refused: stderr.slice(-500) };
  return JSON.parse(stdout) as Reading;
}

const encoded = (checkpoint: Checkpoint) => Buffer.concat(encodeCheckpoint(checkpoint));

const networkOf = (
  width: number,
  optimizer = adam({ learningRate: 0.001 }) as ReturnType<typeof adam> | ReturnType<typeof sgd>,
) => createNetwork({ inputShape: [width], layers: [dense(width)], loss: mse(), optimizer });

/** A learner of one network with a hidden layer of so many units. */
function learnerOf(fields: number, hidden: number): Checkpoint {
  const names = Array.from({ length: fields }, (_, index) => `x${index}`);
  const learner = createLearner({
    fields: [...names, "t"],
    target: { column: "t" },
    model: { layers: [{ dense: hidden }, "tanh", "dense"] },
  });
  const row = new Float64Array(fields + 1);
  for (let i = 0; i < 5; i++)
    learner.observe(
      row.map((_, column) => Math.sin(i + column)),
      0,
    );
  return checkpointOf(learner, "size");
}

function largeFiles(folder: string, bytes: number): Subject[] {
  const place = (name: string) => join(folder, `${name}.msgpack`);
  const weights = bytes / Float32Array.BYTES_PER_ELEMENT;
  saveNetwork(networkOf(Math.floor(Math.sqrt(weights / 3))), place("adam"));
  saveNetwork(networkOf(Math.floor(Math.sqrt(weights)), sgd({ learningRate: 0.01 })), place("sgd"));
  writeFileSync(place("learner"), encoded(learnerOf(256, Math.floor(weights / 258 / 3))));
  return [
    { name: "a network with Adam", file: place("adam"), actions: ["inspect", "load"] },
    { name: "a network with SGD", file: place("sgd"), actions: ["inspect", "load"] },
    { name: "a learner", file: place("learner"), actions: ["inspect", "resume"] },
  ];
}

/** Small files under a valid digest that ask for much memory or time. */
function hostileFiles(folder: string): Subject[] {
  const network = join(folder, "small.msgpack");
  saveNetwork(networkOf(4), network);
  const alone = decodeCheckpoint(encoded(learnerOf(2, 4)), "small");
  const bare = decodeCheckpoint(readFileSync(network), network);
  const ensemble = decodeCheckpoint(encoded(ensembleOf()), "ensemble");
  const many = (count: number, value: unknown) => Array.from({ length: count }, () => value);
  const names = (count: number) => Array.from({ length: count }, (_, index) => `x${index}`);
  const nested = (levels: number) => {
    let layer: unknown = "relu";
    for (let level = 0; level < levels; level++) layer = { residual: [layer] };
    return layer;
  };
  const changes: [string, Checkpoint, object][] = [
    ["layers of gigabytes", bare, { model: { ...(bare.model as object), layers: [{ dense: 2 ** 30 }] } }],
    ["20,000 layers", bare, { model: { ...(bare.model as object), layers: many(20_000, { dense: 1000 }) } }],
    ["layers within layers", bare, { model: { ...(bare.model as object), layers: [nested(9)] } }],
    ["a shape of 100,000 ones", bare, { model: { ...(bare.model as object), inputShape: many(100_000, 1) } }],
    ["a batch of a billion", bare, { training: { batchSize: 1e9 } }],
    ["an input of a billion", bare, { model: { ...(bare.model as object), inputShape: [1e9] } }],
    ["a tensor of 100,000 axes", bare, { parameters: [{ ...bare.parameters[0], shape: many(100_000, 1) }] }],
    [
      "a window of gigabytes",
      alone,
      {
        features: {
          ...(alone.features as object),
          transforms: [{ window: { of: ["x0"], size: 2 ** 28, every: 1, take: ["mean"] } }],
        },
      },
    ],
    ["a billion classes", alone, { target: { column: "t", classes: 1e9 } }],
    ["60,000 fields", alone, { features: { ...(alone.features as object), fields: names(60_000) } }],
    ["100,000 fields", alone, { features: { ...(alone.features as object), fields: names(100_000) } }],
    ["an ensemble of a billion classes", ensemble, { target: { column: "t", classes: 1e9 } }],
    [
      "an ensemble with layers of gigabytes",
      ensemble,
      {
        model: {
          ensemble: { ...(ensemble.model as { ensemble: object }).ensemble, layers: [{ dense: 2 ** 30 }] },
        },
      },
    ],
  ];
  return changes.map(([name, checkpoint, change], index) => {
    const file = join(folder, `hostile-${index}.msgpack`);
    writeFileSync(file, sealed({ ...checkpoint, ...change } as Checkpoint));
    return { name, file, actions: checkpoint === bare ? ["inspect", "load"] : ["inspect", "resume"] };
  });
}

function ensembleOf(): Checkpoint {
  const learner = createLearner({
    fields: ["x", "t"],
    target: { column: "t", classes: 3 },
    training: { effort: "low" },
  });
  for (let i = 0; i < 50; i++) learner.observe(Float64Array.of(Math.sin(i), i % 3), 0);
  return checkpointOf(learner, "size");
}
