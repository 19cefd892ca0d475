/** Recognizes frames of other makers: a start that returns, a length or a step that fits, a checksum that matches. */
import { type BinaryLayout, createBinaryDecoder, lengthTypes } from "../decoding/binary-frames.ts";
import { checksumNames, createChecksum } from "../decoding/checksums.ts";
import { defineFields, type Field } from "../decoding/fields.ts";
import { SampleRing } from "../ring.ts";
import { observe } from "./observation.ts";
import type { RecognizedStream } from "./recognized-stream.ts";

const fewestFrames = 5;
const mostBytes = 1 << 14;
const longestFrame = 260;
/** Pairs of first bytes that are tried, the most frequent first. */
const mostStarts = 8;
/** Bytes after the checksum that end every frame. */
const mostEnd = 2;

/** Recognizes binary frames of other makers in unknown bytes. Returns as a `Recognizer` does. */
export function recognizeBinary(bytes: Uint8Array): RecognizedStream | string | null {
  const head = bytes.subarray(0, mostBytes);
  for (const start of likelyStarts(head)) {
    const places = placesOf(head, start);
    for (const length of lengthTypes.toReversed()) {
      const total = frameLength(head, places, length);
      if (total === null || total.bytes > longestFrame) continue;
      const found = checksumOf(head, total.places, total.bytes);
      if (found === null) continue;
      return decodeBinary(
        bytes,
        { ...layoutOf(start, length), ...found, bytes: length === "none" ? total.bytes : 0 },
        total.bytes,
      );
    }
  }
  return null;
}

/** The pairs of bytes that come most often, and as often as frames would. */
function likelyStarts(bytes: Uint8Array): [number, number][] {
  const counts = new Map<number, number>();
  for (let at = 0; at + 1 < bytes.length; at++) {
    const pair = bytes[at] * 256 + bytes[at + 1];
    counts.set(pair, (counts.get(pair) ?? 0) + 1);
  }
  return [...counts]
    .filter(([pair, count]) => count >= fewestFrames && pair !== 0 && pair >>> 8 !== 0)
    .sort((one, other) => other[1] - one[1])
    .slice(0, mostStarts)
    .map(([pair]) => [pair >>> 8, pair & 255]);
}

function placesOf(bytes: Uint8Array, [first, second]: readonly [number, number]): number[] {
  const places: number[] = [];
  for (let at = 0; at + 1 < bytes.length; at++)
    if (bytes[at] === first && bytes[at + 1] === second) places.push(at);
  return places;
}

/** The length of most frames: that which the number after the start says, or the usual distance of two starts. */
function frameLength(bytes: Uint8Array, places: readonly number[], type: (typeof lengthTypes)[number]) {
  const lengthOf = (place: number): number => {
    if (type === "u8") return 3 + bytes[place + 2];
    if (type === "u16be") return 4 + bytes[place + 2] * 256 + bytes[place + 3];
    if (type === "u16le") return 4 + bytes[place + 3] * 256 + bytes[place + 2];
    return Number.NaN;
  };
  const steps = new Map<number, number>();
  for (let index = 0; index + 1 < places.length; index++) {
    const step = places[index + 1] - places[index];
    if (type === "none" || lengthOf(places[index]) === step) steps.set(step, (steps.get(step) ?? 0) + 1);
  }
  const [best] = [...steps].sort((one, other) => other[1] - one[1]);
  if (best === undefined || best[1] < fewestFrames - 1 || 2 * best[1] < places.length - 1) return null;
  const [step] = best;
  const isWhole = (place: number, index: number) =>
    place + step <= bytes.length && places[index + 1] === place + step;
  return { bytes: step, places: places.filter(isWhole) };
}

/** The checksum that fits all but a few of the frames, and the bytes after it that end each of them. */
function checksumOf(bytes: Uint8Array, places: readonly number[], length: number) {
  for (let ending = 0; ending <= mostEnd; ending++) {
    const end = endOf(bytes, places, length, ending);
    const found = end && checksumBefore(bytes, places, length - ending);
    if (found) return { ...found, end };
  }
  return null;
}

/** The last bytes of a frame, where all of them end alike; else null. */
function endOf(bytes: Uint8Array, places: readonly number[], length: number, ending: number) {
  const ends = places.map((place) => bytes.subarray(place + length - ending, place + length).join(" "));
  if (places.length === 0 || ends.some((end) => end !== ends[0])) return null;
  return [...bytes.subarray(places[0] + length - ending, places[0] + length)];
}

/** The checksum in front of `length`, from the first byte or from the one after the start. */
function checksumBefore(bytes: Uint8Array, places: readonly number[], length: number) {
  for (const checksum of checksumNames) {
    if (checksum === "none") continue;
    const check = createChecksum(checksum);
    for (const checksumFrom of [0, 1, 2]) {
      const good = places.filter((place) =>
        check.matches(bytes, place + checksumFrom, place + length - check.bytes),
      );
      if (
        good.length >= fewestFrames - 1 &&
        good.length >= 0.9 * places.length &&
        isVaried(bytes, good, length)
      ) {
        return { checksum, checksumFrom };
      }
    }
  }
  return null;
}

/** Whether the checksums are not always the same: of frames that are alike, any byte would be one. */
function isVaried(bytes: Uint8Array, places: readonly number[], length: number): boolean {
  return new Set(places.map((place) => bytes[place + length - 1])).size >= 3;
}

const layoutOf = (start: readonly number[], length: BinaryLayout["length"]): BinaryLayout => ({
  ...{ start, length, lengthAt: 0, lengthExtra: 0, bytes: 0, at: [], order: "auto" },
  ...{ checksum: "none", checksumFrom: 0, end: [] },
});

function decodeBinary(bytes: Uint8Array, layout: BinaryLayout, total: number): RecognizedStream | null {
  const { start, length, checksum, checksumFrom, end } = layout;
  const first = start.length + (length === "none" ? 0 : length === "u8" ? 1 : 2);
  const fields = fieldsBetween(first, total - createChecksum(checksum).bytes - end.length);
  if (fields.length === 0) return null;
  const ring = new SampleRing(fields.length, 256, "pause");
  const decoder = createBinaryDecoder(fields, ring, layout, { passNonFinite: false });
  const observation = observe(fields, decoder, ring, bytes);
  const { samples, damaged } = decoder.counts;
  if (samples < fewestFrames) return null;
  const shown = inHexadecimal(start);
  const parts = [
    `start: [${shown}]`,
    ...(length === "none" ? [`bytes: ${total}`] : [`length: ${length}`]),
    `checksum: ${checksum}`,
    ...(checksumFrom === 0 ? [] : [`checksumFrom: ${checksumFrom}`]),
    ...(end.length === 0 ? [] : [`end: [${inHexadecimal(end)}]`]),
  ];
  return {
    framing: "binary",
    framingText: `{ binary: { ${parts.join(", ")} } }`,
    fields,
    observation,
    counts: decoder.counts,
    understood: samples / (samples + damaged),
    description: `frames of ${total} bytes that begin with ${shown.replaceAll(",", "")}, with the checksum ${checksum}; the types are a guess`,
    settings: {},
    troubles: [],
    passedOver: [],
    findings: { ...layout },
  };
}

const inHexadecimal = (bytes: readonly number[]) =>
  bytes.map((byte) => `0x${byte.toString(16).padStart(2, "0")}`).join(", ");

/** Numbers of 16 bits, which such sensors mostly send, and one of 8 where a byte is left. */
function fieldsBetween(first: number, end: number): Field[] {
  const types = [
    ...Array.from({ length: (end - first) >> 1 }, () => "u16" as const),
    ...((end - first) & 1 ? (["u8"] as const) : []),
  ];
  return types.length === 0
    ? []
    : defineFields(types.map((type, index) => ({ name: `field${index + 1}`, type })));
}
