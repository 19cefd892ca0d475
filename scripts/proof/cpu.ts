import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startFedDaemon } from "../../src/commands/bench/fed-daemon.ts";
import { processorSeconds } from "../../src/commands/bench/process-memory.ts";
import { program } from "../bench/program.ts";
import type { Outcome } from "./account.ts";
import { openDevice } from "./daemon.ts";
import { createSender } from "./sender.ts";

const reader = fileURLToPath(new URL("./serialport-reader.ts", import.meta.url));
const warmUp = { rate: 10_000, seconds: 3 };

/**
 * What a core spends on so many samples a second, beside what it spends at the same time on a reader that only decodes
 * what `serialport` hands it, and on a process that does nothing but wake up as often as the daemon does.
 */
export async function measureCpu(rate: number, seconds: number): Promise<Outcome> {
  const daemon = await startFedDaemon({ program, rate: warmUp.rate, statusEvery: "1min" });
  const device = openDevice();
  const others = [
    spawn(process.execPath, ["--import", "tsx", reader, device.path], {
      stdio: ["ignore", "pipe", "inherit"],
    }),
    spawn(process.execPath, ["-e", "setInterval(() => {}, 10)"], { stdio: "ignore" }),
  ];
  try {
    const sender = createSender(device, { isClean: true });
    await new Promise<void>((resolve, reject) => {
      others[0].stdout?.once("data", () => resolve());
      others[0].once("exit", () => reject(new Error("the reader of serialport ended")));
    });
    const feed = async (perSecond: number, forSeconds: number) => {
      const start = { at: performance.now(), numbered: sender.counts.numbered };
      for (;;) {
        const elapsed = (performance.now() - start.at) / 1000;
        if (elapsed >= forSeconds) break;
        await sender.send(Math.floor(perSecond * elapsed) - (sender.counts.numbered - start.numbered));
        await pause(2);
      }
    };
    await feed(warmUp.rate, warmUp.seconds);
    daemon.setRate(rate);
    await feed(rate, 1);
    const processes = [daemon.process, ...others] as [ChildProcess, ChildProcess, ChildProcess];
    const spent = () => processes.map(({ pid }) => processorSeconds(pid as number));
    const [before, at, sentBefore] = [spent(), performance.now(), daemon.sent];
    await feed(rate, seconds);
    const elapsed = (performance.now() - at) / 1000;
    const shares = spent().map(
      (after, index) => `${((100 * (after - before[index])) / elapsed).toFixed(2)} %`,
    );
    return {
      figures:
        `${((daemon.sent - sentBefore) / elapsed).toFixed(0)} samples a second: ${shares[0]} of a core; at the same time ` +
        `serialport's own reader without training ${shares[1]}, an empty timer of 10 ms ${shares[2]}`,
      faults: [],
    };
  } finally {
    for (const child of others) child.kill();
    device.close();
    await daemon.stop();
  }
}
