/** What opening a port in vain leaves behind, as it may go on for months: no memory, no descriptors, one line. */
import { execFile } from "node:child_process";
import { chmodSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { openPseudoTerminal, type PseudoTerminal } from "../../../src/emulation/pseudo-terminal.ts";
import { createSerialSource } from "../../../src/samples/sources/serial.ts";
import { beingRoot, needing } from "../../needs.ts";

const script = fileURLToPath(new URL("./failing-opens.ts", import.meta.url));
const terminals: PseudoTerminal[] = [];
afterAll(() => {
  for (const terminal of terminals) terminal.close();
});

const situations = ["missing", "forbidden", "busy"] as const;

/** A port that cannot be opened in this situation, and what is to be done afterwards. */
async function unusable(situation: (typeof situations)[number]) {
  if (situation === "missing") return { path: join(tmpdir(), "rivulet-no-such-port"), free: async () => {} };
  const terminal = openPseudoTerminal();
  terminals.push(terminal);
  const { path } = terminal;
  chmodSync(path, situation === "forbidden" ? 0o600 : 0o666);
  if (situation === "forbidden") return { path, free: async () => {} };
  const holder = createSerialSource({ port: path, baudRate: 115_200 });
  await holder.open(() => {});
  return { path, free: () => holder.close() };
}

const sentences = {
  missing: /^waiting: there is no serial port/,
  forbidden: /^waiting: no permission to open the serial port/,
  busy: /^waiting: .* is in use by another program/,
};

/** Only root can become somebody who may not open a port. */
const canTry = process.platform === "linux" && process.getuid?.() === 0;

test.concurrent.each(situations)(
  "1,000 attempts at a port that is %s leave one line and nothing else",
  needing(canTry, `${beingRoot}, on Linux`),
  async (situation) => {
    const { path, free } = await unusable(situation);
    const words = ["--expose-gc", "--import", "tsx", script, path, "1000"];
    const { stdout } = await promisify(execFile)(process.execPath, words);
    await free();
    const { before, end, told } = JSON.parse(stdout);
    expect(told.slice(1)).toEqual([
      expect.stringMatching(sentences[situation]),
      expect.stringMatching(/^closed/),
    ]);
    expect(end.descriptors).toBe(before.descriptors);
    // 300 bytes an attempt, most of it what is compiled meanwhile: an error with its text and its stack is more.
    expect(end.heapBytes - before.heapBytes).toBeLessThan(300_000);
    // Buffers that would be kept outside the heap.
    expect(end.externalBytes - before.externalBytes).toBeLessThan(100_000);
  },
);
