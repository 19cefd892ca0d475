import type { WriteStream } from "node:tty";

const control = "\u001b[";
const hideCursor = `${control}?25l`;
const showCursor = `${control}?25h`;
const clearLineEnd = `${control}K`;
const clearBelow = `${control}J`;
const clearAll = `${control}2J${control}H`;

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a style begins with
const style = /\u001b\[[0-9;]*m/y;

/** The text cut to `width` columns; styles take no column and are ended where the text was cut. */
export function cut(text: string, width: number): string {
  let columns = 0;
  let index = 0;
  while (index < text.length) {
    style.lastIndex = index;
    const match = style.exec(text);
    if (match !== null) {
      index += match[0].length;
      continue;
    }
    if (columns === width)
      return text.includes(control) ? `${text.slice(0, index)}${control}0m` : text.slice(0, index);
    columns++;
    index++;
  }
  return text;
}

/**
 * Repaints a block of lines in place, below whatever the terminal shows. Never wider or higher than the terminal,
 * because a wrapped line would break the counting of lines. The cursor comes back on `close` and on every exit.
 */
export class Screen {
  #painted = 0;
  readonly #stream: WriteStream;
  readonly #restore = () => {
    this.#stream.write(showCursor);
  };
  readonly #resized = () => {
    // The terminal has wrapped the old lines again, so where they begin is unknown.
    this.#stream.write(clearAll);
    this.#painted = 0;
  };

  constructor(stream: WriteStream) {
    this.#stream = stream;
    process.on("exit", this.#restore);
    stream.on("resize", this.#resized);
    stream.write(hideCursor);
  }

  /** Columns a line may take. */
  get width(): number {
    return Math.max(20, this.#stream.columns || 80) - 1;
  }

  paint(lines: readonly string[]): void {
    const height = Math.max(2, this.#stream.rows || 24) - 1;
    const visible = lines.slice(0, height);
    const home = this.#painted === 0 ? "" : `${control}${this.#painted}A\r`;
    const body = visible.map((line) => `${cut(line, this.width)}${clearLineEnd}\n`).join("");
    this.#stream.write(home + body + clearBelow);
    this.#painted = visible.length;
  }

  /** Keeps the last picture on the terminal. */
  close(): void {
    process.off("exit", this.#restore);
    this.#stream.off("resize", this.#resized);
    this.#stream.write(showCursor);
  }
}
