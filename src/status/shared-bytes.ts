/** A text as bytes that many are sent at once. Its memory is used again, as a new text each second fills the heap. */

const pageBytes = 4096;

export class SharedBytes {
  #memory = Buffer.alloc(0);
  #length = 0;
  /** Connections to which these bytes are still on their way. */
  #holders = 0;

  /** The text in UTF-8. Others take its place with the next `fill`, unless somebody holds it. */
  get bytes(): Uint8Array {
    return this.#memory.subarray(0, this.#length);
  }

  /** Keeps the bytes as they are until the function that it returns is called. */
  hold(): () => void {
    const memory = this.#memory;
    let isHeld = true;
    this.#holders++;
    return () => {
      if (isHeld && memory === this.#memory) this.#holders--;
      isHeld = false;
    };
  }

  /** Replaces the text, in other memory where the former one is held or has too little. */
  fill(text: string): void {
    const length = Buffer.byteLength(text);
    if (this.#holders > 0 || length > this.#memory.length) {
      this.#memory = Buffer.allocUnsafeSlow(pageBytes * Math.ceil(length / pageBytes));
      this.#holders = 0;
    }
    this.#length = this.#memory.write(text);
  }
}
