import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeCheckpoint } from "../../src/checkpoint/format.ts";
import { openStore } from "../../src/checkpoint/store.ts";
import { compileChild } from "./compiled-child.ts";
import { temporaryFolder } from "./folder.ts";
import { isOfOneStep } from "./sample.ts";

let child: ReturnType<typeof compileChild>;
beforeAll(() => {
  child = compileChild();
});
afterAll(() => child.remove());

describe("a process that is killed", () => {
  const points = [
    ["in the middle of the write", 2],
    ["between write and sync", 2],
    ["between sync and rename", 2],
    ["between rename and sync of the folder", 3],
    ["before old ones are deleted", 3],
  ] as const;
  const cases = points.flatMap(([point, resumed]) => [
    { point, save: "save", resumed },
    { point, save: "saveSync", resumed },
  ]);

  test.each(cases)("$point of $save resumes from checkpoint $resumed", ({ point, save, resumed }) => {
    const folder = temporaryFolder();
    run(folder, "do", "open", "saveSync:1:0", "saveSync:2:0");
    expect(run(folder, "die", point, save, "3").signal).toBe("SIGKILL");

    const store = openStore(folder);
    const { checkpoint } = store.newest(decodeCheckpoint)!;
    expect([checkpoint.step, isOfOneStep(checkpoint)]).toEqual([resumed, true]);
    expect(fs.readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    store.close();
  });

  test("200 times at random moments always finds a valid checkpoint, none older than it was told was saved", async () => {
    // Two folders at a time, since a child mostly waits for the disk.
    const kills = await Promise.all([killAndRestart(100), killAndRestart(100)]);
    // The test is worth something only if it hit processes at work, and saves halfway.
    expect(sum(kills.map(({ saves }) => saves))).toBeGreaterThan(100);
    expect(sum(kills.map(({ halfway }) => halfway))).toBeGreaterThan(0);
    // Two hundred processes one after the other: a minute may not be enough on a machine with other work.
  }, 300_000);
});

/** Runs the child to its end. */
function run(...words: string[]) {
  return spawnSync(process.execPath, [child.path, ...words], { encoding: "utf8" });
}

/** Kills one child after the other, all on one folder, and checks what each of them found when it started. */
async function killAndRestart(times: number) {
  const folder = temporaryFolder();
  let acknowledged = 0;
  let saves = 0;
  let halfway = 0;
  for (let kill = 0; kill < times; kill++) {
    const lines = await runAndKill(folder, kill % 4 === 0 ? null : (kill % 4) - 1);
    expect(lines.filter((line) => line.startsWith("reported"))).toEqual([]);
    for (const line of lines) {
      const [verb, step] = line.split(" ");
      if (verb === "resumed") expect(Number(step)).toBeGreaterThanOrEqual(acknowledged);
      else if (verb === "saved") saves++;
      acknowledged = Number(step);
    }
    if (fs.readdirSync(folder).some((name) => /^checkpoint-.*\.tmp$/.test(name))) halfway++;
  }
  return { saves, halfway };
}

/**
 * Starts a child and kills it, at a random moment after its start (null) or after so many saves. Gives the lines it
 * printed.
 */
async function runAndKill(folder: string, afterSaves: number | null): Promise<string[]> {
  const program = spawn(process.execPath, [child.path, folder, "forever"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  const saved = new Promise<void>((resolve) => {
    program.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
      if (output.includes("resumed") && output.split("saved").length > (afterSaves ?? 0)) resolve();
    });
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => {
    program.on("close", (_, signal) => resolve(signal));
  });
  if (afterSaves === null) await setTimeout(Math.random() * 150);
  else await Promise.race([saved, ended]).then(() => setTimeout(Math.random() * 40));
  program.kill("SIGKILL");
  expect(await ended).toBe("SIGKILL");
  // The last line may be cut off: then its save was not acknowledged.
  return output.split("\n").slice(0, -1);
}

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
