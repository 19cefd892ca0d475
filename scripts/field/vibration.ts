/**
 * The example of a motor's vibration from its first sample to an alarm: devices/firmware/vibration on the emulated board,
 * devices/examples/vibration.yaml as it is but for the port, and a bearing that begins to knock once normal is known.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startMicrocontroller } from "../../src/emulation/microcontroller.ts";
import { openPseudoTerminal } from "../../src/emulation/pseudo-terminal.ts";

const devices = new URL("../../devices/", import.meta.url);
const program = fileURLToPath(new URL("../../dist/bin/rivulet.cjs", import.meta.url));
/** The board's clock beside ours at most; a slow machine has less of it. */
const speed = 20;
const tickMs = 10;
/** Of the board's time: how long it runs well once normal is known, and within what time the knocking must be told. */
const soundMs = 60_000;
const patienceMs = 20_000;
/** No machine takes so long for all of it; a quiet one half a minute. */
const longestMs = 600_000;

/** Runs the example; returns what is wrong, or null. */
export async function watchVibration(): Promise<string | null> {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-vibration-"));
  const terminal = openPseudoTerminal();
  const board = await startMicrocontroller(
    fileURLToPath(new URL("firmware/vibration/vibration.hex", devices)),
  );
  const text = readFileSync(new URL("examples/vibration.yaml", devices), "utf8")
    .replace("/dev/ttyACM0", terminal.path)
    .replace("../../checkpoints/vibration", "checkpoints");
  writeFileSync(join(folder, "vibration.yaml"), text);
  console.log(
    `\n== motor with a bearing that fails, its clock up to ${speed} times as fast\n$ rivulet run devices/examples/vibration.yaml`,
  );
  const child = spawn(process.execPath, [program, "run", "vibration.yaml", "--json"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  let isOpen = false;
  let warmAt = Number.POSITIVE_INFINITY;
  let knocksAt = Number.POSITIVE_INFINITY;
  let fault: string | null = "it ended before the bearing knocked";
  let boardMs = 0;
  const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(1);
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { event, text: said } = JSON.parse(line) as { event: string; text: string };
    if (event === "port-open") isOpen = true;
    if (!event.startsWith("anomaly")) return;
    console.log(`${seconds(boardMs)} s  ${said}`);
    if (event === "anomaly-warm") warmAt = boardMs;
    if (event !== "anomaly") return;
    fault = knocksAt === Number.POSITIVE_INFINITY ? "an alarm before the bearing knocked" : null;
    if (fault === null)
      console.log(`${seconds(boardMs - knocksAt)} s of the board's time after the first knock`);
    child.kill("SIGTERM");
  });
  let waiting = Buffer.alloc(0);
  const heard = Buffer.alloc(64);
  const timer = setInterval(() => {
    terminal.read(heard);
    waiting = waiting.subarray(terminal.write(waiting));
    if (!isOpen || waiting.length > 0) return;
    boardMs += speed * tickMs;
    waiting = Buffer.from(board.run(speed * tickMs));
    if (boardMs > warmAt + soundMs && knocksAt === Number.POSITIVE_INFINITY) {
      console.log(`${seconds(boardMs)} s  (the bearing begins to knock)`);
      knocksAt = boardMs;
      board.receive(Buffer.from("1"));
    }
    if (boardMs <= knocksAt + patienceMs) return;
    fault = `no alarm within ${seconds(patienceMs)} s of the board's time`;
    child.kill("SIGTERM");
  }, tickMs);
  const deadline = setTimeout(() => child.kill("SIGKILL"), longestMs);
  await ended;
  clearTimeout(deadline);
  clearInterval(timer);
  terminal.close();
  rmSync(folder, { recursive: true, force: true });
  return fault;
}
