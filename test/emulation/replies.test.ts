/** The whole way round: emulated firmware sends, `rivulet run` learns and answers, and the firmware acts on it. */
import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { startMicrocontroller } from "../../src/emulation/microcontroller.ts";
import { openByPackage, openByPerl, openPseudoTerminal } from "../../src/emulation/pseudo-terminal.ts";
import { folderWith, startRivulet } from "../rivulet.ts";
import { until } from "../until.ts";

const avr = fileURLToPath(new URL("../../devices/firmware/avr/", import.meta.url));
const tickMs = 5;

test("the LED of an Uno shows the class that is predicted of what its sensors read", async () => {
  const board = await startMicrocontroller(join(avr, "avr.hex"));
  // By perl where that works: its end is not inherited by the daemon, which would hold its own port open.
  const terminal = openPseudoTerminal([openByPerl, openByPackage]);
  const config = readFileSync(join(avr, "avr.yaml"), "utf8")
    .replace("/dev/ttyACM0", "port")
    .replace(/directory: [^ ,}]+/, "directory: saved");
  const cwd = folderWith({ "c.yaml": config });
  symlinkSync(terminal.path, join(cwd, "port"));
  const daemon = startRivulet(["run", "c.yaml", "--status-every", "20ms", "--json"], { cwd });
  await daemon.event("port-open");

  /** Bright light is class 1, as whoever holds the button says. */
  const show = (bright: boolean) => {
    board.driveAnalog(0, bright ? 4 : 1);
    board.driveAnalog(1, 2.5);
    board.drivePin(0, !bright);
  };
  const received = new Uint8Array(256);
  let waiting: Uint8Array = new Uint8Array(0);
  const timer = setInterval(() => {
    board.receive(received.subarray(0, Math.max(0, terminal.read(received))));
    waiting = Buffer.concat([waiting, board.run(tickMs)]);
    waiting = waiting.subarray(terminal.write(waiting));
  }, tickMs);
  onTestFinished(() => {
    clearInterval(timer);
    terminal.close();
  });

  // Without learning, and without each answer, it could not follow for so long.
  for (let round = 0; round < 4; round++) {
    for (const bright of [true, false]) {
      show(bright);
      await until(() => board.pinHigh(5) === bright);
    }
  }
  const { droppedWrites, damaged } = await daemon.event("status", ({ replies }) => replies >= 8);
  expect([droppedWrites, damaged]).toEqual([0, 0]);
  daemon.process.kill("SIGTERM");
  expect((await daemon.ended).code).toBe(0);
});
