/**
 * Records in a file which pins this process has open. A reboot resets all pins, and a process that ends normally releases
 * them. A killed process leaves them exported and its outputs driven, perhaps with an alarm on. The next start reads the
 * file and releases them.
 */
import { rmSync, writeFileSync } from "node:fs";
import { bootOfMachine } from "../../machine/boot.ts";
import { readRegularFile } from "../../machine/regular-file.ts";
import { attempt, type GpioBackend } from "./backend.ts";

/** BCM numbers of the pins that a process has open. */
export interface HeldPins {
  outputs: number[];
  inputs: number[];
}

const mostBytes = 4096;

/** Writes the open pins to the file. @throws the file system's error where it cannot be written */
export function recordPins(file: string, pins: HeldPins): void {
  // A new file: what stands there may be a link to a file that is not ours.
  rmSync(file, { force: true });
  writeFileSync(file, JSON.stringify({ boot: bootOfMachine(), ...pins }), { flag: "wx" });
}

/** Removes the file, after the pins are released. */
export function forgetPins(file: string): void {
  rmSync(file, { force: true });
}

/** Returns the pins that a killed process left open since the last boot; null where there are none. */
export function leftPins(file: string): HeldPins | null {
  try {
    const {
      boot: itsBoot,
      outputs,
      inputs,
    } = JSON.parse(readRegularFile(file, { mostBytes, followLinks: false }).toString("utf8"));
    const whole = [outputs, inputs].every((pins) => Array.isArray(pins) && pins.every(Number.isInteger));
    return whole && itsBoot === bootOfMachine() ? { outputs, inputs } : null;
  } catch {
    return null; // no file, or a truncated one: then the process was killed before it opened a pin
  }
}

/** Drives the outputs low and releases all pins; skips a pin that another program uses by now. */
export function releasePins(backend: GpioBackend, { outputs, inputs }: HeldPins): void {
  for (const pin of outputs) attempt(() => backend.output(pin, 0).close());
  for (const pin of inputs) attempt(() => backend.input(pin, () => {}).close());
}
