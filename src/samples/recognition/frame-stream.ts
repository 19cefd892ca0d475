/** Recognizes packed frames, as decoding/frames.ts describes them, in unknown bytes. */
import { checksum, crc16CcittFalse, crc32IsoHdlc, createCrc } from "../decoding/crc.ts";
import type { Field } from "../decoding/fields.ts";
import { createFrameDecoder, type FrameCounts, headerBytes } from "../decoding/frames.ts";
import type { Stuffing } from "../decoding/stuffing.ts";
import type { FramingName } from "../framings/framings.ts";
import { SampleRing } from "../ring.ts";
import { observe } from "./observation.ts";
import { guessPacking } from "./packing.ts";
import type { RecognizedStream } from "./recognized-stream.ts";

/** A recognized stream of frames. The total length of its fields is certain; their types are a guess. */
export interface FrameStream extends RecognizedStream {
  counts: Readonly<FrameCounts>;
  findings: {
    crc: 16 | 32;
    /** Bytes of the packed fields, without header and checksum. */
    payloadBytes: number;
  };
}

/** Longest data between two delimiters that is tried as a frame. */
const longestStretch = 4096;
/** Random data passes as a frame once in 2^32 times, so a few frames are proof, however damaged the rest is. */
const fewestFrames = 3;
/** Most payloads that are used to guess the types. */
const mostPayloads = 2000;

const checksums = [
  { bits: 16, crc: createCrc(crc16CcittFalse) },
  { bits: 32, crc: createCrc(crc32IsoHdlc) },
] as const;

/**
 * Recognizes packed frames with the given stuffing. Returns as a `Recognizer` does.
 *
 * @param framing name of the framing that has this stuffing
 */
export function recognizeFrames(
  bytes: Uint8Array,
  framing: FramingName,
  stuffing: Stuffing,
): FrameStream | string | null {
  const { kind, headless } = findFrames(bytes, stuffing);
  if (kind === null) {
    if (headless === null) return null;
    return (
      `found ${stuffing.name} frames with a good CRC-${headless}, but without a header of 8 bytes that begins with 1 and ` +
      "0 and a sample after it; send frames as devices/firmware/rivulet.h does"
    );
  }
  const fields = guessPacking(kind.payloads.slice(0, mostPayloads));
  const ring = new SampleRing(fields.length, 256, "pause");
  const options = { crc: kind.crc, stuffing };
  const decoder = createFrameDecoder(fields, ring, options);
  const observation = observe(fields, decoder, ring, withoutHalfFrame(bytes, fields, options));
  const { samples, rejected, duplicates, damaged, restarts } = decoder.counts;
  const good = samples + rejected + duplicates;
  const payloadBytes = kind.payloads[0].length;
  return {
    framing,
    fields,
    observation,
    counts: decoder.counts,
    understood: good / (good + damaged),
    description: `${framing} with CRC-${kind.crc} and ${payloadBytes} bytes of fields, whose types are a guess`,
    settings: kind.crc === 16 ? {} : { crc: kind.crc },
    troubles: [
      [duplicates, "sent twice"],
      [restarts, "restarts of the device"],
    ],
    passedOver: [],
    findings: { crc: kind.crc, payloadBytes },
  };
}

/** Frames with the same checksum and length. */
interface FrameGroup {
  crc: 16 | 32;
  /** Their fields, without header and checksum. */
  payloads: Uint8Array[];
}

/** The largest group of frames, null where there are too few; `headless`: the checksum of frames that have another header. */
function findFrames(
  bytes: Uint8Array,
  stuffing: Stuffing,
): { kind: FrameGroup | null; headless: 16 | 32 | null } {
  const { delimiter } = stuffing;
  const groups = new Map<string, FrameGroup>();
  const unknown = new Map<16 | 32, number>();
  const decoded = new Uint8Array(longestStretch);
  // The data before the first delimiter may be half a frame, and so may the data after the last.
  for (let start = bytes.indexOf(delimiter) + 1, end = 0; start > 0; start = end + 1) {
    end = bytes.indexOf(delimiter, start);
    if (end < 0) break;
    if (end === start || end - start > longestStretch) continue;
    const length = stuffing.decode(bytes, start, end, decoded, 0);
    for (const { bits, crc } of checksums) {
      const crcAt = length - bits / 8;
      if (crcAt < headerBytes || !isSum(decoded, crcAt, bits, checksum(crc, decoded, 0, crcAt))) continue;
      if (decoded[0] !== 1 || decoded[1] !== 0 || crcAt === headerBytes) {
        unknown.set(bits, (unknown.get(bits) ?? 0) + 1);
        continue;
      }
      const key = `${bits}/${length}`;
      const group = groups.get(key) ?? { crc: bits, payloads: [] };
      groups.set(key, group);
      group.payloads.push(decoded.slice(headerBytes, crcAt));
    }
  }
  const [kind] = [...groups.values()].sort((one, other) => other.payloads.length - one.payloads.length);
  const [headless = null] = [...unknown].find(([, count]) => count >= fewestFrames) ?? [];
  return { kind: kind !== undefined && kind.payloads.length >= fewestFrames ? kind : null, headless };
}

/** Returns the bytes from the first frame on: a frame that was cut because reading began inside it is not damaged. */
function withoutHalfFrame(
  bytes: Uint8Array,
  fields: readonly Field[],
  options: { crc: 16 | 32; stuffing: Stuffing },
): Uint8Array {
  const begin = bytes.indexOf(options.stuffing.delimiter) + 1;
  const first = createFrameDecoder(fields, new SampleRing(fields.length, 1, "pause"), options);
  first.decode(bytes, 0, begin, 0);
  return first.counts.damaged > 0 ? bytes.subarray(begin) : bytes;
}

function isSum(bytes: Uint8Array, at: number, bits: 16 | 32, sum: number): boolean {
  for (let byte = 0; byte < bits / 8; byte++) {
    if (bytes[at + byte] !== ((sum >>> (8 * byte)) & 0xff)) return false;
  }
  return true;
}
