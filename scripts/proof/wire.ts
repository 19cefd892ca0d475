/**
 * What goes wrong on a wire, in any order and cut into any chunks: noise, frames that are cut, glued to noise, sent twice or in
 * the wrong order, a device that starts again in the middle of a frame, the bytes of two devices mixed, another baud rate for
 * a while. Every frame that arrives whole becomes a sample, nothing else does, and what is missing is counted.
 */
import { createRandom, type Random } from "../../src/engine/model/random.ts";
import { cobs } from "../../src/samples/decoding/cobs.ts";
import { defineFields } from "../../src/samples/decoding/fields.ts";
import {
  createFrameDecoder,
  createFrameEncoder,
  type FrameCounts,
} from "../../src/samples/decoding/frames.ts";
import type { Stuffing } from "../../src/samples/decoding/stuffing.ts";
import { slipStuffing } from "../../src/samples/framings/slip.ts";
import { SampleRing } from "../../src/samples/ring.ts";
import type { Outcome } from "./account.ts";

const fields = defineFields([
  { name: "number", type: "u32" },
  { name: "noise", type: "f32" },
]);
const longestChunk = 300;
const mixedFrames = 8;
/** Of frames that nobody enters in the books, to see that it is noticed. */
const lieEvery = 500;

/** What must come of what was sent; `damaged` at least, where bytes are mixed. */
interface Ledger {
  samples: number;
  missing: number;
  duplicates: number;
  restarts: number;
  damaged: number;
}

/** A device, and what is done to its bytes. */
class TroubledWire {
  readonly ledger: Ledger = { samples: 0, missing: 0, duplicates: 0, restarts: 0, damaged: 0 };
  /** Whether the number of damaged frames is exact. */
  isExact = true;
  #bytes: Uint8Array[] = [];
  readonly #random: Random;
  readonly #stuffing: Stuffing;
  readonly #encoder;
  /** Every frame that is encoded says its number in its values. */
  #number = 0;
  #sequence = 0;
  #milliseconds = 0;

  constructor(random: Random, stuffing: Stuffing) {
    this.#random = random;
    this.#stuffing = stuffing;
    this.#encoder = createFrameEncoder(fields, { stuffing });
  }

  /** Bytes sent since the last call. */
  take(): Uint8Array {
    const bytes = Buffer.concat(this.#bytes);
    this.#bytes = [];
    return bytes;
  }

  #below = (limit: number): number => Math.floor(limit * this.#random.uniform());

  #encode(): Uint8Array {
    const target = new Uint8Array(this.#encoder.maximumBytes);
    this.#milliseconds += 1 + this.#below(50);
    const values = [this.#number++, this.#random.uniform()];
    const end = this.#encoder.encode(values, this.#sequence++, this.#milliseconds, target, 0);
    return target.subarray(0, end);
  }

  #send(...bytes: Uint8Array[]): void {
    this.#bytes.push(...bytes);
  }

  /** Bytes among which no frame ends. */
  #noise(): Uint8Array {
    const { delimiter } = this.#stuffing;
    return Uint8Array.from({ length: 1 + this.#below(60) }, () => 1 + this.#below(255)).map((byte) =>
      byte === delimiter ? 1 : byte,
    );
  }

  #end = () => Uint8Array.of(this.#stuffing.delimiter);
  #half = (frame: Uint8Array) => frame.subarray(0, 1 + this.#below(frame.length - 2));

  good(frames: number): void {
    for (let i = 0; i < frames; i++) this.#send(this.#encode());
    this.ledger.samples += frames;
  }

  /** Each kind of trouble; good frames come before and after it. */
  readonly troubles: Record<string, () => void> = {
    noise: () => {
      this.#send(this.#noise(), this.#end());
      this.ledger.damaged++;
    },
    "noise before a frame": () => {
      this.#send(this.#noise(), this.#encode());
      this.ledger.damaged++;
      this.ledger.missing++;
    },
    "a cut frame": () => {
      this.#send(this.#half(this.#encode()), this.#end());
      this.ledger.damaged++;
      this.ledger.missing++;
    },
    "a frame twice": () => {
      const frame = this.#encode();
      this.#send(frame, frame);
      this.ledger.samples++;
      this.ledger.duplicates++;
    },
    // On a wire it does not happen; over UDP each of the two counts as missing once.
    "two frames swapped": () => {
      const [first, second] = [this.#encode(), this.#encode()];
      this.#send(second, first);
      this.ledger.samples += 2;
      this.ledger.missing += 2;
      this.ledger.restarts++;
    },
    // The first frame of the new start is glued to the rest of the last one, and nothing tells that it is missing.
    "a start in the middle of a frame": () => {
      const rest = this.#half(this.#encode());
      this.#sequence = 0;
      this.#milliseconds = 0;
      this.#send(rest, this.#encode());
      this.ledger.damaged++;
      this.ledger.restarts++;
    },
    "two devices on one wire": () => {
      const [one, other] = [0, 1].map(() =>
        Buffer.concat(Array.from({ length: mixedFrames }, () => this.#encode())),
      );
      const mixed = Array.from({ length: Math.max(one.length, other.length) }, (_, at) => [
        ...one.subarray(at, at + 1),
        ...other.subarray(at, at + 1),
      ]);
      this.#send(Uint8Array.from(mixed.flat()), this.#end());
      this.ledger.missing += 2 * mixedFrames;
      this.isExact = false;
    },
    "another baud rate": () => {
      for (let i = 0; i < mixedFrames; i++) this.#encode();
      this.#send(
        Uint8Array.from({ length: 40 + this.#below(200) }, () => this.#below(256)),
        this.#end(),
      );
      this.ledger.missing += mixedFrames;
      this.isExact = false;
    },
  };

  /** Loses a frame and tells nobody. */
  lie(): void {
    this.#encode();
  }
}

/** @param frames good ones, at least, on a wire of each stuffing */
export async function proveWire(frames: number): Promise<Outcome> {
  const faults: string[] = [];
  const tallies = [cobs, slipStuffing].map((stuffing) => {
    const { counts, troubles, problems } = tryWire(stuffing, frames, false);
    faults.push(...problems.map((problem) => `${stuffing.name}: ${problem}`));
    if (tryWire(stuffing, frames, true).problems.length === 0)
      faults.push(`${stuffing.name}: frames that were lost without a trace were not noticed`);
    return { ...counts, troubles };
  });
  const sum = (key: "samples" | "troubles" | "missing" | "damaged" | "duplicates" | "restarts") =>
    tallies.reduce((total, tally) => total + tally[key], 0);
  return {
    figures:
      `${sum("troubles")} troubles on the wire in COBS and SLIP: ${sum("samples")} whole frames became samples and nothing else, ` +
      `${sum("missing")} missing, ${sum("damaged")} damaged, ${sum("duplicates")} twice, ${sum("restarts")} steps back, all counted`,
    faults,
  };
}

function tryWire(stuffing: Stuffing, frames: number, isLying: boolean) {
  const random = createRandom(3);
  const wire = new TroubledWire(random, stuffing);
  const ring = new SampleRing(fields.length, 64, "pause");
  const decoder = createFrameDecoder(fields, ring, { stuffing });
  const seen = new Set<number>();
  const problems: string[] = [];
  const kinds = Object.values(wire.troubles);
  let troubles = 0;
  let bytes = 0;
  for (; wire.ledger.samples < frames; troubles++) {
    wire.good(3 + Math.floor(20 * random.uniform()));
    if (isLying && troubles % lieEvery === 0) wire.lie();
    kinds[troubles % kinds.length]();
    wire.good(3);
    const sent = wire.take();
    bytes += sent.length;
    decodeInChunks(decoder, ring, sent, random, seen, problems);
  }
  const { counts } = decoder;
  for (const key of ["samples", "missing", "duplicates", "restarts"] as const) {
    if (counts[key] !== wire.ledger[key])
      problems.push(`${key}: ${counts[key]}, and ${wire.ledger[key]} were to be expected`);
  }
  const { damaged } = wire.ledger;
  if (wire.isExact ? counts.damaged !== damaged : counts.damaged < damaged)
    problems.push(`damaged: ${counts.damaged}, and ${damaged} were to be expected`);
  if (counts.bytes !== bytes) problems.push(`bytes: ${counts.bytes} of ${bytes}`);
  return { counts: counts as FrameCounts, troubles, problems };
}

/** Decodes bytes in chunks of any length. Each sample must be one that was sent, and come once. */
function decodeInChunks(
  decoder: ReturnType<typeof createFrameDecoder>,
  ring: SampleRing,
  bytes: Uint8Array,
  random: Random,
  seen: Set<number>,
  problems: string[],
): void {
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + 1 + Math.floor(longestChunk * random.uniform()));
    while (at < end) {
      at = decoder.decode(bytes, at, end, 0);
      for (; ring.length > 0; ring.release()) {
        const number = ring.values[ring.front()];
        if (seen.has(number)) problems.push(`sample ${number} came twice`);
        seen.add(number);
      }
    }
  }
}
