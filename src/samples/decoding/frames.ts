/**
 * Binary frames with a checksum, as a microcontroller sends them. Before stuffing, a frame is
 *
 *     u8 type | u8 reserved = 0 | u16 sequence | u32 milliseconds | fields, packed | checksum
 *
 * little-endian throughout. The whole is stuffed, by COBS unless another stuffing is chosen, and closed by the
 * delimiter, with COBS a zero byte: after any damage, decoding resumes at the next delimiter. A sender should also send
 * one delimiter before its first frame.
 *
 * Type 1 is a sample, with the fields of a config. The other types are replies to the device, all of one length, with
 * the sequence number and the milliseconds of the sample that they answer:
 *
 *     2  prediction   u16 class | u16 0  | f32 probability of that class
 *                     u16 0     | u16 0  | f32 predicted number
 *     3  score        f32 accuracy of the latest answers            | f32 accuracy of the most frequent class
 *                     f32 mean absolute error, older ones fading    | f32 that of the mean
 *     4  alarm        u16 class | u16 on | f32 probability of that class; on is 1 or 0
 *
 * Type 5 is several samples, taken at one interval, for sensors that measure often: after the milliseconds of the first
 * stands the interval, and then the fields of each sample:
 *
 *     u8 type = 5 | u8 samples | u16 sequence | u32 milliseconds | u16 microseconds | fields, packed | ... | checksum
 *
 * Each sample has its own sequence number: those of the next frame follow that of the last.
 *
 * Of two lines, the first applies where a class is predicted, the second where a number is. A reply is made before its
 * sample is learned from. An echoed reply has a type other than 1, and so counts as damaged.
 */
import { RivuletError } from "../../errors/errors.ts";
import type { SampleRing } from "../ring.ts";
import { cobs } from "./cobs.ts";
import { type Crc, checksum, crc16CcittFalse, crc32IsoHdlc, createCrc } from "./crc.ts";
import type { Decoder, DecoderCounts } from "./decoder.ts";
import { type Field, type FieldType, fieldBytes, integerRange, packedBytes, writeRaw } from "./fields.ts";
import {
  frameReasons,
  refusedChecksum,
  refusedLength,
  refusedNotFinite,
  refusedStuffing,
  refusedType,
} from "./frame-refusals.ts";
import { type OnRefused, Refusals, type RefusedCount } from "./refusals.ts";
import { Splitter, type StretchReader } from "./splitter.ts";
import type { Stuffing } from "./stuffing.ts";

export const headerBytes = 8;
const sampleFrame = 1;
const rowsFrame = 5;
const intervalBytes = 2;
/** Most bytes of a frame of several samples, before stuffing: what a sender can hold, and a byte counts its samples. */
const longestRowsFrame = 2048;
const mostRows = 255;

export interface FrameOptions {
  /**
   * Bits of the checksum: CRC-16/CCITT-FALSE (default) or CRC-32/ISO-HDLC. Of six million randomly damaged frames
   * the first accepted one; of one million the second accepted none.
   */
  crc?: 16 | 32;
  /** How the delimiter is kept out of a frame. Default: COBS. */
  stuffing?: Stuffing;
}

export interface FrameDecoderOptions extends FrameOptions {
  /** Pass on samples with a value that is not finite, for later validation. Default: they are rejected. */
  passNonFinite?: boolean;
  /** Receives the first frame that is refused for each reason. */
  onRefused?: OnRefused;
}

export interface FrameCounts extends DecoderCounts {
  /** Of `damaged`: data between two delimiters whose length is not that of a frame with these fields. */
  wrongLength: number;
  /**
   * Bytes of the latest of these, before stuffing. If they are all equal and no sample arrives, the fields are wrong.
   */
  latestWrongLength: number;
  /** Frames that repeated the frame before (same sequence, milliseconds and checksum) and were ignored. */
  duplicates: number;
  /** Times the device restarted, seen by a step back of its clock or its sequence numbers. */
  restarts: number;
}

export interface FrameDecoder extends Decoder {
  readonly counts: Readonly<FrameCounts>;
}

/** Returns the bytes of a frame with these fields, before stuffing. */
export function frameBytes(fields: readonly Field[], options: FrameOptions = {}): number {
  return headerBytes + packedBytes(fields) + (options.crc ?? 16) / 8;
}

export interface FrameEncoder {
  /** Bytes that `encode` needs in its target, with the delimiter. */
  readonly maximumBytes: number;
  /**
   * Writes one frame and its delimiter to `target` from `at` on.
   *
   * @param values the sample, [fields]; integers are stored as the nearest raw value
   * @param sequence sequence number, sent modulo 2^16
   * @param milliseconds the sender's clock, sent modulo 2^32
   * @returns the index after the last byte written
   * @throws RivuletError when a value does not fit its field's type; nothing is written then
   */
  encode(
    values: ArrayLike<number>,
    sequence: number,
    milliseconds: number,
    target: Uint8Array,
    at: number,
  ): number;
}

/** Creates an encoder of frames, for tests, simulations and senders written in JavaScript. */
export function createFrameEncoder(fields: readonly Field[], options: FrameOptions = {}): FrameEncoder {
  const { stuffing = cobs } = options;
  const crc = createFrameCrc(options.crc ?? 16);
  const frame = new Uint8Array(frameBytes(fields, options));
  const view = new DataView(frame.buffer);
  frame[0] = sampleFrame;
  return {
    maximumBytes: stuffing.maximumEncodedBytes(frame.length) + 1,
    encode(values, sequence, milliseconds, target, at) {
      if (values.length !== fields.length) {
        throw new RivuletError(
          "argument.bad-value",
          `found a sample of ${values.length} values, expected ${fields.length}; give one value for each field`,
        );
      }
      view.setUint16(2, sequence, true);
      view.setUint32(4, milliseconds, true);
      let fieldAt = headerBytes;
      for (let index = 0; index < fields.length; index++) {
        writeField(view, fieldAt, fields[index], values[index]);
        fieldAt += fieldBytes[fields[index].type];
      }
      return sealFrame(crc, stuffing, frame, view, target, at);
    },
  };
}

/**
 * Writes the checksum to the end of a frame, and the frame with its delimiter to `target` from `at` on.
 *
 * @param frame from its type to its checksum, and `view` on the same bytes
 * @returns the index after the last byte written
 */
export function sealFrame(
  crc: Crc,
  stuffing: Stuffing,
  frame: Uint8Array,
  view: DataView,
  target: Uint8Array,
  at: number,
): number {
  const { width } = crc.parameters;
  const crcAt = frame.length - width / 8;
  const value = checksum(crc, frame, 0, crcAt);
  if (width === 16) view.setUint16(crcAt, value, true);
  else view.setInt32(crcAt, value, true);
  const end = stuffing.encode(frame, 0, frame.length, target, at);
  target[end] = stuffing.delimiter;
  return end + 1;
}

function writeField(view: DataView, at: number, field: Field, value: number): void {
  let raw = (value - field.offset) / field.scale;
  const range = integerRange[field.type];
  if (range !== undefined) {
    raw = Math.round(raw);
    if (!(raw >= range[0] && raw <= range[1])) {
      throw new RivuletError(
        "sample.bad-value",
        `the value ${value} of field "${field.name}" does not fit ${field.type}: as a raw number it is ${raw}, ` +
          `and ${range[0]} to ${range[1]} can be sent`,
      );
    }
  }
  writeRaw(view, at, field.type, raw);
}

/**
 * Creates a decoder of frames. Everything between two delimiters (zeros, with COBS) is exactly one of: nothing
 * (delimiters in a row are harmless), a sample, a duplicate, rejected for a value that is not finite, or damaged. A
 * frame counts as damaged when its stuffing, its length, its type, its reserved byte or its checksum is wrong; a
 * stretch longer than a frame can be is skipped to the next delimiter and never stored. Garbage before the first
 * delimiter is one damaged frame; a stream that begins with a delimiter or a frame counts nothing.
 *
 * Sequence numbers, 16 bits that wrap around:
 * - the first frame, and the first after `reset()`, sets the count and proves nothing missing: what was sent while
 *   the port was closed is not a fault of the line;
 * - a step of n ahead, below 32,768, means n - 1 missing; after a longer gap the number is a lower bound;
 * - the device's milliseconds going back (their wrap after 49.7 days does not count), or the sequence standing still or
 *   stepping 32,768 or more, which is a step back, means that the device restarted: nothing is missing and
 *   counting goes on from there;
 * - a frame that repeats sequence, milliseconds and checksum of the one before is a duplicate.
 *
 * The milliseconds are passed on with their wraps added, so that they rise until the device restarts; then they start
 * again. They continue over a `reset()` too, unless they went back meanwhile.
 *
 * @param fields what a frame holds, in order
 * @param ring takes the samples; its width must be the number of fields
 */
export function createFrameDecoder(
  fields: readonly Field[],
  ring: SampleRing,
  options: FrameDecoderOptions = {},
): FrameDecoder {
  if (ring.width !== fields.length) {
    throw new RivuletError(
      "argument.bad-value",
      `found a ring of width ${ring.width}, expected the number of fields, ${fields.length}; create it with that width`,
    );
  }
  return new RingFrameDecoder(fields, ring, options);
}

/** Numbers for the field types, so that the inner loop switches on small integers. */
const typeCodes: Record<FieldType, number> = { f32: 0, f64: 1, i8: 2, u8: 3, i16: 4, u16: 5, i32: 6, u32: 7 };

class RingFrameDecoder implements FrameDecoder, StretchReader {
  readonly counts: FrameCounts = {
    bytes: 0,
    samples: 0,
    damaged: 0,
    rejected: 0,
    missing: 0,
    wrongLength: 0,
    latestWrongLength: 0,
    duplicates: 0,
    restarts: 0,
  };
  readonly #ring: SampleRing;
  readonly #passNonFinite: boolean;
  readonly #crc: Crc;
  readonly #crcBytes: number;
  readonly #stuffing: Stuffing;
  readonly #splitter: Splitter;
  /** Per field, [fields]. */
  readonly #types: Uint8Array;
  readonly #scales: Float64Array;
  readonly #offsets: Float64Array;
  /** The frame before stuffing. It has one byte more than a frame, so that a longer one is noticed and refused. */
  readonly #frame: Uint8Array;
  readonly #view: DataView;
  readonly #expectedBytes: number;
  readonly #rowBytes: number;
  /** Sequence number of the latest sample, -1 when there is none to compare with. */
  #sequence = -1;
  /** That of the first sample of its frame. */
  #firstSequence = -1;
  /** Samples of the frame being read that are not in the ring yet, and the next of them. */
  #rows = 0;
  #row = 0;
  /** Microseconds between two samples of that frame. */
  #interval = 0;
  /** Milliseconds and checksum of the frame before. An array, because V8 would box large numbers on every store. */
  readonly #before = new Int32Array(2);
  /** The device's milliseconds in the frame before, including wraps. */
  readonly #deviceTime = new Float64Array(1);
  readonly #refusals: Refusals;
  /** Bytes of a frame of one sample as it is sent, without the delimiter; -1 where that depends on its bytes. */
  readonly #encodedBytes: number;

  constructor(fields: readonly Field[], ring: SampleRing, options: FrameDecoderOptions) {
    const { crc: crcBits = 16, stuffing = cobs, passNonFinite = false } = options;
    this.#ring = ring;
    this.#passNonFinite = passNonFinite;
    this.#crc = createFrameCrc(crcBits);
    this.#crcBytes = crcBits / 8;
    this.#stuffing = stuffing;
    this.#types = Uint8Array.from(fields, (field) => typeCodes[field.type]);
    this.#scales = Float64Array.from(fields, (field) => field.scale);
    this.#offsets = Float64Array.from(fields, (field) => field.offset);
    this.#expectedBytes = frameBytes(fields, options);
    this.#rowBytes = packedBytes(fields);
    const rows = Math.min(mostRows, Math.floor(longestRowsFrame / this.#rowBytes));
    const longest = Math.max(
      this.#expectedBytes,
      this.#expectedBytes + intervalBytes + (rows - 1) * this.#rowBytes,
    );
    // One byte more than the encoding needs: some encoders close a full last block with an empty one.
    this.#splitter = new Splitter(stuffing.delimiter, stuffing.maximumEncodedBytes(longest) + 1);
    this.#frame = new Uint8Array(this.#splitter.longestBytes);
    this.#view = new DataView(this.#frame.buffer);
    this.#encodedBytes = stuffing.hasFixedLength ? stuffing.maximumEncodedBytes(this.#expectedBytes) : -1;
    const reasons = frameReasons(stuffing, this.#expectedBytes, this.#crcBytes);
    this.#refusals = new Refusals(reasons, options.onRefused);
  }

  decode(chunk: Uint8Array, start: number, end: number, time: number): number {
    let at = start;
    if (this.#rows > 0) {
      // The delimiter of a frame counts as consumed once all of its samples are in the ring.
      if (!this.#passRows(time)) return start;
      at++;
    }
    at = this.#splitter.split(chunk, at, end, this.#ring, this, time);
    if (this.#rows > 0) at--;
    this.counts.bytes += at - start;
    return at;
  }

  reset(): void {
    this.#rows = 0;
    if (this.#splitter.reset()) this.counts.damaged++;
    this.#sequence = -1;
  }

  noticeLength(bytes: Uint8Array, length: number): void {
    this.#refusals.report(refusedLength, bytes, 0, length);
  }

  refused(): RefusedCount[] {
    return this.#refusals.counts();
  }

  get unfinished() {
    return { bytes: this.#splitter.unfinishedBytes, most: this.#splitter.longestBytes };
  }

  /** A whole frame of one sample: no search for its end is needed, since its length is known. */
  readAhead(bytes: Uint8Array, start: number, end: number, slot: number, time: number): number {
    const { delimiter } = this.#stuffing;
    const ending = start + this.#encodedBytes;
    if (ending < start || ending >= end || bytes[ending] !== delimiter) return -1;
    if (this.#stuffing.decode(bytes, start, ending, this.#frame, 0) !== this.#expectedBytes) return -1;
    this.#takeSample(bytes, start, ending, slot, time);
    return ending;
  }

  readStretch(bytes: Uint8Array, start: number, end: number, slot: number, time: number): void {
    if (start === end) return;
    const counts = this.counts;
    const frame = this.#frame;
    const expectedBytes = this.#expectedBytes;
    const stuffing = this.#stuffing;
    const length = end - start;
    const decoded = length > frame.length ? -1 : stuffing.decode(bytes, start, end, frame, 0);
    if (decoded > expectedBytes && frame[0] === rowsFrame) {
      this.#takeRows(bytes, start, end, decoded, time);
      return;
    }
    if (decoded !== expectedBytes) {
      counts.damaged++;
      const plainBytes = stuffing.plainBytes(length, decoded);
      if (plainBytes !== expectedBytes) {
        counts.wrongLength++;
        counts.latestWrongLength = plainBytes;
      }
      this.#refusals.add(plainBytes === expectedBytes ? refusedStuffing : refusedLength, bytes, start, end);
      return;
    }
    this.#takeSample(bytes, start, end, slot, time);
  }

  /** Reads the frame of one sample that was decoded from `bytes[start..end)`, if it is good. */
  #takeSample(bytes: Uint8Array, start: number, end: number, slot: number, time: number): void {
    const counts = this.counts;
    const frame = this.#frame;
    const view = this.#view;
    const crcAt = this.#expectedBytes - this.#crcBytes;
    const sum = checksum(this.#crc, frame, 0, crcAt);
    const sent = this.#crcBytes === 2 ? view.getUint16(crcAt, true) : view.getInt32(crcAt, true);
    if (sum !== sent || frame[0] !== sampleFrame || frame[1] !== 0) {
      counts.damaged++;
      this.#refusals.add(sum === sent ? refusedType : refusedChecksum, bytes, start, end);
      return;
    }
    if (!this.#follow(view.getUint16(2, true), view.getInt32(4, true), sum, 1)) {
      counts.duplicates++;
      return;
    }
    if (!this.#readFields(slot, headerBytes) && !this.#passNonFinite) {
      counts.rejected++;
      this.#refusals.add(refusedNotFinite, bytes, start, end);
      return;
    }
    const ring = this.#ring;
    ring.deviceTimes[ring.slot] = this.#deviceTime[0];
    ring.commit(time, view.getUint16(2, true));
    counts.samples++;
  }

  /** Begins to read the samples of a frame of several, whose stretch was `bytes[start..end)`, if it is good. */
  #takeRows(bytes: Uint8Array, start: number, end: number, length: number, time: number): void {
    const counts = this.counts;
    const frame = this.#frame;
    const view = this.#view;
    const rows = frame[1];
    const crcAt = length - this.#crcBytes;
    if (rows === 0 || crcAt !== headerBytes + intervalBytes + rows * this.#rowBytes) {
      counts.damaged++;
      counts.wrongLength++;
      counts.latestWrongLength = length;
      this.#refusals.add(refusedLength, bytes, start, end);
      return;
    }
    const sum = checksum(this.#crc, frame, 0, crcAt);
    const sent = this.#crcBytes === 2 ? view.getUint16(crcAt, true) : view.getInt32(crcAt, true);
    if (sum !== sent) {
      counts.damaged++;
      this.#refusals.add(refusedChecksum, bytes, start, end);
      return;
    }
    if (!this.#follow(view.getUint16(2, true), view.getInt32(4, true), sum, rows)) {
      counts.duplicates++;
      return;
    }
    this.#interval = view.getUint16(headerBytes, true);
    this.#rows = rows;
    this.#row = 0;
    this.#passRows(time);
  }

  /** Passes on the samples of a frame, for as long as the ring has room; returns whether all are passed on. */
  #passRows(time: number): boolean {
    const ring = this.#ring;
    const counts = this.counts;
    for (; this.#row < this.#rows; this.#row++) {
      const slot = ring.reserve();
      if (slot < 0) return false;
      if (
        !this.#readFields(slot, headerBytes + intervalBytes + this.#row * this.#rowBytes) &&
        !this.#passNonFinite
      ) {
        counts.rejected++;
        continue;
      }
      ring.deviceTimes[ring.slot] = this.#deviceTime[0] + (this.#row * this.#interval) / 1000;
      ring.commit(time, (this.#firstSequence + this.#row) & 0xffff);
      counts.samples++;
    }
    this.#rows = 0;
    return true;
  }

  /** Counts missing frames and restarts before a good frame; returns false when it repeats the frame before. */
  #follow(sequence: number, milliseconds: number, sum: number, samples: number): boolean {
    const counts = this.counts;
    const before = this.#before;
    const deviceTime = this.#deviceTime;
    // The difference of the wrapping clocks, as a signed number: negative when time went back.
    const elapsed = (milliseconds - before[0]) | 0;
    let goesOn = elapsed >= 0;
    if (this.#sequence >= 0) {
      const step = (sequence - this.#sequence) & 0xffff;
      if (sequence === this.#firstSequence && elapsed === 0 && sum === before[1]) return false;
      goesOn &&= step > 0 && step < 0x8000;
      if (goesOn) counts.missing += step - 1;
      else counts.restarts++;
    }
    deviceTime[0] = goesOn ? deviceTime[0] + elapsed : milliseconds >>> 0;
    this.#firstSequence = sequence;
    this.#sequence = (sequence + samples - 1) & 0xffff;
    before[0] = milliseconds;
    before[1] = sum;
    return true;
  }

  /** Unpacks the fields into the slot; returns false when one of them is not finite. */
  #readFields(slot: number, start: number): boolean {
    const view = this.#view;
    const types = this.#types;
    const scales = this.#scales;
    const offsets = this.#offsets;
    const values = this.#ring.values;
    const fields = types.length;
    let at = start;
    let finite = true;
    for (let field = 0; field < fields; field++) {
      let raw: number;
      switch (types[field]) {
        case 0:
          raw = view.getFloat32(at, true);
          at += 4;
          break;
        case 1:
          raw = view.getFloat64(at, true);
          at += 8;
          break;
        case 2:
          raw = view.getInt8(at);
          at += 1;
          break;
        case 3:
          raw = view.getUint8(at);
          at += 1;
          break;
        case 4:
          raw = view.getInt16(at, true);
          at += 2;
          break;
        case 5:
          raw = view.getUint16(at, true);
          at += 2;
          break;
        case 6:
          raw = view.getInt32(at, true);
          at += 4;
          break;
        default:
          raw = view.getUint32(at, true);
          at += 4;
      }
      const value = raw * scales[field] + offsets[field];
      values[slot + field] = value;
      // Infinity minus itself is NaN, and NaN is not equal to itself.
      if (value - value !== 0) finite = false;
    }
    return finite;
  }
}

/** Creates the CRC of frames. @throws RivuletError when it has not 16 or 32 bits */
export function createFrameCrc(bits: 16 | 32): Crc {
  if (bits !== 16 && bits !== 32) {
    throw new RivuletError(
      "argument.bad-value",
      `found a checksum of ${bits} bits, expected 16 or 32; set crc to one of them`,
    );
  }
  return createCrc(bits === 16 ? crc16CcittFalse : crc32IsoHdlc);
}
