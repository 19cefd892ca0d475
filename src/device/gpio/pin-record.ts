/**
 * A file that says which pins this process holds. The kernel forgets them at a reboot, and a process that ends in
 * good order gives them back; one that was killed leaves them exported, and an output as it was, perhaps with an
 * alarm on. The next start finds the file and puts that right.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { bootOfMachine } from "../../machine/boot.ts";
import { attempt, type GpioBackend } from "./backend.ts";

export interface HeldPins {
  outputs: number[];
  inputs: number[];
}

/** @throws the file system's error where it cannot be written */
export function recordPins(file: string, pins: HeldPins): void {
  writeFileSync(file, JSON.stringify({ boot: bootOfMachine(), ...pins }));
}

export function forgetPins(file: string): void {
  rmSync(file, { force: true });
}

/** The pins that a killed process left since the machine started; null where there are none. */
export function leftPins(file: string): HeldPins | null {
  try {
    const { boot: itsBoot, outputs, inputs } = JSON.parse(readFileSync(file, "utf8"));
    const whole = [outputs, inputs].every((pins) => Array.isArray(pins) && pins.every(Number.isInteger));
    return whole && itsBoot === bootOfMachine() ? { outputs, inputs } : null;
  } catch {
    return null; // no file, or one that the kill cut off before any pin was opened
  }
}

/** Drives the outputs low and gives all pins back; a pin that somebody else has taken since is theirs. */
export function releasePins(backend: GpioBackend, { outputs, inputs }: HeldPins): void {
  for (const pin of outputs) attempt(() => backend.output(pin, 0).close());
  for (const pin of inputs) attempt(() => backend.input(pin, () => {}).close());
}
