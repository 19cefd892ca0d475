/** GPIO through the package onoff, which uses the files in /sys/class/gpio and epoll. */
import { existsSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { RivuletError } from "../../errors/errors.ts";
import { reasonOf } from "../../errors/system-error.ts";
import { attempt, type GpioBackend, type Input, type Level, type OnFailure, type Output } from "./backend.ts";
import { requireLine } from "./chips.ts";
import type { SysfsChip } from "./sysfs-chip.ts";

/** The part of onoff's interface that is used here. */
interface Onoff {
  Gpio: new (
    line: number,
    direction: "in" | "low" | "high",
    edge: "both" | "none",
    options: { activeLow: boolean },
  ) => OnoffPin;
}

interface OnoffPin {
  readSync(): number;
  writeSync(level: Level): void;
  watch(listener: (error: Error | null | undefined, level: Level) => void): void;
  unexport(): void;
}

/** Loads the package onoff. @throws RivuletError where it is not installed, or was compiled for another Node */
export function loadOnoff(): Onoff {
  try {
    return createRequire(import.meta.url)("onoff");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const absent = code === "MODULE_NOT_FOUND" && message.includes("'onoff'");
    throw new RivuletError(
      "package.missing",
      absent
        ? 'found no package onoff, which GPIO under /sys/class/gpio needs; install python3, make and g++, then run "npm install onoff" where Rivulet is installed'
        : `the package onoff does not load in Node ${process.versions.node}, because its dependency epoll is not compiled for it; install python3, make and g++, then run "npm rebuild epoll"`,
      { cause: error },
    );
  }
}

/** What the kernel's error codes mean for a pin. */
const pinReasons: Record<string, string> = {
  EINVAL: "the kernel has no such line",
  EBUSY: "a driver or another program uses it",
  EACCES: "permission denied; add the user to the group gpio",
  EPERM: "the kernel does not permit it",
  ENODEV: "another program has unexported it",
};

/** Wraps the kernel's error about a pin. `action`: what failed, such as "open". */
function pinError(error: unknown, action: string, pin: number, line: number): RivuletError {
  const { code = "" } = error as NodeJS.ErrnoException;
  const reason = Object.hasOwn(pinReasons, code) ? `${pinReasons[code]} (${code})` : reasonOf(error);
  return new RivuletError(
    "gpio.failed",
    `cannot ${action} GPIO ${pin} (line ${line} of the kernel): ${reason}`,
    {
      cause: error,
    },
  );
}

/**
 * Creates a backend that uses the package onoff.
 *
 * @param chip whose lines are the pins
 * @param onFailure is called when an open pin fails
 */
export function createOnoffBackend(onoff: Onoff, chip: SysfsChip, onFailure: OnFailure): GpioBackend {
  const open = new Set<Output | Input>();
  return {
    description: `onoff on ${chip.label}, whose first line is ${chip.base}`,

    output(pin, level) {
      const gpio = exportLine(onoff, chip, pin, level === 1 ? "high" : "low");
      const output: Output = {
        write(next) {
          try {
            gpio.writeSync(next);
          } catch (error) {
            throw pinError(error, "write", pin, chip.base + pin);
          }
        },
        close() {
          if (!open.delete(output)) return;
          attempt(() => gpio.writeSync(0));
          attempt(() => gpio.unexport());
        },
      };
      open.add(output);
      return output;
    },

    input(pin, onEdge) {
      const gpio = exportLine(onoff, chip, pin, "in");
      const input: Input = {
        level: gpio.readSync() === 1 ? 1 : 0,
        close() {
          if (open.delete(input)) attempt(() => gpio.unexport());
        },
      };
      open.add(input);
      const ifOpen =
        <Value>(call: (value: Value) => void) =>
        (value: Value) => {
          if (open.has(input)) call(value);
        };
      const fail = ifOpen((error: unknown) => {
        input.close();
        onFailure(pinError(error, "read", pin, chip.base + pin).message);
      });
      watchEdges(gpio, ifOpen(onEdge), fail);
      return input;
    },

    releaseAll() {
      for (const pin of open) pin.close();
    },
  };
}

/** Exports a line of the chip and opens it. @throws RivuletError where the kernel refuses it */
function exportLine(
  { Gpio }: Onoff,
  chip: SysfsChip,
  pin: number,
  direction: "in" | "low" | "high",
): OnoffPin {
  requireLine(chip, pin);
  const line = chip.base + pin;
  const exportedBefore = existsSync(`/sys/class/gpio/gpio${line}`);
  try {
    // A program that exported the line before may have inverted its levels.
    return new Gpio(line, direction, direction === "in" ? "both" : "none", { activeLow: false });
  } catch (error) {
    // onoff exports the line first, and does not unexport it when a later step fails.
    if (!exportedBefore) attempt(() => writeFileSync("/sys/class/gpio/unexport", `${line}`));
    throw pinError(error, "open", pin, line);
  }
}

/** Passes on each edge. An error while reading the line is passed on too, once the caller of this turn has ended. */
function watchEdges(gpio: OnoffPin, onEdge: (level: Level) => void, onError: (error: unknown) => void): void {
  const read = gpio.readSync.bind(gpio);
  // onoff reads the line after each edge and does not catch: if another program unexported it, the process would end.
  gpio.readSync = () => {
    try {
      return read();
    } catch (error) {
      setImmediate(onError, error);
      return Number.NaN;
    }
  };
  gpio.watch((error, level) => {
    if (error) onError(error);
    else onEdge(level);
  });
}
