import { compare, isDone, mebibytes, type Outcome } from "./account.ts";
import { openDevice, startDaemon } from "./daemon.ts";
import { createSender } from "./sender.ts";

const framesInCycle = 100;
/** After so many its memory has its size. */
const warmUpCycles = 5;

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
    for (let cycle = 0; cycle < cycles; cycle++) {
      await sender.send(framesInCycle);
      await sender.sendHalf();
      // What is not read when the port hangs up is lost with it.
      await daemon.until(isDone(counts, counts.bytes));
      if (cycle === warmUpCycles) {
        first = { descriptors: daemon.descriptors(), resident: daemon.residentMebibytes() };
      }
      const failuresBefore = daemon.status.portFailures;
      daemon.pullOut();
      device.close();
      await daemon.untilEvent("port-waiting", cycle + 1);
      device = openDevice();
      sender.moveTo(device);
      daemon.plugIn(device);
      await daemon.untilEvent("port-open", cycle + 2);
      await sender.send(1);
      await daemon.until(isDone(counts, counts.bytes));
      mostFailures = Math.max(mostFailures, daemon.status.portFailures - failuresBefore);
    }
    const last = { descriptors: daemon.descriptors(), resident: daemon.residentMebibytes() };
    const { status } = daemon;
    const [waiting, open] = [daemon.count("port-waiting"), daemon.count("port-open")];
    await daemon.stop();
    faults.push(...compare(counts, status, cycles));
    if (status.portLosses !== cycles)
      faults.push(`losses: ${status.portLosses}, and ${cycles} were to be expected`);
    if (waiting !== cycles || open !== cycles + 1) {
      faults.push(`lines: ${waiting} of waiting and ${open} of opening, for ${cycles} losses`);
    }
    // The device is back before the first attempt; a second one is due where this machine was slow.
    if (mostFailures > 1) faults.push(`${mostFailures} attempts failed before the port was open again`);
    if (last.descriptors !== first.descriptors) {
      faults.push(`descriptors: ${first.descriptors} at first, ${last.descriptors} at last`);
    }
    return {
      figures:
        `${cycles} times pulled out in mid-frame: ${status.samples} of ${counts.good} whole frames learned, ` +
        `${status.damaged} cut; at most ${mostFailures} attempts failed before it was open again; ` +
        `${waiting + open} lines; ${first.descriptors} descriptors at first, ${last.descriptors} at last; ` +
        `${mebibytes(first.resident)} resident at first, ${mebibytes(last.resident)} at last`,
      faults,
    };
  } finally {
    daemon.kill();
    device.close();
  }
}
