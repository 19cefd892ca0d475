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

/** Of each thousand frames one is damaged and one unfit, where `isClean` does not forbid it. */
export function createSender(first: PseudoTerminal, { isClean = false } = {}): Sender {
  let terminal = first;
  const encoder = createFrameEncoder(fields);
  const random = createRandom(7);
  const buffer = new Uint8Array(burstFrames * encoder.maximumBytes);
  const ends = new Uint32Array(burstFrames);
  const values = [0, 0, 0];
  const counts: SentCounts = { numbered: 0, good: 0, damaged: 0, unfit: 0, dropped: 0, bytes: 0 };
  /** Frames since the last one that arrives whole: only the next such shows the daemon how many they are. */
  let missingInRow = 0;
  /** Of a frame that has begun, what the kernel did not take yet. */
  let rest = new Uint8Array(0);

  const kindOf = (number: number) =>
    isClean ? "good" : number % 1000 === 500 ? "damaged" : number % 1000 === 700 ? "unfit" : "good";

  function encode(number: number, end: number): number {
    const kind = kindOf(number);
    const x = 2 * random.uniform() - 1;
    const y = 2 * random.uniform() - 1;
    values[0] = kind === "unfit" ? Number.NaN : x;
    values[1] = y;
    values[2] = x * x + y * y < 0.25 ? 2 : Number(x * y > 0);
    const next = encoder.encode(values, number, number >>> 4, buffer, end);
    // In the checksum, where every bit shows; and not to a zero, which would end the frame.
    if (kind === "damaged") buffer[next - 2] ^= buffer[next - 2] === 1 ? 2 : 1;
    return next;
  }

  function encodeBurst(frames: number): void {
    let end = 0;
    for (let i = 0; i < frames; i++) {
      end = encode(counts.numbered + i, end);
      ends[i] = end;
    }
  }

  /** Whether the frame that has begun is sent. */
  function writeRest(): boolean {
    const taken = terminal.write(rest);
    counts.bytes += taken;
    rest = rest.subarray(taken);
    return rest.length === 0;
  }

  /** What the kernel takes of the burst now, after the frame that has begun. */
  function writeOnce(end: number): number {
    if (!writeRest()) return 0;
    const taken = terminal.write(buffer.subarray(0, end));
    counts.bytes += taken;
    return taken;
  }

  async function writeAll(start: number, end: number): Promise<void> {
    for (let at = start; at < end; ) {
      const taken = terminal.write(buffer.subarray(at, end));
      at += taken;
      counts.bytes += taken;
      if (taken === 0) await pause(1);
    }
  }

  /** What became of the next frames by number. */
  function account(sent: number, dropped: number): void {
    for (let i = 0; i < sent; i++) {
      const kind = kindOf(counts.numbered++);
      counts[kind]++;
      missingInRow = kind === "damaged" ? missingInRow + 1 : 0;
    }
    counts.numbered += dropped;
    counts.dropped += dropped;
    missingInRow += dropped;
  }

  async function send(frames: number): Promise<void> {
    while (!writeRest()) await pause(1);
    for (let left = frames; left > 0; left -= burstFrames) {
      const burst = Math.min(left, burstFrames);
      encodeBurst(burst);
      await writeAll(0, ends[burst - 1]);
      account(burst, 0);
      // Its own turn for whoever reads what is said meanwhile.
      await new Promise(setImmediate);
    }
  }

  return {
    counts,
    send,
    async sendWhole() {
      do await send(1);
      while (missingInRow > 0);
    },
    async offer(frames) {
      for (let left = frames; left > 0; left -= burstFrames) {
        const burst = Math.min(left, burstFrames);
        encodeBurst(burst);
        let taken = writeOnce(ends[burst - 1]);
        while (taken === 0 && missingInRow + burst > mostMissingInRow) {
          await pause(1);
          taken = writeOnce(ends[burst - 1]);
        }
        let sent = 0;
        while (sent < burst && ends[sent] <= taken) sent++;
        if (taken > (sent === 0 ? 0 : ends[sent - 1])) rest = buffer.slice(taken, ends[sent++]);
        account(sent, burst - sent);
      }
    },
    async sendHalf() {
      const end = encode(counts.numbered, 0);
      await writeAll(0, end >>> 1);
    },
    spill() {
      encodeBurst(burstFrames);
      terminal.write(buffer.subarray(0, ends[burstFrames - 1]));
    },
    moveTo(next) {
      terminal = next;
    },
  };
}
