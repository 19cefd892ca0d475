/** Threads of Node for the engine, which knows none of its own. */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { mostThreads } from "../engine/planning/shards.ts";
import type { Threads, ThreadWork } from "../engine/running/shard-workers.ts";
import { RivuletError } from "../errors/errors.ts";

/**
 * All that such a thread runs of JavaScript; the rest is WebAssembly. As text, so that it needs no file, which a bundler would
 * lose and a test would find uncompiled.
 */
const program = `
  const { module, memory, crew, self, left, done } = require("node:worker_threads").workerData;
  try {
    new WebAssembly.Instance(module, { env: { memory } }).exports.serve(crew, self);
  } finally {
    const ints = new Int32Array(memory.buffer);
    Atomics.add(ints, left, 1);
    Atomics.notify(ints, done);
  }
`;

/**
 * `count` threads for a network's batches, the calling one included: `createNetwork(model, { batchSize: 256, workers:
 * threads(2) })`. Default: as many as the process may use at once.
 */
export function threads(count: number = availableParallelism()): Threads {
  if (!Number.isInteger(count) || count < 1 || count > mostThreads) {
    throw new RivuletError(
      "argument.bad-value",
      `workers must be a whole number from 1 to ${mostThreads}, not ${count}`,
    );
  }
  return { count, start };
}

function start(workerData: ThreadWork, failed: (reason: string) => void): void {
  const worker = new Worker(program, { eval: true, workerData, execArgv: [], env: {} });
  worker.unref();
  worker.on("error", (error) => failed(error.message));
  worker.on("exit", (code) => {
    if (code !== 0) failed(`it ended with code ${code}`);
  });
}
