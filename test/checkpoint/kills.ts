/** Processes that save without end, killed at random moments. */
import { spawn } from "node:child_process";
import fs from "node:fs";
import { setTimeout } from "node:timers/promises";
import { expect } from "vitest";
import { temporaryFolder } from "./folder.ts";

/**
 * Kills one child after the other, all on one folder, and checks what each of them found when it started: a valid
 * checkpoint, and none older than it was told was saved.
 * @param program path of the compiled child
 */
export async function killAndRestart(program: string, times: number) {
  const folder = temporaryFolder();
  let acknowledged = 0;
  let saves = 0;
  let halfway = 0;
  for (let kill = 0; kill < times; kill++) {
    const lines = await runAndKill(program, folder, kill % 4 === 0 ? null : (kill % 4) - 1);
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
async function runAndKill(program: string, folder: string, afterSaves: number | null): Promise<string[]> {
  const child = spawn(process.execPath, [program, folder, "forever"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  const saved = new Promise<void>((resolve) => {
    child.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
      if (output.includes("resumed") && output.split("saved").length > (afterSaves ?? 0)) resolve();
    });
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => {
    child.on("close", (_, signal) => resolve(signal));
  });
  if (afterSaves === null) await setTimeout(Math.random() * 150);
  else await Promise.race([saved, ended]).then(() => setTimeout(Math.random() * 40));
  child.kill("SIGKILL");
  expect(await ended).toBe("SIGKILL");
  // The last line may be cut off: then its save was not acknowledged.
  return output.split("\n").slice(0, -1);
}
