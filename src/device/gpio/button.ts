import type { Level } from "./backend.ts";

/** Contacts bounce for a few milliseconds, bad ones for 20 ms; a press lasts at least 60 ms. */
const settleMs = 30;

/** How a push button is wired and pressed. */
export interface ButtonOptions {
  /** The level while the button is pressed. */
  pressed: Level;
  /** How long it must be pressed before `onPress` is called; 0: at once. */
  holdMs: number;
}

/** A debounced push button. */
export interface Button {
  /** Reports the level of the pin after a change. */
  edge(level: Level): void;
  /** Stops its timers. */
  close(): void;
}

/** Creates a push button that debounces a pin and calls `onPress` once per press, after the hold time. */
export function createButton({ pressed, holdMs }: ButtonOptions, onPress: () => void): Button {
  let level: Level = pressed === 1 ? 0 : 1;
  let settledLevel: Level = level;
  let settling: NodeJS.Timeout | undefined;
  let holding: NodeJS.Timeout | undefined;

  function settle(): void {
    if (level === settledLevel) return;
    settledLevel = level;
    clearTimeout(holding);
    if (level !== pressed) return;
    if (holdMs <= settleMs) onPress();
    else holding = setTimeout(onPress, holdMs - settleMs);
  }

  return {
    edge(next) {
      level = next;
      clearTimeout(settling);
      settling = setTimeout(settle, settleMs);
    },
    close() {
      clearTimeout(settling);
      clearTimeout(holding);
    },
  };
}
