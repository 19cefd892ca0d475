/** Random streams that repeat by their seed. */

/** mulberry32: small, fast, and good enough to find bugs with. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }
}

/** Bytes of text that decoders give a meaning to, so that a random stream reaches more than the first refusal. */
const morsels = [
  ...'{}[]":,;.\t\r\n \\+-eE0179',
  ...[
    "temperature",
    "vibration",
    "label",
    "null",
    "true",
    "false",
    "nan",
    "-inf",
    "ovf",
    "1e400",
    "\0",
    "\x01\0",
  ],
  ...['{"temperature":', "temperature:", '"label":', "\r\n", "\ufeff", "\\u00e4", '""', "1,2,3\n", "é"],
].map((text) => new TextEncoder().encode(text));

/** Random bytes, or a random sequence of morsels. */
export function noise(random: Random, length: number): Uint8Array {
  if (random.below(2) === 0) return Uint8Array.from({ length }, () => random.below(256));
  const parts: Uint8Array[] = [];
  for (let bytes = 0; bytes < length; ) {
    const morsel = random.pick(morsels);
    const times = random.below(50) === 0 ? random.below(200) : 1;
    for (let time = 0; time < times; time++) parts.push(morsel);
    bytes += morsel.length * times;
  }
  return Buffer.concat(parts).subarray(0, length);
}

/** A good stream with faults as lines have them: bits flipped, bytes lost, doubled, put in, parts swapped or cut. */
export function mutated(random: Random, good: Uint8Array): Uint8Array {
  let bytes: Uint8Array = Uint8Array.from(good);
  const faults = 1 + random.below(12);
  for (let fault = 0; fault < faults && bytes.length > 0; fault++) {
    const at = random.below(bytes.length);
    const end = Math.min(bytes.length, at + 1 + random.below(random.below(4) === 0 ? 400 : 6));
    switch (random.below(6)) {
      case 0:
        bytes[at] ^= 1 << random.below(8);
        break;
      case 1:
        bytes[at] = random.below(256);
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
        break;
      case 4:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          noise(random, 1 + random.below(40)),
          bytes.subarray(at),
        ]);
        break;
      default:
        bytes = Buffer.concat([bytes.subarray(end), bytes.subarray(0, end)]);
    }
  }
  return bytes;
}
