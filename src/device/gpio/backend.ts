/** What the rest of Rivulet knows of GPIO: few verbs over pins, which are BCM numbers everywhere. */

/** The voltage of a pin: 0 is low, 1 is high. */
export type Level = 0 | 1;

/** A pin that is driven. Low is the safe level. */
export interface Output {
  /** @throws RivuletError where the pin can no longer be written */
  write(level: Level): void;
  /** Drives the pin low and gives it back. Never throws. */
  close(): void;
}

/** A pin that is listened to. */
export interface Input {
  /** What it was when it was opened. */
  readonly level: Level;
  /** Gives the pin back. Never throws. */
  close(): void;
}

export interface InputOptions {
  /** The level that a closed contact gives; where it is known, a backend that can holds the open pin at the other one. */
  pressed?: Level;
}

/** A way to the pins of one chip. */
export interface GpioBackend {
  /** The way and the chip, for the log. */
  readonly description: string;
  /**
   * Drives a pin, at `level` first.
   * @throws RivuletError where it cannot be had
   */
  output(pin: number, level: Level): Output;
  /**
   * Listens to a pin: `onEdge` hears the level after each change.
   * @throws RivuletError where it cannot be had
   */
  input(pin: number, onEdge: (level: Level) => void, options?: InputOptions): Input;
  /** Closes every pin that is still open; safe to call in a process that is about to exit. Never throws. */
  releaseAll(): void;
}

/** Hears of a pin that failed after it was open: one sentence. */
export type OnFailure = (sentence: string) => void;

/** For what is done on the way out, or to pins that may be somebody else's by now: who fails is let be. */
export function attempt(deed: () => void): void {
  try {
    deed();
  } catch {}
}
