import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { createJsonLog } from "../../src/daemon/log.ts";
import { createLogOutput, type Output } from "../../src/machine/output.ts";
import { temporaryFolder } from "../checkpoint/folder.ts";

const nowhere: Output = {
  write() {
    throw new Error("expected all to go into the pipe");
  },
};

/** A pipe, of which this process has both ends. */
function openPipe(): number {
  const path = join(temporaryFolder(), "pipe");
  execFileSync("mkfifo", [path]);
  const descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  onTestFinished(() => closeSync(descriptor));
  return descriptor;
}

/** Reads all that is in a pipe. */
function drain(descriptor: number): string {
  const bytes = Buffer.alloc(2 ** 20);
  return bytes.toString("utf8", 0, readSync(descriptor, bytes));
}

test("a log that nobody reads holds up nothing, and tells afterwards how many lines were left out", () => {
  const pipe = openPipe();
  const out = createLogOutput(nowhere, pipe);
  const log = createJsonLog(out);
  const status = { event: "status", text: "x".repeat(1000) };
  let written = 0;
  for (; !out.isStalled; written++) log(status);
  expect(written).toBeGreaterThan(30);
  for (let i = 0; i < 300; i++) log(status);
  expect(drain(pipe).trim().split("\n").length).toBe(written - 1);
  log(status);
  expect(JSON.parse(drain(pipe)).leftOut).toBe(301);
  log(status);
  expect(JSON.parse(drain(pipe)).leftOut).toBeUndefined();
});

test("a log whose reader is slow waits for a second in a minute, not for each line that is late", () => {
  const pipe = openPipe();
  const wait = vi.spyOn(Atomics, "wait").mockReturnValue("timed-out");
  const now = vi.spyOn(performance, "now").mockReturnValue(1e6);
  onTestFinished(() => void vi.restoreAllMocks());
  const out = createLogOutput(nowhere, pipe);
  const fill = () => {
    wait.mockClear();
    do out.write("x".repeat(4096));
    while (!out.isStalled);
    return wait.mock.calls.reduce((ms, [, , , waited]) => ms + (waited as number), 0);
  };
  expect(fill()).toBe(1000);
  for (let line = 0; line < 20; line++) {
    now.mockReturnValue(1e6 + 2000 * (line + 1));
    drain(pipe);
    expect(fill()).toBe(0);
  }
  now.mockReturnValue(1e6 + 60_000);
  drain(pipe);
  expect(fill()).toBe(1000);
});

test("what is no pipe is written as ever", () => {
  const lines: string[] = [];
  const file = openSync(join(temporaryFolder(), "file"), "w");
  onTestFinished(() => closeSync(file));
  const out = createLogOutput({ write: (text) => void lines.push(text) }, file);
  out.write("a line\n");
  expect([lines, out.isStalled]).toEqual([["a line\n"], false]);
});
