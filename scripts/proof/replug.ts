import { compare, isDone, mebibytes, type Outcome } from "./account.ts";
import { openDevice, startDaemon } from "./daemon.ts";
import { createSender } from "./sender.ts";

const framesInCycle = 100;
/** After so many its memory has its size. */
const warmUpCycles = 5;
/** Delay of the first attempt to open the port again; it doubles from attempt to attempt. */
const firstDelayMs = 250;

/** Attempts that are due within a number of milliseconds after the loss. */
const attemptsWithin = (milliseconds: number) => Math.floor(Math.log2(1 + milliseconds / firstDelayMs));

/** A device that is pulled out in the middle of a frame and comes back, again and again. */
export async function proveReplug(cycles: number): Promise<Outcome> {
  let device = openDevice();
  const daemon = await startDaemon(device);
  const faults: string[] = [];
  try {
    const sender = createSender(device, { isClean: true });
    const { counts } = sender;
    let first = { descriptors: daemon.descriptors(), resident: daemon.residentMebibytes() };
    let mostFailures = 0;
    let needless = 0;
    for (let cycle = 0; cycle < cycles; cycle++) {
      await sender.send(framesInCycle);
      await sender.sendHalf();
      // What is not read when the port hangs up is lost with it.
      await daemon.until(isDone(counts, counts.bytes));
      if (cycle === warmUpCycles) {
        first = { descriptors: daemon.descriptors(), resident: daemon.residentMebibytes() };
      }
      const failuresBefore = daemon.status.portFailures;
      const pulledOut = performance.now();
      daemon.pullOut();
      device.close();
      await daemon.until(({ portLosses }) => portLosses === cycle + 1);
      device = openDevice();
      sender.moveTo(device);
      daemon.plugIn(device);
      const due = attemptsWithin(performance.now() - pulledOut);
      await daemon.until(({ source }) => source === "open");
      await sender.send(1);
      await daemon.until(isDone(counts, counts.bytes));
      const failures = daemon.status.portFailures - failuresBefore;
      mostFailures = Math.max(mostFailures, failures);
      needless = Math.max(needless, failures - due);
    }
    const last = { descriptors: daemon.descriptors(), resident: daemon.residentMebibytes() };
    const { status } = daemon;
    const [waiting, open] = [daemon.count("port-waiting"), daemon.count("port-open")];
    await daemon.stop();
    faults.push(...compare(counts, status, cycles));
    if (status.portLosses !== cycles)
      faults.push(`losses: ${status.portLosses}, and ${cycles} were to be expected`);
    // The log leaves lines out where they come faster than it may grow, and counts them.
    if (waiting + open + status.logLinesLeftOut !== 2 * cycles + 1) {
      faults.push(
        `lines: ${waiting} of waiting, ${open} of opening and ${status.logLinesLeftOut} left out, for ${cycles} losses`,
      );
    }
    // One more may fail: it may have begun when the device comes back.
    if (needless > 1)
      faults.push(`${needless} attempts more failed than were due before the device was back`);
    if (last.descriptors !== first.descriptors) {
      faults.push(`descriptors: ${first.descriptors} at first, ${last.descriptors} at last`);
    }
    return {
      figures:
        `${cycles} times pulled out in mid-frame: ${status.samples} of ${counts.good} whole frames learned, ` +
        `${status.damaged} cut; at most ${mostFailures} attempts failed before it was open again; ` +
        `${waiting + open} lines and ${status.logLinesLeftOut} left out; ${first.descriptors} descriptors at first, ${last.descriptors} at last; ` +
        `${mebibytes(first.resident)} resident at first, ${mebibytes(last.resident)} at last`,
      faults,
    };
  } finally {
    daemon.kill();
    device.close();
  }
}
