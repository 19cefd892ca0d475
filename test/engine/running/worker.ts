import { Queue } from "../../../src/engine/kernels/task-queue.ts";
import { createRandom } from "../../../src/engine/model/random.ts";
import type { Network } from "../../../src/engine/running/network.ts";
import { until } from "../../until.ts";

/** Writes inputs from -1 to 1 and targets: classes, or numbers of the same range where the network has one output. */
export function fill(network: Network, seed: number): void {
  const random = createRandom(seed);
  for (let i = 0; i < network.input.length; i++) network.input[i] = 2 * random.uniform() - 1;
  for (let i = 0; i < network.target.length; i++) {
    network.target[i] = network.outputs === 1 ? 2 * random.uniform() - 1 : random.below(network.outputs);
  }
}

/** Index of the queue's number among the 32-bit integers of the arena. */
export function queueSlot({ plan }: Network, which: Queue): number {
  return plan.buffers.find(({ role }) => role === "task queue")!.offset / 4 + which;
}

/** Waits until all threads have come up, and sleep. */
export async function allAsleep(network: Network, threads: number): Promise<void> {
  const ints = new Int32Array(network.input.buffer);
  const at = queueSlot(network, Queue.Sleeping);
  await until(
    () => Atomics.load(ints, at) === threads - 1,
    () => `${ints[at]} of ${threads - 1} threads asleep`,
  );
}
