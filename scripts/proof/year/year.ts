/**
 * A simulated year on a board, with the parts of the product from the decoder to the store: a save an hour, the port lost
 * every day, the disk full once a week, the service restarted after it, the host away for a month. The device's clock
 * wraps every 49.7 days, and the counters begin just below what 32 bits hold, with and without a sign, or end just below
 * the largest that is believed of a file, as do the numbers of the checkpoints. Everything is counted, and the learner is
 * compared with one that only saw the samples.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Outcome } from "../account.ts";
import { ballastIn } from "./ballast.ts";
import { SimulatedBoard, type YearOptions } from "./board.ts";
import { hoursOf } from "./calendar.ts";

/**
 * Where the counters of a year begin, so that they cross a limit in its first days, and how many checkpoints are kept:
 * of one alone a full disk cannot delete any.
 */
const usual: YearOptions = { begin: 0, keep: 3, backlog: 6 };
const years: Record<string, YearOptions> = {
  "0": usual,
  "2^31": { ...usual, begin: 2 ** 31 - 1000 },
  "2^32": { begin: 2 ** 32 - 1000, keep: 1, backlog: 1 },
  // Beyond 2^52 no count of a file is believed.
  "2^52": { ...usual, begin: 2 ** 52 - 1e6 },
};

/** A disk this small is full of a few dozen checkpoints. */
const diskBytes = 4 << 20;

/** Days within which a restart comes. */
const daysOfCareless = 6;

/** @param days of each year that are simulated */
export async function proveYear(days: number): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-year-"));
  const isSmall = mount(folder);
  try {
    const boards: Totals[] = [];
    for (const options of Object.values(years))
      boards.push(await liveThrough(folder, isSmall, options, days));
    const careless = await liveThrough(folder, isSmall, { ...usual, isCareless: true }, daysOfCareless);
    const faults = Object.keys(years).flatMap((name, index) =>
      boards[index].problems.map((problem) => `from ${name} on: ${problem}`),
    );
    if (careless.problems.length === 0) faults.push("a board that loses a checkpoint was not noticed");
    return { figures: figuresOf(boards, days, isSmall), faults };
  } finally {
    if (isSmall) spawnSync("umount", [folder]);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A year of one board: what it came to, and what of it does not add up. */
async function liveThrough(folder: string, isSmall: boolean, options: YearOptions, days: number) {
  const board = new SimulatedBoard(join(folder, "checkpoints"), options);
  const ballast = ballastIn(folder, isSmall);
  for (const hour of hoursOf(days)) await board.live(hour, ballast);
  board.end();
  const problems = board.problems();
  ballast.remove();
  rmSync(board.directory, { recursive: true });
  return { ...board.totals, problems };
}

type Totals = Awaited<ReturnType<typeof liveThrough>>;

function figuresOf(boards: readonly Totals[], days: number, isSmall: boolean): string {
  const sum = (key: Exclude<keyof Totals, "problems">) =>
    boards.reduce((total, board) => total + board[key], 0);
  const megabytesADay = (key: "diskBytes" | "logBytes") =>
    (sum(key) / (1e6 * days * boards.length)).toPrecision(2);
  const disk = isSmall
    ? `${sum("failures")} saves found the disk full and said so`
    : "no disk was full, which takes root";
  return `${boards.length} years of ${days} days: ${sum("saves")} saves, ${sum("samples")} samples, ${sum("missing")} missing, ${sum("restarts")} restarts, ${disk}, ${sum("dropped")} checkpoints deleted unsent; ${megabytesADay("diskBytes")} MB of checkpoints and ${megabytesADay("logBytes")} MB of log a day`;
}

/** Mounts a small file system, which only root can; returns whether it is there. */
function mount(folder: string): boolean {
  return spawnSync("mount", ["-t", "tmpfs", "-o", `size=${diskBytes}`, "none", folder]).status === 0;
}
