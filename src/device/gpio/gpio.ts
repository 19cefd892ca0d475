/** Heartbeat LED, alarm and buttons of a config on GPIO pins. A failing pin is logged; it never stops the daemon. */
import { RivuletError } from "../../errors/errors.ts";
import { type Alarm, type AlarmRule, createAlarm, subjectText } from "../alarm.ts";
import type { GpioBackend, Level, OnFailure } from "./backend.ts";
import { type Button, createButton } from "./button.ts";
import { createGpiodBackend, gpiodVersion } from "./gpiod-backend.ts";
import { startHeartbeat } from "./heartbeat.ts";
import { createOnoffBackend, loadOnoff } from "./onoff-backend.ts";
import { forgetPins, leftPins, recordPins, releasePins } from "./pin-record.ts";
import { findSysfsChip, hasSysfs } from "./sysfs-chip.ts";

/** A button of a config. */
export interface ButtonConfig {
  pin: number;
  /** Level while the button is pressed; null: the opposite of the pin's level at the start. */
  pressed: Level | null;
  /** How long it must be pressed before it acts; 0: at once. */
  holdMs: number;
}

/** A button that labels the samples of the last `seconds` with `class`. */
export interface LabelButtonConfig extends ButtonConfig {
  class: number;
  seconds: number;
}

/** A pin that is high while an alarm is on. */
export interface AlarmConfig extends AlarmRule {
  pin: number;
}

/** The key `gpio` of a config, with every default. Pins are BCM numbers. */
export interface GpioConfig {
  /** Label of the GPIO chip; null: the chip of a Raspberry Pi's header. */
  chip: string | null;
  /** Pin of the heartbeat LED. */
  heartbeat: number | null;
  alarm: AlarmConfig | null;
  labels: LabelButtonConfig[];
  pause: ButtonConfig | null;
  /** Says that the latest anomaly was normal. */
  normal: ButtonConfig | null;
  checkpoint: ButtonConfig | null;
}

/** What GPIO calls in the daemon. */
export interface GpioHooks {
  /** Logs one sentence; `gpio-problem` needs attention. */
  tell(event: "gpio" | "gpio-problem" | "alarm", sentence: string): void;
  /** Samples learned from so far. */
  learned(): number;
  onLabel(button: LabelButtonConfig): void;
  onPause(): void;
  onNormal(): void;
  onCheckpoint(): void;
}

/** The open pins of a daemon. */
export interface Gpio {
  /** Null where none is configured, or its pin cannot be opened. */
  readonly alarm: Alarm | null;
  /** Drives the outputs low and releases all pins. Never throws. */
  close(): void;
}

/**
 * Opens the pins of a config, after releasing those that a killed process left open. Never throws: a pin that cannot be
 * opened is logged and skipped.
 *
 * @param file where the open pins are recorded, in case of a crash
 * @returns null where no pin could be opened
 */
export function openGpio(
  config: GpioConfig,
  file: string,
  hooks: GpioHooks,
  openBackend: typeof chooseBackend = chooseBackend,
): Gpio | null {
  const problem: OnFailure = (sentence) => hooks.tell("gpio-problem", sentence);
  let backend: GpioBackend;
  try {
    backend = openBackend(config.chip, problem);
  } catch (error) {
    problem(`${sentenceOf(error)}; GPIO is not used`);
    return null;
  }
  const left = leftPins(file);
  if (left !== null) {
    releasePins(backend, left);
    hooks.tell(
      "gpio",
      "released the GPIO pins that a killed process had left open, and drove its outputs low",
    );
  }
  return openPins(config, backend, file, hooks, problem);
}

function openPins(
  config: GpioConfig,
  backend: GpioBackend,
  file: string,
  hooks: GpioHooks,
  problem: OnFailure,
): Gpio | null {
  const { heartbeat, labels, pause, normal, checkpoint } = config;
  const pins = createPinOpener(backend, hooks, problem);
  try {
    recordPins(file, {
      outputs: [heartbeat, config.alarm?.pin].filter((pin) => typeof pin === "number"),
      inputs: [...labels, pause, normal, checkpoint].flatMap((button) => button?.pin ?? []),
    });
  } catch (error) {
    problem(`cannot record the GPIO pins in ${file}, so a crash would leave them open: ${sentenceOf(error)}`);
  }
  if (heartbeat !== null) pins.openHeartbeat(heartbeat);
  const alarm = config.alarm === null ? null : pins.openAlarm(config.alarm);
  for (const button of labels) pins.listen("label", button, () => hooks.onLabel(button));
  if (pause !== null) pins.listen("pause", pause, hooks.onPause);
  if (normal !== null) pins.listen("normal", normal, hooks.onNormal);
  if (checkpoint !== null) pins.listen("checkpoint", checkpoint, hooks.onCheckpoint);

  const close = () => {
    process.off("exit", close);
    for (const part of pins.parts.splice(0)) part.close();
    backend.releaseAll();
    forgetPins(file);
  };
  if (pins.opened.length === 0) {
    close();
    return null;
  }
  // Also after an uncaught error, and after a second signal.
  process.on("exit", close);
  hooks.tell("gpio", `GPIO through ${backend.description}: ${pins.opened.join(", ")}`);
  return { alarm, close };
}

/** Opens pins one by one; one that cannot be opened is logged and left out. */
function createPinOpener(backend: GpioBackend, hooks: GpioHooks, problem: OnFailure) {
  /** What is to be closed at the end. */
  const parts: { close(): void }[] = [];
  /** Names and pins that could be opened, for the log. */
  const opened: string[] = [];

  function attempt<T>(name: string, pin: number, open: () => T): T | null {
    try {
      const part = open();
      opened.push(`${name} on ${pin}`);
      return part;
    } catch (error) {
      problem(`gpio.${name} is not used: ${sentenceOf(error)}`);
      return null;
    }
  }

  /** A function that writes to an output; after the first failed write it closes the pin and does nothing more. */
  function output(name: string, pin: number): (level: Level) => void {
    const driven = backend.output(pin, 0);
    let hasFailed = false;
    return (level) => {
      if (hasFailed) return;
      try {
        driven.write(level);
      } catch (error) {
        hasFailed = true;
        driven.close();
        problem(`gpio.${name} is no longer used: ${sentenceOf(error)}`);
      }
    };
  }

  return {
    parts,
    opened,
    openHeartbeat: (pin: number) =>
      attempt("heartbeat", pin, () => parts.push(startHeartbeat(hooks.learned, output("heartbeat", pin)))),
    openAlarm: ({ pin, subject, ...levels }: AlarmConfig): Alarm | null =>
      attempt("alarm", pin, () => {
        const write = output("alarm", pin);
        const alarm = createAlarm(levels, (active) => {
          write(active ? 1 : 0);
          hooks.tell("alarm", `the alarm for ${subjectText(subject)} is ${active ? "on" : "off"}`);
        });
        parts.push(alarm);
        return alarm;
      }),
    listen(name: string, { pin, pressed, holdMs }: ButtonConfig, onPress: () => void): void {
      attempt(name, pin, () => {
        let button: Button | null = null;
        const input = backend.input(pin, (level) => button?.edge(level), pressed === null ? {} : { pressed });
        button = createButton({ pressed: pressed ?? (input.level === 1 ? 0 : 1), holdMs }, onPress);
        button.edge(input.level);
        parts.push(button);
      });
    },
  };
}

/**
 * Chooses onoff where the kernel has GPIO in sysfs, otherwise the tools of libgpiod.
 * @throws RivuletError where neither works, or the chip does not exist
 */
function chooseBackend(label: string | null, onFailure: OnFailure): GpioBackend {
  let lack = "the kernel has no GPIO under /sys/class/gpio";
  if (hasSysfs()) {
    const chip = findSysfsChip(label);
    try {
      return createOnoffBackend(loadOnoff(), chip, onFailure);
    } catch (error) {
      lack = sentenceOf(error);
    }
  }
  const version = gpiodVersion();
  if (version !== null) return createGpiodBackend(version, label, onFailure);
  throw new RivuletError("gpio.unavailable", `${lack}, and the tools of the package gpiod are not installed`);
}

const sentenceOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
