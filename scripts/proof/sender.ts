/** A device that sends numbered frames through a pseudo-terminal and knows exactly what became of each. */
import { setTimeout as pause } from "node:timers/promises";
import type { PseudoTerminal } from "../../src/emulation/pseudo-terminal.ts";
import { createRandom } from "../../src/engine/model/random.ts";
import { defineFields } from "../../src/samples/decoding/fields.ts";
import { createFrameEncoder } from "../../src/samples/decoding/frames.ts";

const fields = defineFields([
  { name: "x", type: "f32" },
  { name: "y", type: "f32" },
  { name: "label", type: "u8" },
]);

/** The same columns in a config. */
export const fieldsInConfig = fields.map(({ name, type }) => ({ name, type }));

/** Frames that are made and handed to the kernel at once. */
const burstFrames = 512;
/** Numbers have 16 bits: of half as many missing in a row nobody could say how many they were. */
const mostMissingInRow = 30_000;

export interface SentCounts {
  /** Frames that were given a number. */
  numbered: number;
  /** Of those, what was sent whole and may be learned from. */
  good: number;
  /** Sent with a flipped bit. */
  damaged: number;
  /** Sent with a value that is not finite. */
  unfit: number;
  /** Not sent, because the kernel did not take it. */
  dropped: number;
  bytes: number;
}

export interface Sender {
  readonly counts: Readonly<SentCounts>;
  /** Sends so many frames, and waits for the kernel to take them. */
  send(frames: number): Promise<void>;
  /** Sends until a frame arrives whole, which shows how many are missing before it. */
  sendWhole(): Promise<void>;
  /** Sends so many frames as a UART does: what the kernel does not take is gone, but for a frame that has begun. */
  offer(frames: number): Promise<void>;
  /** Sends the beginning of a frame, without a number: the device is pulled out in the middle of it. */
  sendHalf(): Promise<void>;
  /** Fills what room the kernel has, once, and counts nothing: nobody may be there to read it. */
  spill(): void;
  /** From now on it goes through another one. */
  moveTo(terminal: PseudoTerminal): void;
}

type Kind = "good" | "damaged" | "unfit";

/** Frames by number, encoded in a buffer one after the other. */
interface Burst {
  bytes: Uint8Array;
  /** Where each of its frames ends. */
  ends: Uint32Array;
  kindOf(number: number): Kind;
  /** Encodes frames from a number on, and returns where the last one ends. */
  fill(number: number, frames: number): number;
}

/** Of each thousand frames one is damaged and one unfit, where `isClean` does not forbid it. */
function createBurst(isClean: boolean): Burst {
  const encoder = createFrameEncoder(fields);
  const random = createRandom(7);
  const bytes = new Uint8Array(burstFrames * encoder.maximumBytes);
  const ends = new Uint32Array(burstFrames);
  const values = [0, 0, 0];

  const kindOf = (number: number): Kind =>
    isClean ? "good" : number % 1000 === 500 ? "damaged" : number % 1000 === 700 ? "unfit" : "good";

  function encode(number: number, end: number): number {
    const kind = kindOf(number);
    const x = 2 * random.uniform() - 1;
    const y = 2 * random.uniform() - 1;
    values[0] = kind === "unfit" ? Number.NaN : x;
    values[1] = y;
    values[2] = x * x + y * y < 0.25 ? 2 : Number(x * y > 0);
    const next = encoder.encode(values, number, number >>> 4, bytes, end);
    // In the checksum, where every bit shows; and not to a zero, which would end the frame.
    if (kind === "damaged") bytes[next - 2] ^= bytes[next - 2] === 1 ? 2 : 1;
    return next;
  }

  return {
    bytes,
    ends,
    kindOf,
    fill(number, frames) {
      let end = 0;
      for (let i = 0; i < frames; i++) {
        end = encode(number + i, end);
        ends[i] = end;
      }
      return end;
    },
  };
}

/** What a pseudo-terminal takes of bytes; a frame that has begun is sent to its end before anything else. */
class Line {
  bytes = 0;
  #terminal: PseudoTerminal;
  /** Of a frame that has begun, what the kernel did not take yet. */
  #rest = new Uint8Array(0);

  constructor(terminal: PseudoTerminal) {
    this.#terminal = terminal;
  }

  moveTo(terminal: PseudoTerminal): void {
    this.#terminal = terminal;
  }

  /** What the kernel takes now, after the frame that has begun. */
  writeOnce(bytes: Uint8Array): number {
    return this.#writeRest() ? this.#write(bytes) : 0;
  }

  /** Writes all, waiting for the kernel, after the frame that has begun. */
  async writeAll(bytes: Uint8Array): Promise<void> {
    while (!this.#writeRest()) await pause(1);
    for (let at = 0; at < bytes.length; ) {
      const taken = this.#write(bytes.subarray(at));
      at += taken;
      if (taken === 0) await pause(1);
    }
  }

  /** Keeps the end of a frame that has begun. */
  owe(rest: Uint8Array<ArrayBuffer>): void {
    this.#rest = rest;
  }

  /** Writes without counting: nobody may be there to read it. */
  spill(bytes: Uint8Array): void {
    this.#terminal.write(bytes);
  }

  /** Whether the frame that has begun is sent. */
  #writeRest(): boolean {
    this.#rest = this.#rest.subarray(this.#write(this.#rest));
    return this.#rest.length === 0;
  }

  #write(bytes: Uint8Array): number {
    const taken = this.#terminal.write(bytes);
    this.bytes += taken;
    return taken;
  }
}

/** What became of each frame, by number. */
class Account {
  readonly counts: SentCounts;
  /** Frames since the last one that arrives whole: only the next such shows the daemon how many they are. */
  missingInRow = 0;
  readonly #kindOf: (number: number) => Kind;

  constructor(kindOf: (number: number) => Kind, line: Line) {
    this.#kindOf = kindOf;
    this.counts = {
      numbered: 0,
      good: 0,
      damaged: 0,
      unfit: 0,
      dropped: 0,
      get bytes() {
        return line.bytes;
      },
    };
  }

  /** Counts the next frames: first `sent` of them that were sent, then `dropped` that were not. */
  add(sent: number, dropped: number): void {
    for (let i = 0; i < sent; i++) {
      const kind = this.#kindOf(this.counts.numbered++);
      this.counts[kind]++;
      this.missingInRow = kind === "damaged" ? this.missingInRow + 1 : 0;
    }
    this.counts.numbered += dropped;
    this.counts.dropped += dropped;
    this.missingInRow += dropped;
  }
}

/** Creates the device at its end of a pseudo-terminal. */
export function createSender(terminal: PseudoTerminal, { isClean = false } = {}): Sender {
  const burst = createBurst(isClean);
  const line = new Line(terminal);
  const account = new Account(burst.kindOf, line);

  async function send(frames: number): Promise<void> {
    for (let left = frames; left > 0; left -= burstFrames) {
      const count = Math.min(left, burstFrames);
      const end = burst.fill(account.counts.numbered, count);
      await line.writeAll(burst.bytes.subarray(0, end));
      account.add(count, 0);
      // Its own turn for whoever reads what is said meanwhile.
      await new Promise(setImmediate);
    }
  }

  async function offerBurst(count: number): Promise<void> {
    const { ends } = burst;
    const bytes = burst.bytes.subarray(0, burst.fill(account.counts.numbered, count));
    let taken = line.writeOnce(bytes);
    while (taken === 0 && account.missingInRow + count > mostMissingInRow) {
      await pause(1);
      taken = line.writeOnce(bytes);
    }
    let sent = 0;
    while (sent < count && ends[sent] <= taken) sent++;
    if (taken > (sent === 0 ? 0 : ends[sent - 1])) line.owe(bytes.slice(taken, ends[sent++]));
    account.add(sent, count - sent);
  }

  return {
    counts: account.counts,
    send,
    async sendWhole() {
      do await send(1);
      while (account.missingInRow > 0);
    },
    async offer(frames) {
      for (let left = frames; left > 0; left -= burstFrames) await offerBurst(Math.min(left, burstFrames));
    },
    async sendHalf() {
      const end = burst.fill(account.counts.numbered, 1);
      await line.writeAll(burst.bytes.slice(0, end >>> 1));
    },
    spill() {
      line.spill(burst.bytes.subarray(0, burst.fill(account.counts.numbered, burstFrames)));
    },
    moveTo: (next) => line.moveTo(next),
  };
}
