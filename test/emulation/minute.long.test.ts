/** A minute of firmware at 115,200 baud, through a pseudo-terminal into `rivulet run`: every frame is accounted for. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { startBoard } from "../../src/emulation/start-board.ts";
import { folderWith, startRivulet } from "../rivulet.ts";

const secondsInAll = 60;
const devices = fileURLToPath(new URL("../../devices/", import.meta.url));

/** As fast as the machine can: the board stands still while the daemon does not keep up. */
const unlimited = 1000;

test.each([
  // Bytes a second of the 11,520 that the line carries: 5250 and 8500.
  ["firmware/pump/pump.hex", "examples/pump.yaml", 250, 21],
  ["firmware/avr/avr.hex", "firmware/avr/avr.yaml", 500, 17],
])("the daemon learns from each frame of a minute of %s", async (hex, yaml, rate, frameBytes) => {
  const config = readFileSync(join(devices, yaml), "utf8")
    .replace("/dev/ttyACM0", "port")
    // A board that is faster than time may be faster than a busy machine learns.
    .replace("framing: frames", "queue: { whenFull: pause }\n  framing: frames")
    .replace(/directory: [^ ,}]+/, "directory: saved");
  const cwd = folderWith({ "c.yaml": config });
  const board = await startBoard(join(devices, hex), {
    seconds: secondsInAll,
    speed: unlimited,
    link: join(cwd, "port"),
  });
  onTestFinished(async () => {
    await board.close();
  });
  const daemon = startRivulet(["run", "c.yaml", "--status-every", "100ms", "--json"], { cwd });
  await daemon.event("port-open");
  const started = performance.now();
  await board.stopped;
  const seconds = (performance.now() - started) / 1000;
  // The last frame is still on the wire when the time is up.
  const frames = secondsInAll * rate - 1;
  const status = await daemon.event("status", (line) => line.samples >= frames);
  daemon.process.kill("SIGTERM");
  expect((await daemon.ended).code).toBe(0);
  const report = await board.close();
  expect(status).toMatchObject({ samples: frames, missing: 0, damaged: 0, rejected: 0, dropped: 0 });
  // The first answer is not scored: no target was known yet.
  expect(status.scores.samples).toBe(frames - 1);
  expect(report).toMatchObject({ milliseconds: 1000 * secondsInAll, bytesDropped: 0, bytesUnheard: 0 });
  // One zero byte comes first, and the beginning of the frame that the end cuts off may come last.
  expect(report?.bytesSent).toBeGreaterThanOrEqual(1 + frames * frameBytes);
  process.stdout.write(`${hex}: ${(secondsInAll / seconds).toFixed(1)} times real time, ${frames} frames\n`);
});
