/** Recognises frames, as src/samples/frames.ts describes them, in bytes of which nothing is known. */
import { decodeCobs } from "../decoding/cobs.ts";
import { checksum, crc16CcittFalse, crc32IsoHdlc, createCrc } from "../decoding/crc.ts";
import type { Field } from "../decoding/fields.ts";
import { createFrameDecoder, type FrameCounts, HEADER_BYTES } from "../decoding/frames.ts";
import { SampleRing } from "../ring.ts";
import { type Observation, observe } from "./observation.ts";
import { guessPacking } from "./packing.ts";

export interface FrameStream {
  framing: "frames";
  crc: 16 | 32;
  /** Bytes of the packed fields, without header and checksum. */
  payloadBytes: number;
  /** Proposed fields: the length is certain, the types are a guess. */
  fields: Field[];
  observation: Observation;
  counts: Readonly<FrameCounts>;
  /** Part of the stretches between zeros that are frames. */
  understood: number;
}

/** A longer stretch is no frame of a sensor. */
const LONGEST_STRETCH = 4096;
/** A stretch passes for a frame by chance once in 2^32 times, so a few prove it, however damaged the rest is. */
const FEWEST_FRAMES = 3;
/** Payloads that the types are guessed from. */
const MOST_PAYLOADS = 2000;

const checksums = [
  { bits: 16, crc: createCrc(crc16CcittFalse) },
  { bits: 32, crc: createCrc(crc32IsoHdlc) },
] as const;

/** The frames in a stretch of a stream, or, where there are none, a sentence about what they almost are, or null. */
export function recognizeFrames(bytes: Uint8Array): FrameStream | string | null {
  const kinds = new Map<string, { crc: 16 | 32; payloads: Uint8Array[] }>();
  const strangers = new Map<number, number>();
  const decoded = new Uint8Array(LONGEST_STRETCH);
  // What stands before the first zero is half a frame, and so is what stands after the last.
  for (let start = bytes.indexOf(0) + 1, end = 0; start > 0; start = end + 1) {
    end = bytes.indexOf(0, start);
    if (end < 0) break;
    if (end === start || end - start > LONGEST_STRETCH) continue;
    const length = decodeCobs(bytes, start, end, decoded, 0);
    for (const { bits, crc } of checksums) {
      const crcAt = length - bits / 8;
      if (crcAt < HEADER_BYTES || !isSum(decoded, crcAt, bits, checksum(crc, decoded, 0, crcAt))) continue;
      if (decoded[0] !== 1 || decoded[1] !== 0 || crcAt === HEADER_BYTES) {
        strangers.set(bits, (strangers.get(bits) ?? 0) + 1);
        continue;
      }
      const key = `${bits}/${length}`;
      const kind = kinds.get(key) ?? { crc: bits, payloads: [] };
      kinds.set(key, kind);
      kind.payloads.push(decoded.slice(HEADER_BYTES, crcAt));
    }
  }
  const [kind] = [...kinds.values()].sort((one, other) => other.payloads.length - one.payloads.length);
  if (kind === undefined || kind.payloads.length < FEWEST_FRAMES) {
    for (const [bits, count] of strangers) {
      if (count >= FEWEST_FRAMES) {
        return (
          `there are COBS frames with a good CRC-${bits}, but what they hold is not a sample after a header of ` +
          "8 bytes that begins with 1 and 0, as devices/firmware/rivulet.h makes it"
        );
      }
    }
    return null;
  }
  const fields = guessPacking(kind.payloads.slice(0, MOST_PAYLOADS));
  const ring = new SampleRing(fields.length, 256, "pause");
  const decoder = createFrameDecoder(fields, ring, { crc: kind.crc });
  const observation = observe(fields, decoder, ring, withoutHalfFrame(bytes, fields, kind.crc));
  const { samples, rejected, duplicates, damaged } = decoder.counts;
  const good = samples + rejected + duplicates;
  return {
    framing: "frames",
    crc: kind.crc,
    payloadBytes: kind.payloads[0].length,
    fields,
    observation,
    counts: decoder.counts,
    understood: good / (good + damaged),
  };
}

/** The bytes from the first frame on: what was cut by joining a stream in its middle is no fault of the line. */
function withoutHalfFrame(bytes: Uint8Array, fields: readonly Field[], crc: 16 | 32): Uint8Array {
  const begin = bytes.indexOf(0) + 1;
  const first = createFrameDecoder(fields, new SampleRing(fields.length, 1, "pause"), { crc });
  first.decode(bytes, 0, begin, 0);
  return first.counts.damaged > 0 ? bytes.subarray(begin) : bytes;
}

function isSum(bytes: Uint8Array, at: number, bits: 16 | 32, sum: number): boolean {
  for (let byte = 0; byte < bits / 8; byte++) {
    if (bytes[at + byte] !== ((sum >>> (8 * byte)) & 0xff)) return false;
  }
  return true;
}
