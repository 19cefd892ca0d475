import type { Level } from "./backend.ts";

/** Contacts bounce for a few milliseconds, bad ones for twenty; a finger stays for at least sixty. */
const settleMs = 30;

export interface ButtonOptions {
  /** The level while the button is pressed. */
  pressed: Level;
  /** How long it must be held before it counts; 0: at once. */
  holdMs: number;
}

export interface Button {
  /** Takes the level after a change of the pin. */
  edge(level: Level): void;
  close(): void;
}

/** A push button behind a pin: `onPress` once for each press, when the contact is at rest and was held long enough. */
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
