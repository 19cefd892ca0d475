/**
 * GPIO through the command-line tools of libgpiod, for systems without GPIO in sysfs. The kernel keeps a line only while
 * a process holds it, so each open pin is a child process: gpioset drives one level until a signal ends it, gpiomon
 * prints a digit for each edge. No child outlives this process, so no pin stays driven after a crash.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { RivuletError } from "../../errors/errors.ts";
import type { GpioBackend, Input, InputOptions, Level, OnFailure, Output } from "./backend.ts";
import { type Chip, chooseChip, requireLine } from "./chips.ts";

/** A chip and its name in the tools. */
interface NamedChip extends Chip {
  name: string;
}

/** The arguments of the tools, which changed in version 2. */
interface Syntax {
  /** Drives a line until a signal comes. */
  hold(chip: string, pin: number, level: Level): string[];
  /** Drives a line and exits. */
  set(chip: string, pin: number, level: Level): string[];
  get(chip: string, pin: number, bias: string[]): string[];
  /** Prints `1` for each rising edge and another digit for each falling one. */
  monitor(chip: string, pin: number, bias: string[]): string[];
}

const version1: Syntax = {
  hold: (chip, pin, level) => ["gpioset", "--mode=signal", chip, `${pin}=${level}`],
  set: (chip, pin, level) => ["gpioset", "--mode=exit", chip, `${pin}=${level}`],
  get: (chip, pin, bias) => ["gpioget", ...bias, chip, `${pin}`],
  monitor: (chip, pin, bias) => ["gpiomon", "--line-buffered", "--format=%e", ...bias, chip, `${pin}`],
};

const version2: Syntax = {
  hold: (chip, pin, level) => ["gpioset", "--chip", chip, `${pin}=${level}`],
  set: (chip, pin, level) => ["gpioset", "--toggle", "0", "--chip", chip, `${pin}=${level}`],
  get: (chip, pin, bias) => ["gpioget", "--numeric", ...bias, "--chip", chip, `${pin}`],
  monitor: (chip, pin, bias) => ["gpiomon", "--edges=both", "--format=%e", ...bias, "--chip", chip, `${pin}`],
};

/** Returns the version of the tools of libgpiod; null where they are not installed. */
export function gpiodVersion(): string | null {
  const { stdout } = spawnSync("gpiodetect", ["--version"], { encoding: "utf8" });
  return /\bv(\d+(?:\.\d+)*)/.exec(stdout ?? "")?.[1] ?? null;
}

/**
 * Creates a backend that uses the tools of libgpiod.
 *
 * @param version of the tools, such as `1.6.3`
 * @param label of the chip; null: the chip of a Raspberry Pi's header
 * @param onFailure is called when an open pin fails
 * @throws RivuletError where there is no such chip
 */
export function createGpiodBackend(version: string, label: string | null, onFailure: OnFailure): GpioBackend {
  const chip = chooseChip(detectChips(), label);
  const syntax = version.startsWith("1.") ? version1 : version2;
  const tools: Tools = { chip, syntax, prefix: deathSignalWords() };
  const open = new Set<Output | Input>();
  const failure = (tool: string, pin: number, reason: string) =>
    `${tool} cannot hold GPIO ${pin} of ${chip.name}: ${reason}`;

  return {
    description: `gpiod ${version} on ${chip.label}, which is ${chip.name}`,

    output(pin, level) {
      requireLine(chip, pin);
      // A first call that is waited for: only so is an error known before this function returns.
      run(syntax.set(chip.name, pin, level), pin);
      const line = holdLine(tools, pin, level, (reason) => {
        if (open.delete(output)) onFailure(failure("gpioset", pin, reason));
      });
      const output: Output = {
        write(next) {
          if (open.has(output)) line.write(next);
        },
        close() {
          if (open.delete(output)) line.close();
        },
      };
      open.add(output);
      return output;
    },

    input(pin, onEdge, options = {}) {
      requireLine(chip, pin);
      const bias = biasWords(options);
      const level: Level = run(syntax.get(chip.name, pin, bias), pin).trim() === "1" ? 1 : 0;
      const child = start(tools, syntax.monitor(chip.name, pin, bias));
      const input: Input = {
        level,
        close() {
          if (open.delete(input)) child.kill("SIGTERM");
        },
      };
      open.add(input);
      child.stdout?.setEncoding("latin1").on("data", (text: string) => {
        for (const digit of text.match(/\d/g) ?? []) if (open.has(input)) onEdge(digit === "1" ? 1 : 0);
      });
      whenEnded(child, (reason) => {
        if (open.delete(input)) onFailure(failure("gpiomon", pin, reason));
      });
      return input;
    },

    releaseAll() {
      for (const pin of open) pin.close();
    },
  };
}

/** The chip, and how the tools are called for it. */
interface Tools {
  chip: NamedChip;
  syntax: Syntax;
  /** Words before each command. */
  prefix: readonly string[];
}

function start({ prefix }: Tools, [tool, ...words]: string[]): ChildProcess {
  const [program, ...rest] = [...prefix, tool, ...words];
  return spawn(program, rest, { stdio: ["ignore", "pipe", "pipe"] });
}

/** Calls `onEnd` when a child ends, with the last line of its standard error as the reason. */
function whenEnded(child: ChildProcess, onEnd: (reason: string) => void): void {
  let errorOutput = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    errorOutput = (errorOutput + text).slice(-500);
  });
  child.once("error", (error) => onEnd(error.message));
  child.once("close", (code, signal) => onEnd(lastLine(errorOutput) || `it ended with ${code ?? signal}`));
}

/**
 * Drives a line by a child that holds one level. To change the level, the child is ended and the next one started.
 * @param onLost is called when a child ends by itself
 */
function holdLine(tools: Tools, pin: number, level: Level, onLost: (reason: string) => void): Output {
  const { chip, syntax } = tools;
  let wanted = level;
  let held = level;
  let isClosed = false;
  let isChanging = false;
  let child = hold();

  function hold(): ChildProcess {
    held = wanted;
    const holder = start(tools, syntax.hold(chip.name, pin, held));
    whenEnded(holder, (reason) => {
      if (isClosed || child !== holder) return;
      if (!isChanging) {
        isClosed = true;
        onLost(reason);
        return;
      }
      isChanging = false;
      child = hold();
      if (held !== wanted) change();
    });
    return holder;
  }

  function change(): void {
    isChanging = true;
    child.kill("SIGTERM");
  }

  return {
    write(next) {
      wanted = next;
      if (!isChanging && held !== wanted) change();
    },
    close() {
      isClosed = true;
      child.kill("SIGTERM");
      driveLowOnce(syntax.set(chip.name, pin, 0));
    },
  };
}

/** Arguments for the pull resistor of an open contact; without a known level, the board must have its own resistor. */
function biasWords({ pressed }: InputOptions): string[] {
  if (pressed === undefined) return [];
  return [`--bias=${pressed === 0 ? "pull-up" : "pull-down"}`];
}

function detectChips(): NamedChip[] {
  const { stdout, stderr, status } = spawnSync("gpiodetect", { encoding: "utf8" });
  if (status !== 0)
    throw new RivuletError("gpio.failed", `gpiodetect cannot list the GPIO chips: ${lastLine(stderr ?? "")}`);
  return [...stdout.matchAll(/^(\S+) \[(.*)\] \((\d+) lines\)$/gm)].map(([, name, label, lines]) => ({
    name,
    label,
    lines: Number(lines),
  }));
}

/** A command prefix that ends a child when this process is killed; empty where the system has no setpriv. */
function deathSignalWords(): string[] {
  const words = ["setpriv", "--pdeathsig", "TERM"];
  return spawnSync(words[0], [...words.slice(1), "true"]).status === 0 ? words : [];
}

function run([tool, ...words]: string[], pin: number): string {
  try {
    return execFileSync(tool, words, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new RivuletError(
      "gpio.failed",
      `${tool} cannot open GPIO ${pin}: ${lastLine(stderr ?? "") || message}`,
      {
        cause: error,
      },
    );
  }
}

const triesToDriveLow = 50;

/** Drives a line low. It is busy until the child that held it has ended, so it tries again every 10 ms, without the event loop. */
function driveLowOnce([tool, ...words]: string[]): void {
  for (let tries = 0; tries < triesToDriveLow; tries++) {
    const { status, error } = spawnSync(tool, words, { stdio: "ignore" });
    if (status === 0 || error !== undefined) return;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  }
}

/** The last line that a tool wrote, without its own name. */
function lastLine(text: string): string {
  return (text.trim().split("\n").at(-1) ?? "").replace(/^\S*gpio\w+: /, "");
}
