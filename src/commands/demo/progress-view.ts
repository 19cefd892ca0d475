import { Screen } from "../terminal/screen.ts";

/** Shows the progress of a demonstration. */
export interface ProgressView<State> {
  /** Shows one line about what is being done. */
  say(text: string): void;
  /** The state as it is now; `wholeSecond` once a second. */
  show(state: State, wholeSecond: boolean): void;
  close(): void;
}

/** How a state is shown. */
interface Shown<State> {
  /** In one line. */
  lineOf(state: State): string;
  /** As lines of a picture, for a terminal `width` columns wide. */
  pictureOf(state: State, width: number): string[];
}

/** A live picture on a terminal; else a line a second, on standard error where standard output is for JSON. */
export function createProgressView<State>(
  json: boolean,
  { lineOf, pictureOf }: Shown<State>,
): ProgressView<State> {
  const out = json ? process.stderr : process.stdout;
  if (json || !process.stdout.isTTY) {
    return {
      say: (text) => void out.write(`${text}\n`),
      show: (state, wholeSecond) => void (wholeSecond && out.write(`${lineOf(state)}\n`)),
      close() {},
    };
  }
  const screen = new Screen(process.stdout);
  return {
    say: (text) => screen.paint([text]),
    show: (state) => screen.paint(pictureOf(state, screen.width)),
    close: () => screen.close(),
  };
}

/** How much of the time has passed, as a bar. */
export function timeBar(elapsed: number, seconds: number): string {
  const filled = Math.round((elapsed / seconds) * 24);
  return `${"█".repeat(filled)}${"░".repeat(24 - filled)}  ${elapsed.toFixed(0)} of ${seconds} s`;
}

export const bold = (text: string) => `\u001b[1m${text}\u001b[22m`;
export const dim = (text: string) => `\u001b[2m${text}\u001b[22m`;
