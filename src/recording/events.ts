/**
 * Events between the samples of a recording: what else has changed what was learned. A recording that holds any is of
 * version 2; before its blocks of samples then stand blocks of events, each an array of four parts:
 *
 *     "RVLE"       a mark, by which a reader finds the next block after a damaged one
 *     first        number of the sample that follows the block
 *     events       MessagePack in binary: a list of events, each a list of its kind, the number of the sample after which it
 *                  took effect, and what the kind has besides
 *     crc32        of the block's bytes before this part
 *
 * Numbers are those of the daemon, 1 for the first sample that it ever took. An event stands before the samples between
 * which it took effect.
 */
import { type Plain, pack, unpack } from "../checkpoint/messagepack.ts";
import { CheckpointError } from "../errors/errors.ts";
import { checksum, crc32IsoHdlc, createCrc } from "../samples/decoding/crc.ts";
import { isCount } from "../state-check.ts";

/** What has changed what was learned, and after which sample. */
export type PlayedEvent = { after: number } & (
  | { kind: "begin"; learned: number } // the recording begins: samples learned from before
  | { kind: "label"; sample: number; label: number } // a label that came late was learned from
  | { kind: "pause" }
  | { kind: "resume" }
  | { kind: "normal" } // the latest anomaly was normal, as somebody said
  | { kind: "effort"; effort: string } // the learner goes on with another effort
  // the wall clock is this many milliseconds ahead of the times of samples, null: not set, and never shows a moment before
  | { kind: "clock"; ahead: number | null; earliest: number }
  | Omit<ModelEvent, "after">
);

/** The learner has taken in a model from outside: its version, the beginning of its SHA-256, and its file. */
export type ModelEvent = { after: number; kind: "model"; version: number; digest: string; bytes: Uint8Array };

/** A part of that file, `data`, from byte `start` on; it has `total` bytes. */
export type ModelPart = Omit<ModelEvent, "kind" | "bytes"> & {
  kind: "model-part";
  start: number;
  total: number;
  data: Uint8Array;
};

/** A field holds another class from now on, with this number: the stream has brought it. */
export type ClassEvent = { after: number; kind: "class"; field: string; name: string; number: number };

export type RecordedEvent = PlayedEvent | ClassEvent;

/** As a block holds it. */
export type StoredEvent = Exclude<RecordedEvent, { kind: "model" }> | ModelPart;

/** The array of four parts, and the mark. */
export const eventMark: Uint8Array = Uint8Array.of(0x94, 0xa4, 0x52, 0x56, 0x4c, 0x45);
const firstAt = eventMark.length;
const lengthAt = firstAt + 9;
const eventsAt = lengthAt + 5;
const crcBytes = 5;
const float64 = 0xcb;
const binary32 = 0xc6;
const uint32 = 0xce;
/** Most bytes of a block's events, because a reader holds a whole block. */
const mostBytes = 1 << 20;
/** Most events of a block, well below that. */
export const mostEventsInBlock = 8192;

const crc = createCrc(crc32IsoHdlc);

const rowOf = (event: StoredEvent): (string | number | null | Uint8Array)[] => {
  const { kind, after, ...rest } = event;
  return [kind, after, ...Object.values(rest)];
};

/** Encodes events as a block, before the sample with the number `first`. */
export function encodeEvents(first: number, events: readonly StoredEvent[]): Uint8Array {
  const content = Buffer.concat(pack(events.map(rowOf)));
  const block = new Uint8Array(eventsAt + content.length + crcBytes);
  const view = new DataView(block.buffer);
  block.set(eventMark);
  block[firstAt] = float64;
  view.setFloat64(firstAt + 1, first);
  block[lengthAt] = binary32;
  view.setUint32(lengthAt + 1, content.length);
  block.set(content, eventsAt);
  const end = eventsAt + content.length;
  block[end] = uint32;
  view.setUint32(end + 1, checksum(crc, block, 0, end) >>> 0);
  return block;
}

/** Events of a complete block. Those of a kind that this version does not know are counted as `unknown`. */
export interface EventBlock {
  first: number;
  events: StoredEvent[];
  unknown: number;
  /** Bytes of the block. */
  length: number;
}

/** Checks for a block of events at the beginning of the first `end` bytes: see `findBlock`. */
export function findEvents(bytes: Uint8Array, end: number): { needs: number } | "damaged" | EventBlock {
  for (let at = 0; at < Math.min(end, firstAt); at++) if (bytes[at] !== eventMark[at]) return "damaged";
  if (end < eventsAt) return { needs: eventsAt };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(lengthAt + 1);
  if (bytes[firstAt] !== float64 || bytes[lengthAt] !== binary32 || length > mostBytes) return "damaged";
  const crcAt = eventsAt + length;
  if (end < crcAt + crcBytes) return { needs: crcAt + crcBytes };
  if (bytes[crcAt] !== uint32 || view.getUint32(crcAt + 1) !== checksum(crc, bytes, 0, crcAt) >>> 0) {
    return "damaged";
  }
  const rows = rowsIn(bytes.subarray(eventsAt, crcAt));
  if (rows === null) return "damaged";
  const read = rows.map(eventOf);
  const events = read.filter((event) => event !== null);
  const first = view.getFloat64(firstAt + 1);
  return { first, events, unknown: read.length - events.length, length: crcAt + crcBytes };
}

function rowsIn(content: Uint8Array): Plain[][] | null {
  try {
    const rows: Plain = unpack(content, "events");
    return Array.isArray(rows) && rows.every((row) => Array.isArray(row)) ? rows : null;
  } catch (error) {
    if (error instanceof CheckpointError) return null;
    throw error;
  }
}

/** Null for an event of another kind, or of other content. */
function eventOf([kind, after, ...rest]: Plain[]): StoredEvent | null {
  if (typeof after !== "number") return null;
  const [one, other] = rest;
  if (kind === "begin" && typeof one === "number") return { kind, after, learned: one };
  if (kind === "label" && typeof one === "number" && typeof other === "number") {
    return { kind, after, sample: one, label: other };
  }
  if (kind === "pause" || kind === "resume" || kind === "normal") return { kind, after };
  if (kind === "clock" && (one === null || typeof one === "number") && typeof other === "number") {
    return { kind, after, ahead: one, earliest: other };
  }
  if (kind === "class") return classOf(after, rest);
  if (kind === "effort" && typeof one === "string") return { kind, after, effort: one };
  return kind === "model-part" ? modelPartOf(after, rest) : null;
}

function classOf(after: number, [field, name, number]: Plain[]): ClassEvent | null {
  if (typeof field !== "string" || typeof name !== "string" || !isCount(number)) return null;
  return { kind: "class", after, field, name, number };
}

function modelPartOf(after: number, [version, digest, start, total, data]: Plain[]): ModelPart | null {
  const areNumbers = typeof version === "number" && typeof start === "number" && typeof total === "number";
  if (!areNumbers || typeof digest !== "string" || !(data instanceof Uint8Array)) return null;
  return { kind: "model-part", after, version, digest, start, total, data };
}
