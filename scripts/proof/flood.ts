import { setTimeout as pause } from "node:timers/promises";
import type { RingPolicy } from "../../src/samples/ring.ts";
import { compare, isDone, mebibytes, type Outcome } from "./account.ts";
import { openDevice, startDaemon } from "./daemon.ts";
import { createSender } from "./sender.ts";

/** Of a training step that takes a good part of a millisecond. */
const model = { layers: [{ dense: 384 }, "relu", { dense: 384 }, "relu", "dense"] };
const overload = 10;
/** Beyond this the memory of a daemon that is flooded is not bounded by its queue. */
const mostGrowthMebibytes = 24;
/** Two orders beyond what it takes: only a daemon that does not answer is to fail. */
const longestStopMs = 20_000;

/** Frames at ten times the rate at which they can be learned from. */
export async function proveFlood(seconds: number, whenFull: RingPolicy): Promise<Outcome> {
  const device = openDevice();
  const daemon = await startDaemon(device, { model, queue: { samples: 1024, whenFull } });
  try {
    const sender = createSender(device);
    const { counts } = sender;
    const rate = overload * (await learningRate(daemon, sender));
    const before = daemon.residentMebibytes();
    const from = { learned: daemon.status.samples, numbered: counts.numbered };
    const flood = async () => {
      const start = { at: performance.now(), numbered: counts.numbered };
      for (;;) {
        const elapsed = (performance.now() - start.at) / 1000;
        if (elapsed >= seconds) break;
        await sender.offer(Math.floor(rate * elapsed) - (counts.numbered - start.numbered));
        await pause(2);
      }
    };
    let most = before;
    const watch = setInterval(() => {
      most = Math.max(most, daemon.residentMebibytes());
    }, 100);
    await flood();
    clearInterval(watch);
    await sender.send(1);
    await daemon.until(isDone(counts, counts.bytes));
    const { status } = daemon;
    const faults = compare(counts, status);
    const ratio = (counts.numbered - from.numbered) / (status.samples - from.learned);
    // And the end comes while it is flooded.
    const spilling = setInterval(sender.spill, 1);
    await pause(500);
    const { milliseconds, saved } = await daemon.stop();
    clearInterval(spilling);
    if (saved < status.samples) faults.push(`saved: ${saved} samples, and more were learned`);
    if (most - before > mostGrowthMebibytes) faults.push(`${mebibytes(most - before)} more became resident`);
    if (milliseconds > longestStopMs)
      faults.push(`SIGTERM was answered after ${Math.round(milliseconds)} ms`);
    return {
      figures:
        `${whenFull}: ${counts.numbered} frames, ${ratio.toFixed(1)} for each that was learned from: ` +
        `${status.samples} learned + ${status.dropped} dropped + ${status.rejected} rejected + ${status.missing} missing ` +
        `(${counts.dropped} not taken by the kernel, ${status.damaged} damaged); ${mebibytes(before)} resident before, ` +
        `${mebibytes(most)} at most; ended ${Math.round(milliseconds)} ms after SIGTERM, with a valid checkpoint`,
      faults,
    };
  } finally {
    daemon.kill();
    device.close();
  }
}

/** Samples a second that are learned when there are always more. */
async function learningRate(
  daemon: Awaited<ReturnType<typeof startDaemon>>,
  { send }: ReturnType<typeof createSender>,
): Promise<number> {
  let isOver = false;
  const feeding = (async () => {
    while (!isOver) await send(64);
  })();
  await daemon.until(({ samples }) => samples > 3000);
  const from = { at: performance.now(), samples: daemon.status.samples };
  await daemon.until(({ samples }) => samples > from.samples + 6000);
  const rate = (1000 * (daemon.status.samples - from.samples)) / (performance.now() - from.at);
  isOver = true;
  await feeding;
  return rate;
}
