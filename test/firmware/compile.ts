/** Builds programs for this machine, where there is a compiler: no user of the package needs one, CI installs it. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestOptions } from "vitest";
import { needing } from "../needs.ts";
import { folderWith } from "../rivulet.ts";

export const firmware = fileURLToPath(new URL("../../devices/firmware/", import.meta.url));
export const here = fileURLToPath(new URL("./", import.meta.url));

/** Debian's packages, where they have another name than the program. */
const packages: Record<string, string> = { "avr-gcc": "gcc-avr avr-libc" };

/** For tests that need a program. */
export function needingProgram(program: string): TestOptions {
  const isThere = spawnSync(program, ["--version"]).status === 0;
  return needing(isThere, `${program} (apt install ${packages[program] ?? program})`);
}

/** Compiles with gcc or g++ and every warning an error; gives the path of the program. */
export function compile(compiler: "gcc" | "g++", args: string[]): string {
  const program = join(folderWith(), "program");
  const strict = ["-O1", "-g", "-Wall", "-Wextra", "-pedantic", "-Werror", `-I${firmware}`];
  const sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover"];
  const { status, stderr } = spawnSync(compiler, [...strict, ...sanitizers, ...args, "-o", program]);
  if (status !== 0) throw new Error(`${compiler} ${args.join(" ")}\n${stderr}`);
  return program;
}

/** Compiles a source of devices/firmware for the emulated ATmega328P; gives the path of the Intel-hex. */
export function compileForAvr(source: string, args: string[]): string {
  const program = join(folderWith(), "program");
  const target = ["-mmcu=atmega328p", "-DF_CPU=16000000UL", "-std=gnu11", "-Os"];
  const steps: [string, string[]][] = [
    ["avr-gcc", [...target, ...args, join(firmware, source), "-o", program]],
    ["avr-objcopy", ["-O", "ihex", "-R", ".eeprom", program, `${program}.hex`]],
  ];
  for (const [step, words] of steps) {
    const { status, stderr } = spawnSync(step, words);
    if (status !== 0) throw new Error(`${step} ${words.join(" ")}\n${stderr}`);
  }
  return `${program}.hex`;
}

/** Runs a program to its end; gives what it wrote. */
export function runProgram(
  program: string,
  args: string[],
  input: Uint8Array = new Uint8Array(0),
  environment: Record<string, string> = {},
): { stdout: Buffer; stderr: string } {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    input,
    maxBuffer: 2 ** 30,
    env: { ...process.env, ...environment },
  });
  if (status !== 0) throw error ?? new Error(`${program} ended with ${status}\n${stderr}`);
  return { stdout, stderr: stderr.toString() };
}
