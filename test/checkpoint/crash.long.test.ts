import { afterAll, beforeAll, expect, test } from "vitest";
import { compileChild } from "./compiled-child.ts";
import { killAndRestart } from "./kills.ts";

let child: ReturnType<typeof compileChild>;
beforeAll(() => {
  child = compileChild();
});
afterAll(() => child.remove());

test("a process that is killed 60 times at random moments always finds a valid checkpoint", async () => {
  // Two folders at a time, since a child mostly waits for the disk.
  const kills = await Promise.all([killAndRestart(child.path, 30), killAndRestart(child.path, 30)]);
  // The test is worth something only if it hit processes at work, and saves halfway.
  expect(sum(kills.map(({ saves }) => saves))).toBeGreaterThan(30);
  expect(sum(kills.map(({ halfway }) => halfway))).toBeGreaterThan(0);
});

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
