/** Worker threads of Node for the engine, which does not know Node. */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { mostThreads } from "../engine/planning/shards.ts";
import type { Threads, ThreadWork } from "../engine/running/shard-workers.ts";
import { RivuletError } from "../errors/errors.ts";

/**
 * All the JavaScript that a worker thread runs; the rest is WebAssembly. It is text because a file would be lost by a
 * bundler, and not yet compiled in a test.
 */
const program = `
  const { module, memory, queue, self, left, done } = require("node:worker_threads").workerData;
  try {
    new WebAssembly.Instance(module, { env: { memory } }).exports.serve(queue, self);
  } finally {
    const ints = new Int32Array(memory.buffer);
    Atomics.add(ints, left, 1);
    Atomics.notify(ints, done);
  }
`;

/**
 * Threads that share the work on each batch of a network. They start with the network and end with `network.close()`.
 *
 * @param count number of threads, the calling one included. Default: as many as the process can run at once
 * @throws RivuletError where the count is out of its range
 *
 * @example
 * import assert from "node:assert/strict";
 * import { createNetwork, dense, mse, sgd, threads } from "rivulet";
 *
 * const model = { inputShape: [2], layers: [dense(1)], loss: mse(), optimizer: sgd({ learningRate: 0.1 }) };
 * const network = createNetwork(model, { batchSize: 64, workers: threads(2) });
 * assert.equal(network.step(64), true);
 * network.close();
 */
export function threads(count: number = availableParallelism()): Threads {
  if (!Number.isInteger(count) || count < 1 || count > mostThreads) {
    throw new RivuletError(
      "argument.bad-value",
      `workers must be a whole number from 1 to ${mostThreads}, found ${count}`,
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
