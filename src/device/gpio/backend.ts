/** The interface to GPIO that the rest of Rivulet uses. Pins are BCM numbers everywhere. */

/** The voltage of a pin: 0 is low, 1 is high. */
export type Level = 0 | 1;

/** An output pin. Low is the safe level. */
export interface Output {
  /** Sets the level. @throws RivuletError where the pin can no longer be written */
  write(level: Level): void;
  /** Drives the pin low and releases it. Never throws. */
  close(): void;
}

/** An input pin. */
export interface Input {
  /** Its level when it was opened. */
  readonly level: Level;
  /** Releases the pin. Never throws. */
  close(): void;
}

/** How an input pin is wired. */
export interface InputOptions {
  /** Level of a closed contact. Where it is known, a backend with bias control pulls the open pin to the other level. */
  pressed?: Level;
}

/** Access to the pins of one GPIO chip. */
export interface GpioBackend {
  /** The method of access and the chip, for the log. */
  readonly description: string;
  /**
   * Opens a pin as an output and drives it at `level`.
   * @throws RivuletError where it cannot be opened
   */
  output(pin: number, level: Level): Output;
  /**
   * Opens a pin as an input; `onEdge` is called with the level after each change.
   * @throws RivuletError where it cannot be opened
   */
  input(pin: number, onEdge: (level: Level) => void, options?: InputOptions): Input;
  /** Closes every open pin; safe to call in a process that is about to exit. Never throws. */
  releaseAll(): void;
}

/** Is called when an open pin fails, with one sentence. */
export type OnFailure = (sentence: string) => void;

/** Runs a clean-up step and ignores its error: the process is ending, or another program may own the pin by now. */
export function attempt(step: () => void): void {
  try {
    step();
  } catch {}
}
