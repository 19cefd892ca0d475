import { setTimeout as pause } from "node:timers/promises";
import type { RingPolicy } from "../../src/samples/ring.ts";
import { compare, isDone, mebibytes, type Outcome } from "./account.ts";
import { openDevice, startDaemon } from "./daemon.ts";
import { createSender } from "./sender.ts";

/** Of a training step that takes a good part of a millisecond. */
const model = { layers: [{ dense: 384 }, "relu", { dense: 384 }, "relu", "dense"] };
/** Frames for each that was learned from. */
const overload = 10;
/** Frames learned from that are taken for granted: more than are learned from between two lines of status. */
const headStart = 200;
const warmUpFrames = 5000;
/** Beyond this the memory of a daemon that is flooded is not bounded by its queue. */
const mostGrowthMebibytes = 24;
/** A second is the aim, and a busy machine is slower: only a daemon that does not give up its queue is to fail. */
const longestStopMs = 30_000;

/** Ten frames for each that is learned from, from a device that does not wait. */
export async function proveFlood(seconds: number, whenFull: RingPolicy): Promise<Outcome> {
  const device = openDevice();
  const daemon = await startDaemon(device, { model, queue: { samples: 1024, whenFull } });
  try {
    const sender = createSender(device);
    const { counts } = sender;
    await sender.send(warmUpFrames);
    await daemon.until(isDone(counts, counts.bytes));
    const before = daemon.residentMebibytes();
    const from = { at: performance.now(), learned: daemon.status.samples, numbered: counts.numbered };
    const learned = () => daemon.status.samples - from.learned;
    let most = before;
    const watch = setInterval(() => {
      most = Math.max(most, daemon.residentMebibytes());
    }, 100);
    while (performance.now() - from.at < 1000 * seconds) {
      await sender.offer(overload * (learned() + headStart) - (counts.numbered - from.numbered));
      await pause(2);
    }
    clearInterval(watch);
    await sender.sendWhole();
    await daemon.until(isDone(counts, counts.bytes));
    const { status } = daemon;
    const faults = compare(counts, status);
    const ratio = (counts.numbered - from.numbered) / learned();
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
