/**
 * Child process, to be run with --expose-gc: tries to open the port named so many times, as nobody where it may, and
 * prints what that left behind. What the first attempts load and compile does not count.
 */
import { readdirSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { createSerialSource } from "../../../src/samples/sources/serial.ts";

// Loads all that it takes while it may be read.
await createSerialSource({ port: "/dev/none", baudRate: 115_200 })
  .open(() => {})
  .catch(() => {});
const [path, attempts] = process.argv.slice(2);
if (process.getuid?.() === 0) {
  process.setgid?.(65_534);
  process.setuid?.(65_534);
}
const told: string[] = [];
const source = createSerialSource({
  ...{ port: path, baudRate: 115_200, waitForPort: true, reopenAfterMs: 1, reopenCeilingMs: 1 },
  onState: (state, sentence) => told.push(`${state}: ${sentence}`),
});
await source.open(() => {});

async function after(failures: number) {
  let descriptors = Number.POSITIVE_INFINITY;
  // The fewest of some: an attempt under way has one of its own.
  for (let more = 0; more < 20; more++) {
    while (source.counts.failures < failures + more) await pause(5);
    descriptors = Math.min(descriptors, readdirSync("/proc/self/fd").length);
  }
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return { heapBytes: heapUsed, externalBytes: external, descriptors };
}

const warmUp = 500;
const before = await after(warmUp);
const end = await after(warmUp + Number(attempts));
await source.close();
console.log(JSON.stringify({ before, end, told }));
