/**
 * Kills `fit --save`, `migrate` and `record` at random moments: the file that they write is the old one or the new one, what
 * was recorded and acknowledged is there, and the same command works afterwards.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { listCheckpoints } from "../../../src/checkpoint/checkpoint-names.ts";
import { decodeCheckpoint } from "../../../src/checkpoint/format.ts";
import { RivuletError } from "../../../src/errors/errors.ts";
import { playRecording } from "../../../src/recording/play.ts";
import type { KillTally } from "./daemon-kills.ts";
import { type Card, duringWrite, isUnfinished, type Running, start } from "./killing.ts";

type Fault = (text: string) => void;

/** A command to kill. */
interface Command {
  name: string;
  words(turn: number): string[];
  /** The folder in which its file appears, below that of the command. */
  place: string;
  /** Sends it rows until it ends. */
  feed?(running: Running): Promise<void>;
  /** What is wrong with its files once it was killed, or has ended: `isWhole`. */
  check(folder: string, running: Running, turn: number, isWhole: boolean, fault: Fault): Promise<void>;
}

const rows = 4000;
const row = (index: number) => [index, ((index * 7919) % 1000) / 500 - 1, index % 3];
const layers = "[{ dense: 192 }, tanh, dense]";
const configOf = (fields: string) => `name: killed
source: { stdin: true, framing: lines, fields: [${fields}] }
target: { column: label, classes: 3 }
model: { layers: ${layers} }
checkpoint: { directory: saved }
`;

/** Says so where a checkpoint is not whole. */
function check(path: string, fault: Fault): void {
  try {
    decodeCheckpoint(readFileSync(path), path);
  } catch (error) {
    fault(`half a file is visible: ${(error as Error).message}`);
  }
}

const fit: Command = {
  name: "fit --save",
  words: () => ["fit", "c.yaml", "--data", "rows.csv", "--epochs", "1", "--save", "model.msgpack"],
  place: ".",
  async check(folder, _, __, ___, fault) {
    check(join(folder, "model.msgpack"), fault);
  },
};

const migrate: Command = {
  name: "migrate",
  words: () => ["migrate", "model.msgpack", "--config", "more.yaml", "--save", "saved/"],
  place: "saved",
  async check(folder, _, turn, isWhole, fault) {
    const files = listCheckpoints(join(folder, "saved"));
    for (const { path } of files) check(path, fault);
    if (isWhole && files.length === 0) fault(`nothing is saved after ${turn} kills`);
  },
};

const record: Command = {
  name: "record",
  words: (turn) => ["record", "c.yaml", "--out", `${turn}.rec`],
  place: ".",
  async feed({ child, ended }) {
    let hasEnded = false;
    void ended.then(() => {
      hasEnded = true;
    });
    for (let index = 0; !hasEnded; await pause(5)) {
      const lines = Array.from({ length: 20 }, () => row(index++).join(","));
      child.stdin?.write(`${lines.join("\n")}\n`);
    }
  },
  async check(folder, running, turn, isWhole, fault) {
    const acknowledged = Number([...running.printed().matchAll(/(\d+) on the disk/g)].at(-1)?.[1] ?? 0);
    let isFitting = true;
    const visit = (values: Float64Array, offset: number, index: number) => {
      isFitting &&= row(index).every((value, column) => values[offset + column] === value);
    };
    try {
      const played = await playRecording(join(folder, `${turn}.rec`), visit);
      if (played.samples < acknowledged) fault(`${played.samples} samples are left of ${acknowledged}`);
      if (!isFitting || played.damaged > 0) fault("the recording holds what was not sent");
      if (isWhole && played.tornBytes > 0) fault("the recording ends in the middle of a block");
    } catch (error) {
      if (!(error instanceof RivuletError)) throw error;
      if (acknowledged > 0 || isWhole) fault(`${acknowledged} samples are lost: ${error.message}`);
    }
  },
};

/** Kills each command in turn; runs each to its end before and after. */
export async function killCommands(kills: number, card: Card | "mixed"): Promise<KillTally> {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-kill-"));
  const tally: KillTally = { kills: 0, halfway: 0, saves: 0, rows: 0, faults: [] };
  try {
    mkdirSync(join(folder, "saved"));
    writeFileSync(join(folder, "c.yaml"), configOf("a, b, label"));
    writeFileSync(join(folder, "more.yaml"), configOf("a, b, c, label"));
    const lines = Array.from({ length: rows }, (_, index) => row(index).join(","));
    writeFileSync(join(folder, "rows.csv"), `a,b,label\n${lines.join("\n")}\n`);
    const commands = card === "careless" ? [fit, migrate] : [fit, migrate, record];
    const usualMs: number[] = [];
    for (const command of commands) usualMs.push(await runWhole(command, folder, 1, tally));
    for (; tally.kills < kills; tally.kills++) {
      const index = tally.kills % commands.length;
      const on = card === "mixed" ? (tally.kills % 2 === 0 ? "slow" : "plain") : card;
      await killOnce(commands[index], folder, 2 + tally.kills, on, usualMs[index], tally);
    }
    if (card !== "careless") {
      for (const command of commands) await runWhole(command, folder, 2 + kills, tally);
      const left = [".", "saved"].flatMap((name) => readdirSync(join(folder, name))).filter(isUnfinished);
      if (left.length > 0) tally.faults.push(`${left.join(", ")} are left over`);
    }
    return tally;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const faultOf =
  (command: Command, turn: number, { faults }: KillTally): Fault =>
  (text) =>
    faults.push(`${command.name}, run ${turn}: ${text}`);

/** Milliseconds that it takes. */
async function runWhole(command: Command, folder: string, turn: number, tally: KillTally): Promise<number> {
  const from = performance.now();
  const running = start(command.words(turn), folder, "plain");
  if (command.feed !== undefined) {
    void command.feed(running);
    while (!running.printed().includes("on the disk")) await pause(5);
    running.child.kill("SIGTERM");
  }
  const fault = faultOf(command, turn, tally);
  if ((await running.ended) !== 0) fault(`it failed: ${running.printed()}`);
  await command.check(folder, running, turn, true, fault);
  return performance.now() - from;
}

async function killOnce(
  command: Command,
  folder: string,
  turn: number,
  card: Card,
  usualMs: number,
  tally: KillTally,
): Promise<void> {
  const running = start(command.words(turn), folder, card);
  void command.feed?.(running);
  const isSaved = (name: string) => /msgpack|\.rec$/.test(name);
  // Half of them while the file is written, half at any moment.
  const writing = duringWrite(join(folder, command.place), isSaved, 1);
  const moment = pause(Math.random() * usualMs);
  await Promise.race([turn % 4 < 2 ? moment : writing, running.ended]);
  running.child.kill("SIGKILL");
  await running.ended;
  const names = readdirSync(join(folder, command.place));
  if (names.some(isUnfinished)) tally.halfway++;
  await command.check(folder, running, turn, false, faultOf(command, turn, tally));
}
