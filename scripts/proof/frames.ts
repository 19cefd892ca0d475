import { compare, isDone, mebibytes, type Outcome } from "./account.ts";
import { openDevice, startDaemon } from "./daemon.ts";
import { createSender } from "./sender.ts";

/** Enough for the compiler, and for the heap to take its size. */
const warmUpFrames = 200_000;

/**
 * Frames at full speed, of which some are damaged and some hold what may not be learned from.
 * @param isWaiting whether the device waits for the kernel to take them, or drops what it does not take
 */
export async function proveFrames(frames: number, isWaiting: boolean): Promise<Outcome> {
  const device = openDevice();
  const daemon = await startDaemon(device);
  try {
    const sender = createSender(device);
    await sender.send(Math.min(warmUpFrames, frames >>> 1));
    const residentBefore = daemon.residentMebibytes();
    const from = { at: performance.now(), frames: sender.counts.numbered };
    // One is left for the end, as only a frame that arrives shows what is missing before it.
    const left = frames - sender.counts.numbered - 1;
    if (isWaiting) await sender.send(left);
    else {
      for (let offered = 0; offered < left; offered += 2048) {
        await sender.offer(Math.min(2048, left - offered));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
    await sender.sendWhole();
    const { counts } = sender;
    await daemon.until(isDone(counts, counts.bytes));
    const seconds = (performance.now() - from.at) / 1000;
    const residentAfter = daemon.residentMebibytes();
    const { status } = daemon;
    const { saved } = await daemon.stop();
    const faults = compare(counts, status);
    if (saved !== status.samples) faults.push(`saved: ${saved} samples, and ${status.samples} were learned`);
    return {
      figures:
        `${counts.numbered} frames, ${Math.round((counts.numbered - from.frames) / seconds)} a second: ` +
        `${status.samples} learned + ${status.dropped} dropped + ${status.rejected} rejected + ${status.missing} missing ` +
        `(${counts.dropped} not sent, ${status.damaged} damaged); ` +
        `${mebibytes(residentBefore)} resident before, ${mebibytes(residentAfter)} after`,
      faults,
    };
  } finally {
    daemon.kill();
    device.close();
  }
}
