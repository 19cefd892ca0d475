/**
 * Proves by exact counts what is promised of the daemon at a serial port, through real pseudo-terminals, and of its files,
 * by the system calls and the ends of real commands:
 *
 *     npm run proof -- [NAME...] [--frames N] [--cycles N] [--seconds N] [--share N] [--days N] [--requests N] [--megabytes N]
 *
 * Each proof prints a line of figures; where a count does not add up the exit code is 1. Linux only; the proofs of files
 * need strace.
 */
import { parseArgs } from "node:util";
import type { Outcome } from "./account.ts";
import { proveClock } from "./clock/clock.ts";
import { measureCpu } from "./cpu.ts";
import { proveFaults } from "./faults/faults.ts";
import { proveFlood } from "./flood.ts";
import { proveFrames } from "./frames.ts";
import { proveHostile } from "./hostile/hostile.ts";
import { proveHttp } from "./http/http.ts";
import { proveKills } from "./kill/kill.ts";
import { provePowerCuts } from "./power-cut/power-cut.ts";
import { proveReplug } from "./replug.ts";
import { proveSize } from "./size/size.ts";
import { proveModels } from "./sync/models.ts";
import { proveSync } from "./sync/sync.ts";
import { proveWire } from "./wire.ts";
import { proveYear } from "./year/year.ts";

interface Scale {
  frames: number;
  cycles: number;
  seconds: number;
  /** Part of the faults, and of the changed checkpoints, that is tried. */
  share: number;
  /** Days of a simulated year. */
  days: number;
  /** Requests to each server. */
  requests: number;
  /** Size of the largest checkpoints that are read. */
  megabytes: number;
}

/** Made and decoded in this process, of which a million are enough. */
const mostWireFrames = 1_000_000;

const proofs: Record<string, ((scale: Scale) => Promise<Outcome>)[]> = {
  frames: [({ frames }) => proveFrames(frames, true), ({ frames }) => proveFrames(frames, false)],
  replug: [({ cycles }) => proveReplug(cycles)],
  flood: (["drop-oldest", "drop-newest", "pause"] as const).map(
    (policy) =>
      ({ seconds }: Scale) =>
        proveFlood(seconds, policy),
  ),
  "power-cut": [provePowerCuts],
  faults: [({ share }) => proveFaults(share)],
  http: [({ requests }) => proveHttp(requests)],
  year: [({ days }) => proveYear(days)],
  kill: [({ cycles }) => proveKills(cycles)],
  wire: [({ frames }) => proveWire(Math.min(Math.ceil(frames / 5), mostWireFrames))],
  clock: [({ share }) => proveClock(share)],
  sync: [({ cycles }) => proveSync(cycles), ({ cycles }) => proveModels(cycles)],
  size: [({ megabytes }) => proveSize(megabytes)],
  hostile: [({ share }) => proveHostile(share)],
  cpu: [384, 3072].map(
    (rate) =>
      ({ seconds }: Scale) =>
        measureCpu(rate, seconds),
  ),
};

function read(words: string[]): { names: string[]; scale: Scale } {
  try {
    const { values, positionals } = parseArgs({
      args: words,
      allowPositionals: true,
      options: {
        frames: { type: "string", default: "10000000" },
        cycles: { type: "string", default: "200" },
        seconds: { type: "string", default: "60" },
        share: { type: "string", default: "1" },
        days: { type: "string", default: "365" },
        requests: { type: "string", default: "100000" },
        megabytes: { type: "string", default: "64" },
      },
    });
    const scale = {
      frames: Number(values.frames),
      cycles: Number(values.cycles),
      seconds: Number(values.seconds),
      share: Number(values.share),
      days: Number(values.days),
      requests: Number(values.requests),
      megabytes: Number(values.megabytes),
    };
    const isWhole = [scale.frames, scale.cycles, scale.days, scale.requests].every(Number.isInteger);
    const isEnough = scale.frames >= 10 && scale.cycles >= 1 && scale.days >= 7 && scale.requests >= 1;
    if (isWhole && isEnough && scale.seconds > 0 && scale.share > 0 && scale.megabytes > 0) {
      if (positionals.every((name) => name in proofs)) return { names: positionals, scale };
    }
  } catch {} // an option that there is not
  console.error(
    `Usage: npm run proof -- [${Object.keys(proofs).join("|")}]... [--frames N] [--cycles N] [--seconds N] [--share N] [--days N] [--requests N] [--megabytes N]`,
  );
  process.exit(2);
}

const { names, scale } = read(process.argv.slice(2));
for (const name of names.length > 0 ? names : Object.keys(proofs)) {
  for (const prove of proofs[name]) {
    const { figures, faults } = await prove(scale);
    console.log(`${name.padEnd(9)} ${figures}`);
    for (const fault of faults) console.error(`${name.padEnd(9)} WRONG ${fault}`);
    if (faults.length > 0) process.exitCode = 1;
  }
}
