import { once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { availableVariants, createKernels } from "../../src/engine/kernels/kernels.ts";
import { Queue } from "../../src/engine/kernels/task-queue.ts";
import { dense, type Model, relu, sgd, softmaxCrossEntropy } from "../../src/engine/model/model.ts";
import { createNetwork } from "../../src/engine/running/network.ts";
import type { Threads } from "../../src/engine/running/shard-workers.ts";
import { threads } from "../../src/library/threads.ts";
import { allAsleep, fill, queueSlot } from "../engine/running/worker.ts";
import { builtModule, start } from "../rivulet.ts";

const model: Model = {
  inputShape: [64],
  layers: [dense(32), relu(), dense(4)],
  loss: softmaxCrossEntropy(),
  optimizer: sgd(),
};
const gone =
  /a worker thread of the network died \(.*\), and its step is lost; restore the network from its last checkpoint/;

/** One thread besides the calling one, which is what the given function makes of the work. */
const oneThread = (begin: Threads["start"]): Threads => ({ count: 2, start: begin });

/** The threads that Node starts while something runs. */
async function startedDuring(run: () => void): Promise<Worker[]> {
  const started: Worker[] = [];
  const listen = (worker: Worker) => started.push(worker);
  process.on("worker", listen);
  run();
  await turn();
  process.off("worker", listen);
  return started;
}

test.each(availableVariants().filter((variant) => variant !== "scalar"))(
  "%s kernels share their memory for the change of one bit",
  (variant) => {
    const { buffer, shared } = createKernels(variant, 1000, true);
    expect(buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(shared?.memory.buffer).toBe(buffer);
    expect(createKernels(variant, 1000).buffer).toBeInstanceOf(ArrayBuffer);
  },
);

test("threads end when the network is closed, which then computes alone", async () => {
  let network = createNetwork(model);
  const started = await startedDuring(() => {
    network = createNetwork(model, { batchSize: 32, workers: threads(3) });
  });
  expect(started.length).toBe(2);
  const ends = started.map((worker) => once(worker, "exit"));
  await allAsleep(network, 3);
  fill(network, 1);
  expect(network.step()).toBe(true);
  network.close();
  network.close();
  expect((await Promise.all(ends)).map(([code]) => code)).toEqual([0, 0]);
  expect(network.step()).toBe(true);
});

test("a network that is closed before its threads are up ends them, too", async () => {
  const started = await startedDuring(() =>
    createNetwork(model, { batchSize: 32, workers: threads(2) }).close(),
  );
  const ends = started.map((worker) => once(worker, "exit"));
  expect((await Promise.all(ends)).map(([code]) => code)).toEqual([0]);
});

test("one thread is the calling one, and a batch too small to be cut asks for none", async () => {
  const started = await startedDuring(() => {
    createNetwork(model, { batchSize: 32, workers: threads(1) });
    createNetwork(model, { batchSize: 4, workers: threads(4) });
  });
  expect(started).toEqual([]);
});

test("a thread that is stopped while it sleeps makes the next step throw a sentence", async () => {
  let network = createNetwork(model);
  const [worker] = await startedDuring(() => {
    network = createNetwork(model, { batchSize: 32, workers: threads(2) });
  });
  await allAsleep(network, 2);
  await worker.terminate();
  expect(() => network.step()).toThrow(gone);
  expect(() => network.infer()).toThrow(gone);
});

/** Claims the last shard of a step, and comes to its end, telling of it or not. */
const deserter = (tells: boolean) => `
  const { memory, queue, left, done } = require("node:worker_threads").workerData;
  const ints = new Int32Array(memory.buffer);
  const claimed = queue / 4 + ${Queue.Claims + 1};
  while (Atomics.compareExchange(ints, claimed, 0, 1) !== 0);
  if (${tells}) Atomics.add(ints, left, 1);
  Atomics.notify(ints, done);
`;

test.each([
  ["at once where it tells of it", true],
  ["after ten seconds where it does not", false],
])("a thread that is lost with its work does not stop the step for ever: %s", (_, tells) => {
  const workers = oneThread((workerData) => {
    new Worker(deserter(tells), { eval: true, workerData }).unref();
  });
  const network = createNetwork(model, { batchSize: 32, shards: 2, workers });
  fill(network, 1);
  const began = performance.now();
  expect(() => {
    while (performance.now() < began + 300_000) network.step();
  }).toThrow(gone);
  expect(() => network.step()).toThrow(gone);
});

test("threads do not keep the process alive", async () => {
  const library = builtModule("index.js");
  const { code, stderr } = await start([
    ...["--input-type=module", "-e"],
    `import { createNetwork, dense, mse, sgd, threads } from ${JSON.stringify(library)};
     const model = { inputShape: [8], layers: [dense(1)], loss: mse(), optimizer: sgd() };
     const network = createNetwork(model, { batchSize: 64, workers: threads(2) });
     setTimeout(() => network.step(), 200);`,
  ]).ended;
  expect([code, stderr]).toEqual([0, ""]);
});

test("the scalar kernels refuse threads in a sentence", () => {
  const options = { batchSize: 32, kernels: "scalar", workers: threads(2) } as const;
  expect(() => createNetwork(model, options)).toThrow(/the scalar kernels work on one thread only/);
  expect(createNetwork(model, { ...options, workers: threads(1) }).plan.shards?.count).toBe(4);
});

test.each([0, 2.5, 65])("%s threads are refused", (count) => {
  expect(() => threads(count)).toThrow(`workers must be a whole number from 1 to 64, found ${count}`);
});

test("the queue's numbers stand where the plan says", () => {
  const network = createNetwork(model, { batchSize: 32, workers: threads(1) });
  expect(new Int32Array(network.input.buffer)[queueSlot(network, Queue.Threads)]).toBe(1);
});
