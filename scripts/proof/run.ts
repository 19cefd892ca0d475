/**
 * Proves by exact counts what is promised of the daemon at a serial port, through real pseudo-terminals:
 * `npm run proof [-- NAME...] [--frames N] [--cycles N] [--seconds N]`. Each proof prints a line of figures; where a count
 * does not add up the exit code is 1. Linux only.
 */
import { parseArgs } from "node:util";
import type { Outcome } from "./account.ts";
import { measureCpu } from "./cpu.ts";
import { proveFlood } from "./flood.ts";
import { proveFrames } from "./frames.ts";
import { proveReplug } from "./replug.ts";

interface Scale {
  frames: number;
  cycles: number;
  seconds: number;
}

const proofs: Record<string, ((scale: Scale) => Promise<Outcome>)[]> = {
  frames: [({ frames }) => proveFrames(frames, true), ({ frames }) => proveFrames(frames, false)],
  replug: [({ cycles }) => proveReplug(cycles)],
  flood: (["drop-oldest", "drop-newest", "pause"] as const).map(
    (policy) =>
      ({ seconds }: Scale) =>
        proveFlood(seconds, policy),
  ),
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
      },
    });
    const scale = {
      frames: Number(values.frames),
      cycles: Number(values.cycles),
      seconds: Number(values.seconds),
    };
    const isWhole = Number.isInteger(scale.frames) && Number.isInteger(scale.cycles);
    if (isWhole && scale.frames >= 10 && scale.cycles >= 1 && scale.seconds > 0) {
      if (positionals.every((name) => name in proofs)) return { names: positionals, scale };
    }
  } catch {} // an option that there is not
  console.error(
    `Usage: npm run proof -- [${Object.keys(proofs).join("|")}]... [--frames N] [--cycles N] [--seconds N]`,
  );
  process.exit(2);
}

const { names, scale } = read(process.argv.slice(2));
for (const name of names.length > 0 ? names : Object.keys(proofs)) {
  for (const prove of proofs[name]) {
    const { figures, faults } = await prove(scale);
    console.log(`${name.padEnd(7)} ${figures}`);
    for (const fault of faults) console.error(`${name.padEnd(7)} WRONG ${fault}`);
    if (faults.length > 0) process.exitCode = 1;
  }
}
