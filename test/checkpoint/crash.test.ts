import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeCheckpoint } from "../../src/checkpoint/format.ts";
import { openStore } from "../../src/checkpoint/store.ts";
import { compileChild } from "./compiled-child.ts";
import { temporaryFolder } from "./folder.ts";
import { killAndRestart } from "./kills.ts";
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

  test("at random moments always finds a valid checkpoint, none older than it was told was saved", async () => {
    const { saves } = await killAndRestart(child.path, 12);
    // The test is worth something only if it hit processes at work.
    expect(saves).toBeGreaterThan(0);
  });
});

/** Runs the child to its end. */
function run(...words: string[]) {
  return spawnSync(process.execPath, [child.path, ...words], { encoding: "utf8" });
}
