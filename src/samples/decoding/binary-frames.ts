/**
 * Reads binary frames of other makers, by a description: bytes that begin a frame, maybe a length, fields at their
 * places, maybe a checksum and bytes that end it. Such frames are not stuffed, so their first bytes may also occur
 * inside: a frame counts once its checksum is right, and after a wrong one the search continues at the next byte.
 */
import { RivuletError } from "../../errors/errors.ts";
import type { SampleRing } from "../ring.ts";
import { type Checksum, createChecksum } from "./checksums.ts";
import type { Decoder, DecoderCounts } from "./decoder.ts";
import { type Field, type FieldType, fieldBytes } from "./fields.ts";
import { type OnRefused, type RefusalReason, Refusals, type RefusedCount } from "./refusals.ts";

/** How a length is written. */
export const lengthTypes = ["none", "u8", "u16le", "u16be"] as const;

/** The description of a frame, as a config has it. */
export interface BinaryLayout {
  /** Bytes that every frame begins with, at least one. */
  start: readonly number[];
  /** The number that says how long a frame is; `none`: all have the same length. */
  length: (typeof lengthTypes)[number];
  /** Index of that number; 0: right after the start. */
  lengthAt: number;
  /** Bytes that follow the number beside those that it counts, such as a checksum that it leaves out. */
  lengthExtra: number;
  /** Bytes of a frame without a length; 0: as many as start, fields, checksum and end take. */
  bytes: number;
  /** Index of each field's first byte, in order; empty: one after the other, after start and length. */
  at: readonly number[];
  /** Order of the bytes of a field; `auto`: that of length and checksum, else little. */
  order: "auto" | "little" | "big";
  /** Name of the checksum, which is the last of a frame but for `end`. */
  checksum: string;
  /** Index of the first byte that the checksum covers. */
  checksumFrom: number;
  /** Bytes that every frame ends with. */
  end: readonly number[];
}

export interface BinaryOptions {
  passNonFinite: boolean;
  onRefused?: OnRefused;
}

export interface BinaryCounts extends DecoderCounts {
  /** Bytes that are part of no frame. */
  outside: number;
}

/** Longest frame that is accepted. */
const longestBytes = 4096;
const lengthBytes = { none: 0, u8: 1, u16le: 2, u16be: 2 } as const;

const refusedChecksum = 0;
const refusedLength = 1;
const refusedEnd = 2;
const refusedOutside = 3;
const refusedNotFinite = 4;

const reasons: readonly RefusalReason[] = [
  { name: "checksum", words: "with a wrong checksum", what: "a frame whose checksum does not match" },
  {
    name: "wrongLength",
    words: "of another length",
    what: "a frame in which the fields have no room, or that is too long",
  },
  { name: "end", words: "without its end", what: "a frame that does not end as framing.binary.end says" },
  { name: "outside", words: "times bytes outside of frames", what: "bytes that are part of no frame" },
  {
    name: "notFinite",
    words: "with a value that is not finite",
    what: "a frame with a value that is not finite",
  },
];

/**
 * Creates a decoder of frames as the layout describes them.
 * @throws RivuletError where the layout contradicts itself or the fields
 */
export function createBinaryDecoder(
  fields: readonly Field[],
  ring: SampleRing,
  layout: BinaryLayout,
  options: BinaryOptions,
): Decoder & { readonly counts: Readonly<BinaryCounts> } {
  return new BinaryDecoder(fields, ring, layout, options);
}

class BinaryDecoder implements Decoder {
  readonly counts: BinaryCounts = { bytes: 0, samples: 0, damaged: 0, rejected: 0, missing: 0, outside: 0 };
  readonly #ring: SampleRing;
  readonly #layout: BinaryLayout;
  readonly #passNonFinite: boolean;
  readonly #refusals: Refusals;
  readonly #fields: readonly Field[];
  /** Index of each field's first byte, [fields]. */
  readonly #places: Int32Array;
  readonly #isLittle: boolean;
  readonly #checksum: Checksum;
  /** Bytes up to and with the length. */
  readonly #headBytes: number;
  /** Fewest bytes of a frame: its fields, checksum and end have room. */
  readonly #fewestBytes: number;
  readonly #buffer = new Uint8Array(longestBytes);
  readonly #view = new DataView(this.#buffer.buffer);
  #length = 0;
  /** Bytes that are needed to go on. */
  #needs: number;
  #wasOutside = false;

  constructor(fields: readonly Field[], ring: SampleRing, layout: BinaryLayout, options: BinaryOptions) {
    const { start, length, lengthAt, checksum, end, at, order } = layout;
    this.#ring = ring;
    this.#fields = fields;
    this.#passNonFinite = options.passNonFinite;
    this.#refusals = new Refusals(reasons, options.onRefused);
    this.#checksum = createChecksum(checksum);
    const lengthPlace = lengthAt === 0 ? start.length : lengthAt;
    this.#headBytes = length === "none" ? start.length : lengthPlace + lengthBytes[length];
    this.#layout = { ...layout, lengthAt: lengthPlace };
    this.#isLittle = order === "auto" ? !`${length} ${checksum}`.includes("be") : order === "little";
    this.#places = placesOf(fields, at, this.#headBytes);
    const tail = this.#checksum.bytes + end.length;
    const ends = fields.map(({ type }, index) => this.#places[index] + fieldBytes[type]);
    this.#fewestBytes = Math.max(this.#headBytes, ...ends) + tail;
    if (length === "none" && layout.bytes > 0 && layout.bytes < this.#fewestBytes) {
      throw new RivuletError(
        "config.bad-value",
        `framing.binary.bytes is ${layout.bytes}, but start, fields, checksum and end take ${this.#fewestBytes}; correct one of them`,
        { path: "source.framing" },
      );
    }
    if (start.length === 0 || this.#fewestBytes > longestBytes) {
      throw new RivuletError(
        "config.bad-value",
        start.length === 0
          ? "framing.binary.start is empty, expected the bytes that every frame begins with; add them"
          : `the fields end at byte ${this.#fewestBytes}, expected frames of at most ${longestBytes}; correct framing.binary.at`,
        { path: "source.framing" },
      );
    }
    this.#needs = this.#headBytes;
  }

  decode(chunk: Uint8Array, start: number, end: number, time: number): number {
    let at = start;
    if (this.#length >= this.#needs && this.#ring.reserve() >= 0) this.#search(time);
    while (at < end && this.#ring.reserve() >= 0) {
      const taken = Math.min(this.#needs - this.#length, end - at);
      for (let read = 0; read < taken; read++) this.#buffer[this.#length++] = chunk[at++];
      if (this.#length >= this.#needs) this.#search(time);
    }
    this.counts.bytes += at - start;
    return at;
  }

  reset(): void {
    this.#length = 0;
    this.#needs = this.#headBytes;
  }

  refused(): RefusedCount[] {
    return this.#refusals.counts();
  }

  get unfinished() {
    return { bytes: this.#length, most: longestBytes };
  }

  /** Looks for frames in the buffer, until more bytes are needed or the ring is full. */
  #search(time: number): void {
    for (;;) {
      this.#align();
      this.#needs = this.#headBytes;
      if (this.#length < this.#needs) return;
      const total = this.#totalBytes();
      if (total < this.#fewestBytes || total > longestBytes) {
        this.#refuse(refusedLength, this.#headBytes);
        continue;
      }
      this.#needs = total;
      if (this.#length < total) return;
      const fault = this.#faultOf(total);
      if (fault >= 0) {
        this.#refuse(fault, total);
        continue;
      }
      if (this.#ring.reserve() < 0) return;
      this.#read(total, time);
    }
  }

  /** Drops bytes until the buffer begins with the start of a frame, or with as much of it as there is. */
  #align(): void {
    const { start } = this.#layout;
    const buffer = this.#buffer;
    const length = this.#length;
    let at = 0;
    for (; at < length; at++) {
      let same = 0;
      while (same < start.length && at + same < length && buffer[at + same] === start[same]) same++;
      if (same === start.length || at + same === length) break;
    }
    if (at > 0) this.#drop(at, true);
  }

  #totalBytes(): number {
    const { length, lengthAt, lengthExtra, bytes } = this.#layout;
    if (length === "none") return bytes === 0 ? this.#fewestBytes : bytes;
    const view = this.#view;
    const counted = length === "u8" ? view.getUint8(lengthAt) : view.getUint16(lengthAt, length === "u16le");
    return this.#headBytes + counted + lengthExtra;
  }

  /** Returns the number of the reason why the frame is damaged, -1 where it is not. */
  #faultOf(total: number): number {
    const { end, checksumFrom } = this.#layout;
    const buffer = this.#buffer;
    const endAt = total - end.length;
    for (let at = 0; at < end.length; at++) if (buffer[endAt + at] !== end[at]) return refusedEnd;
    return this.#checksum.matches(buffer, checksumFrom, endAt - this.#checksum.bytes) ? -1 : refusedChecksum;
  }

  #refuse(reason: number, length: number): void {
    this.counts.damaged++;
    this.#refusals.add(reason, this.#buffer, 0, Math.min(length, this.#length));
    this.#wasOutside = true;
    this.#drop(1, true);
  }

  #read(total: number, time: number): void {
    const ring = this.#ring;
    const slot = ring.reserve();
    const finite = this.#readFields(slot);
    if (finite || this.#passNonFinite) {
      ring.deviceTimes[ring.slot] = Number.NaN;
      ring.commit(time, this.counts.samples);
      this.counts.samples++;
    } else {
      this.counts.rejected++;
      this.#refusals.add(refusedNotFinite, this.#buffer, 0, total);
    }
    this.#wasOutside = false;
    this.#drop(total, false);
  }

  /** Reads the fields into the slot; returns false when one of them is not finite. */
  #readFields(slot: number): boolean {
    const { values } = this.#ring;
    let finite = true;
    for (let index = 0; index < this.#fields.length; index++) {
      const { type, scale, offset } = this.#fields[index];
      readNumber(this.#view, this.#places[index], type, this.#isLittle, values, slot + index);
      const value = values[slot + index] * scale + offset;
      values[slot + index] = value;
      // Infinity minus itself is NaN, and NaN is not equal to itself.
      if (value - value !== 0) finite = false;
    }
    return finite;
  }

  #drop(bytes: number, isOutside: boolean): void {
    if (isOutside) {
      // What comes before the first frame may be the rest of one.
      if (!this.#wasOutside && this.counts.samples > 0)
        this.#refusals.add(refusedOutside, this.#buffer, 0, bytes);
      this.#wasOutside = true;
      this.counts.outside += bytes;
    }
    this.#buffer.copyWithin(0, bytes, this.#length);
    this.#length -= bytes;
  }
}

/** The index of each field's first byte. */
function placesOf(fields: readonly Field[], at: readonly number[], first: number): Int32Array {
  if (at.length > 0 && at.length !== fields.length) {
    throw new RivuletError(
      "config.bad-value",
      `framing.binary.at has ${at.length} places, but source.fields names ${fields.length} fields; give one for each`,
      { path: "source.framing" },
    );
  }
  let next = first;
  return Int32Array.from(fields, ({ type }, index) => {
    const place = at.length > 0 ? at[index] : next;
    next = place + fieldBytes[type];
    return place;
  });
}

/** Reads a number into `target[cell]`: a fractional number that a function returns costs a heap allocation. */
function readNumber(
  view: DataView,
  at: number,
  type: FieldType,
  isLittle: boolean,
  target: Float64Array,
  cell: number,
): void {
  switch (type) {
    case "f32":
      target[cell] = view.getFloat32(at, isLittle);
      break;
    case "f64":
      target[cell] = view.getFloat64(at, isLittle);
      break;
    case "i8":
      target[cell] = view.getInt8(at);
      break;
    case "u8":
      target[cell] = view.getUint8(at);
      break;
    case "i16":
      target[cell] = view.getInt16(at, isLittle);
      break;
    case "u16":
      target[cell] = view.getUint16(at, isLittle);
      break;
    case "i32":
      target[cell] = view.getInt32(at, isLittle);
      break;
    case "u32":
      target[cell] = view.getUint32(at, isLittle);
      break;
  }
}
