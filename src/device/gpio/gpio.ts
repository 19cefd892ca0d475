/** Lamp, alarm and buttons of a config, on the pins of this machine. A pin that fails is told of, and never more. */
import { RivuletError } from "../../errors/errors.ts";
import { type Alarm, type AlarmRule, createAlarm, subjectText } from "../alarm.ts";
import type { GpioBackend, Level, OnFailure } from "./backend.ts";
import { type Button, createButton } from "./button.ts";
import { createGpiodBackend, gpiodVersion } from "./gpiod-backend.ts";
import { startHeartbeat } from "./heartbeat.ts";
import { createOnoffBackend, loadOnoff } from "./onoff-backend.ts";
import { forgetPins, leftPins, recordPins, releasePins } from "./pin-record.ts";
import { findSysfsChip, hasSysfs } from "./sysfs-chip.ts";

export interface ButtonConfig {
  pin: number;
  /** The level while it is pressed; null: the one that the pin does not have at the start. */
  pressed: Level | null;
  /** How long it must be held before it counts; 0: at once. */
  holdMs: number;
}

/** "The last seconds were this class." */
export interface LabelButtonConfig extends ButtonConfig {
  class: number;
  seconds: number;
}

export interface AlarmConfig extends AlarmRule {
  pin: number;
}

/** Pins are BCM numbers. */
export interface GpioConfig {
  /** The label of the chip; null for that of a Raspberry Pi's header. */
  chip: string | null;
  heartbeat: number | null;
  alarm: AlarmConfig | null;
  labels: LabelButtonConfig[];
  pause: ButtonConfig | null;
  checkpoint: ButtonConfig | null;
}

export interface GpioHooks {
  /** Takes one sentence; `problem` where somebody should look. */
  tell(event: "gpio" | "gpio-problem" | "alarm", sentence: string): void;
  /** Samples learned from so far. */
  learned(): number;
  onLabel(button: LabelButtonConfig): void;
  onPause(): void;
  onCheckpoint(): void;
}

export interface Gpio {
  /** Null where none is configured, or its pin cannot be had. */
  readonly alarm: Alarm | null;
  /** Drives the outputs low and gives all pins back. Never throws. */
  close(): void;
}

/**
 * Opens the pins of a config, after it has made safe what a killed process left open. Never throws, and leaves out
 * what cannot be had: null where that is everything.
 *
 * @param file for remembering the pins that are open
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
    problem(`${sentenceOf(error)}; going on without GPIO`);
    return null;
  }
  const left = leftPins(file);
  if (left !== null) {
    releasePins(backend, left);
    hooks.tell("gpio", "released the GPIO pins that a killed process had left open, outputs low");
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
  const parts: { close(): void }[] = [];
  const opened: string[] = [];

  function attempt<T>(name: string, pin: number, open: () => T): T | null {
    try {
      const part = open();
      opened.push(`${name} on ${pin}`);
      return part;
    } catch (error) {
      problem(`gpio.${name}: ${sentenceOf(error)}; going on without it`);
      return null;
    }
  }

  /** A writer to an output that fails once at most, and then is given up. */
  function output(name: string, pin: number): (level: Level) => void {
    const driven = backend.output(pin, 0);
    let given = false;
    return (level) => {
      if (given) return;
      try {
        driven.write(level);
      } catch (error) {
        given = true;
        driven.close();
        problem(`gpio.${name}: ${sentenceOf(error)}; going on without it`);
      }
    };
  }

  function listen(name: string, { pin, pressed, holdMs }: ButtonConfig, onPress: () => void): void {
    attempt(name, pin, () => {
      let button: Button | null = null;
      const input = backend.input(pin, (level) => button?.edge(level), pressed === null ? {} : { pressed });
      button = createButton({ pressed: pressed ?? (input.level === 1 ? 0 : 1), holdMs }, onPress);
      button.edge(input.level);
      parts.push(button);
    });
  }

  function openAlarm({ pin, subject, ...levels }: AlarmConfig): Alarm | null {
    return attempt("alarm", pin, () => {
      const write = output("alarm", pin);
      const alarm = createAlarm(levels, (active) => {
        write(active ? 1 : 0);
        hooks.tell("alarm", `the alarm for ${subjectText(subject)} is ${active ? "on" : "off"}`);
      });
      parts.push(alarm);
      return alarm;
    });
  }

  const { heartbeat, labels, pause, checkpoint } = config;
  try {
    recordPins(file, {
      outputs: [heartbeat, config.alarm?.pin].filter((pin) => typeof pin === "number"),
      inputs: [...labels, pause, checkpoint].flatMap((button) => button?.pin ?? []),
    });
  } catch (error) {
    problem(`cannot remember the GPIO pins in ${file}, in case of a crash: ${sentenceOf(error)}`);
  }
  if (heartbeat !== null) {
    attempt("heartbeat", heartbeat, () =>
      parts.push(startHeartbeat(hooks.learned, output("heartbeat", heartbeat))),
    );
  }
  const alarm = config.alarm === null ? null : openAlarm(config.alarm);
  for (const button of labels) listen("label", button, () => hooks.onLabel(button));
  if (pause !== null) listen("pause", pause, hooks.onPause);
  if (checkpoint !== null) listen("checkpoint", checkpoint, hooks.onCheckpoint);

  const close = () => {
    process.off("exit", close);
    for (const part of parts.splice(0)) part.close();
    backend.releaseAll();
    forgetPins(file);
  };
  if (opened.length === 0) {
    close();
    return null;
  }
  // Also after an error that nobody caught, and after a second signal.
  process.on("exit", close);
  hooks.tell("gpio", `GPIO through ${backend.description}: ${opened.join(", ")}`);
  return { alarm, close };
}

/**
 * onoff where the kernel offers GPIO as files, else the tools of libgpiod.
 * @throws RivuletError where there is neither, or no such chip
 */
function chooseBackend(label: string | null, onFailure: OnFailure): GpioBackend {
  let lack = "this system has no GPIO under /sys/class/gpio";
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
  throw new RivuletError("gpio.unavailable", `${lack}; the tools of gpiod are not installed either`);
}

const sentenceOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
