/**
 * A recording: samples in the order in which they arrived, as a stream of plain MessagePack values. First a map,
 *
 *     { format: "rivulet-recording", version: 1, headerBytes, name, createdAt, source, fields, block, crc32 }
 *
 * where a field whose values are classes has their names, in order, as `classes`;
 * then blocks, each an array of the parts that `block` names, and in version 2 blocks of events (see events.ts):
 *
 *     "RVLB"       a mark, by which a reader finds the next block after a damaged one
 *     samples      number of samples
 *     time         of the first one, milliseconds since the epoch
 *     sequence     number of the first one
 *     times        u16 each: milliseconds since the first one
 *     sequences    i32 each: number minus the first one's; empty where each is one more than the one before
 *     deviceTimes  the device's own milliseconds: u32 each, or f64 each where one is beyond that, 49.7 days; empty where
 *                  it sends none
 *     encodings    a byte a field: 1 for the field's own type, of which raw * scale + offset is the value; 0 for f64
 *     values       all of the first field, then all of the second, and so on
 *     crc32        of the block's bytes before this part
 *
 * Binary parts are little-endian. A field is stored as its own type if that restores every value bit for bit, else as
 * f64. Numbers and lengths in a block always use their widest form, so that the offsets of parts follow from the
 * lengths. Every length is checked against the number of samples before it is used. A block is written in one piece, so
 * a power cut leaves complete blocks and at most one incomplete block.
 */
import { pack, unpack } from "../checkpoint/messagepack.ts";
import { CheckpointError, RivuletError } from "../errors/errors.ts";
import { checksum, crc32IsoHdlc, createCrc } from "../samples/decoding/crc.ts";
import {
  defineFields,
  type Field,
  type FieldDescription,
  type FieldType,
  fieldBytes,
  integerRange,
  readRaw,
  writeRaw,
} from "../samples/decoding/fields.ts";
import { eventMark } from "./events.ts";

/** Header of a recording. */
export interface RecordingHeader {
  name: string;
  /** ISO 8601. */
  createdAt: string;
  /** Source of the samples, in words. */
  source: string;
  fields: Field[];
  /** Whether there may be events between the samples. Default false. */
  hasEvents?: boolean;
}

const format = "rivulet-recording";
/** Of a recording that may hold events; one of samples alone is of version 1, which older readers take. */
const version = 2;
const parts = [
  ...["mark", "samples", "time", "sequence", "times", "sequences", "deviceTimes", "encodings", "values"],
  "crc32",
];

/** The bytes that all headers have after their first byte (the number of keys): the key "format" and its value. */
const beginning = Buffer.from(`\xa6format\xb1${format}`, "latin1");
const versionAt = 34;
const headerBytesAt = 48;
/** Bytes of a header that are needed to know its length. */
export const headerStartBytes = headerBytesAt + 4;
/** Longest header: room for ten thousand fields with long names. */
const longestHeaderBytes = 1 << 20;

/** The array of ten parts, and the mark. */
const mark = Uint8Array.of(0x9a, 0xa4, 0x52, 0x56, 0x4c, 0x42);
export const markBytes = mark.length;
const samplesAt = markBytes;
const timeAt = samplesAt + 5;
const sequenceAt = timeAt + 9;
/** Offset of the first binary part, with its type and its length. */
const binaryAt = sequenceAt + 9;
const binaryHeadBytes = 5;
const crcBytes = 5;
const uint32 = 0xce;
const float64 = 0xcb;
const binary32 = 0xc6;

export const mostSamplesInBlock = 4096;
/** Most bytes of values in a block, because a reader holds a whole block. */
export const largestValuesBytes = 1 << 24;
const longestTimeOffset = 0xffff;

const crc = createCrc(crc32IsoHdlc);
const crcOf = (bytes: Uint8Array, start: number, end: number) => checksum(crc, bytes, start, end) >>> 0;

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Whether a file with these first bytes is a recording, of any version; also for an incomplete file. */
export function isRecording(bytes: Uint8Array, end = bytes.length): boolean {
  const compared = Math.min(end, 1 + beginning.length);
  if (compared < 2 || bytes[0] >> 4 !== 8) return false;
  for (let at = 1; at < compared; at++) if (bytes[at] !== beginning[at - 1]) return false;
  return true;
}

/** Encodes the header of a recording. @throws RivuletError when it has too many fields, or their names are too long */
export function encodeHeader({
  name,
  createdAt,
  source,
  fields,
  hasEvents = false,
}: RecordingHeader): Uint8Array {
  const inFull = 0xffffffff; // packed as 32 bits, which are replaced below
  const message = Buffer.concat(
    pack({
      format,
      version: hasEvents ? version : 1,
      headerBytes: inFull,
      name,
      createdAt,
      source,
      fields: fields.map(({ name, type, scale, offset, classes }) => ({
        ...{ name, type, scale, offset },
        ...(classes === undefined ? {} : { classes: [...classes] }),
      })),
      block: parts,
      crc32: inFull,
    }),
  );
  if (message.length > longestHeaderBytes) {
    throw new RivuletError(
      "recording.too-large",
      `the header of a recording of ${fields.length} fields has ${message.length} bytes, expected at most ${longestHeaderBytes}; shorten their names`,
    );
  }
  const view = viewOf(message);
  view.setUint32(headerBytesAt, message.length);
  view.setUint32(message.length - 4, crcOf(message, 0, message.length - 4));
  return message;
}

/**
 * Returns the length in bytes of a recording's header, from its first `headerStartBytes` bytes.
 * @throws RivuletError when this is not a recording, or one of a newer version
 */
export function headerLength(bytes: Uint8Array, where: string): number {
  if (!isRecording(bytes, headerStartBytes)) {
    throw new RivuletError(
      "recording.damaged",
      `${where} is not a recording, or its beginning is damaged; use an undamaged copy`,
    );
  }
  if (bytes[versionAt] > version && bytes[versionAt] < 0x80) {
    throw new RivuletError(
      "recording.newer-version",
      `${where} is a recording of version ${bytes[versionAt]}, expected at most ${version}; update Rivulet`,
    );
  }
  const length = viewOf(bytes).getUint32(headerBytesAt);
  if (length <= headerStartBytes || length > longestHeaderBytes) throw damagedHeader(where);
  return length;
}

const damagedHeader = (where: string) =>
  new RivuletError(
    "recording.damaged",
    `${where} is a recording with a damaged header, so its samples cannot be decoded; use an undamaged copy`,
  );

/** Decodes the header of a recording. @throws RivuletError when the header is damaged */
export function decodeHeader(bytes: Uint8Array, where: string): RecordingHeader {
  const tailAt = bytes.length - 4;
  if (viewOf(bytes).getUint32(tailAt) !== crcOf(bytes, 0, tailAt)) throw damagedHeader(where);
  try {
    const header = unpack(bytes, where) as unknown as RecordingHeader;
    for (const { classes } of header.fields) {
      if (classes !== undefined && !areNames(classes)) throw damagedHeader(where);
    }
    const hasEvents = (header as unknown as { version: number }).version > 1;
    return {
      ...header,
      hasEvents,
      fields: defineFields(header.fields as FieldDescription[], `fields of ${where}`),
    };
  } catch (error) {
    if (error instanceof CheckpointError || error instanceof TypeError) throw damagedHeader(where);
    throw error;
  }
}

const areNames = (names: unknown): boolean =>
  Array.isArray(names) && names.every((name) => typeof name === "string");

/** Collects samples in memory that is allocated once, and encodes them as blocks. */
export class BlockEncoder {
  readonly #fields: readonly Field[];
  readonly #capacity: number;
  /** [fields, capacity] */
  readonly #values: Float64Array;
  readonly #times: Float64Array;
  readonly #sequences: Float64Array;
  readonly #deviceTimes: Float64Array;
  #samples = 0;

  constructor(fields: readonly Field[], capacity = blockCapacity(fields.length)) {
    this.#fields = fields;
    this.#capacity = capacity;
    this.#values = new Float64Array(fields.length * capacity);
    this.#times = new Float64Array(capacity);
    this.#sequences = new Float64Array(capacity);
    this.#deviceTimes = new Float64Array(capacity);
  }

  get samples(): number {
    return this.#samples;
  }

  /**
   * Adds the sample at `offset` of `values`. Returns false where it needs a new block: this one is full, or a
   * difference to its first sample is too large to encode. `deviceTime` is NaN where there is none.
   */
  add(values: Float64Array, offset: number, time: number, sequence: number, deviceTime: number): boolean {
    const at = this.#samples;
    const capacity = this.#capacity;
    if (at === capacity) return false;
    if (at > 0) {
      const elapsed = time - this.#times[0];
      const ahead = sequence - this.#sequences[0];
      if (!(elapsed >= 0 && elapsed <= longestTimeOffset) || !Number.isInteger(elapsed)) return false;
      if (!Object.is(after(this.#times[0], elapsed), time)) return false;
      if ((ahead | 0) !== ahead || !Object.is(after(this.#sequences[0], ahead), sequence)) return false;
      if (isDeviceTime(deviceTime) !== isDeviceTime(this.#deviceTimes[0])) return false;
    }
    const store = this.#values;
    const fields = this.#fields.length;
    for (let field = 0; field < fields; field++) store[field * capacity + at] = values[offset + field];
    this.#times[at] = time;
    this.#sequences[at] = sequence;
    this.#deviceTimes[at] = deviceTime;
    this.#samples = at + 1;
    return true;
  }

  /** Returns a block of all samples added since the last block, in new memory. */
  take(): Uint8Array {
    const samples = this.#samples;
    const encodings = this.#fields.map((field, index) => this.#encodingOf(field, index));
    const isCounting = this.#isCounting();
    const timeBytes = this.#deviceTimeBytes();
    const lengths = partLengths(this.#fields, encodings, samples, isCounting, timeBytes);
    const total = lengths.reduce((sum, length) => sum + binaryHeadBytes + length, binaryAt + crcBytes);
    const block = new Uint8Array(total);
    const view = viewOf(block);
    block.set(mark);
    block[samplesAt] = uint32;
    view.setUint32(samplesAt + 1, samples);
    block[timeAt] = float64;
    view.setFloat64(timeAt + 1, this.#times[0]);
    block[sequenceAt] = float64;
    view.setFloat64(sequenceAt + 1, this.#sequences[0]);
    let at = binaryAt;
    const begin = (length: number) => {
      block[at] = binary32;
      view.setUint32(at + 1, length);
      at += binaryHeadBytes;
    };
    const [times, sequences, deviceTimes, encodingBytes, values] = lengths;
    begin(times);
    for (let i = 0; i < samples; i++, at += 2) view.setUint16(at, this.#times[i] - this.#times[0], true);
    begin(sequences);
    if (sequences > 0) {
      for (let i = 0; i < samples; i++, at += 4) {
        view.setInt32(at, this.#sequences[i] - this.#sequences[0], true);
      }
    }
    begin(deviceTimes);
    if (deviceTimes > 0) {
      for (let i = 0; i < samples; i++, at += timeBytes) {
        if (timeBytes === 4) view.setUint32(at, this.#deviceTimes[i], true);
        else view.setFloat64(at, this.#deviceTimes[i], true);
      }
    }
    begin(encodingBytes);
    for (const encoding of encodings) block[at++] = encoding;
    begin(values);
    for (let field = 0; field < encodings.length; field++) at = this.#writeColumn(view, at, field, encodings);
    block[at] = uint32;
    view.setUint32(at + 1, crcOf(block, 0, at));
    this.#samples = 0;
    return block;
  }

  /** Bytes of each device time. */
  #deviceTimeBytes(): 0 | 4 | 8 {
    let bytes: 0 | 4 | 8 = 0;
    for (let i = 0; i < this.#samples; i++) {
      const time = this.#deviceTimes[i];
      if (!isDeviceTime(time)) return 0;
      if (time > 0xffffffff) bytes = 8;
      else if (bytes === 0) bytes = 4;
    }
    return bytes;
  }

  #isCounting(): boolean {
    for (let i = 1; i < this.#samples; i++) {
      if (this.#sequences[i] !== after(this.#sequences[0], i)) return false;
    }
    return true;
  }

  /** Returns the field's own type if it restores every value of the column, else f64. */
  #encodingOf(field: Field, index: number): number {
    if (field.type === "f64") return asDouble;
    const first = index * this.#capacity;
    for (let i = 0; i < this.#samples; i++) {
      const value = this.#values[first + i];
      const raw = rawOf(field, value);
      if (Number.isNaN(raw) || !Object.is(raw * field.scale + field.offset, value)) return asDouble;
    }
    return asFieldType;
  }

  #writeColumn(view: DataView, start: number, index: number, encodings: readonly number[]): number {
    const field = this.#fields[index];
    const type = encodings[index] === asDouble ? "f64" : field.type;
    const first = index * this.#capacity;
    let at = start;
    for (let i = 0; i < this.#samples; i++, at += fieldBytes[type]) {
      const value = this.#values[first + i];
      writeRaw(view, at, type, encodings[index] === asDouble ? value : rawOf(field, value));
    }
    return at;
  }
}

const asDouble = 0;
const asFieldType = 1;

/** A block has at most a quarter of a megabyte, or one sample. */
function blockCapacity(fields: number): number {
  return Math.max(1, Math.min(mostSamplesInBlock, Math.floor(2 ** 18 / (8 * fields + 10))));
}

/** Adding 0 to -0 would give 0. */
const after = (first: number, difference: number) => (difference === 0 ? first : first + difference);

const isDeviceTime = (time: number) => Number.isSafeInteger(time) && time >= 0 && !Object.is(time, -0);

/** Returns the raw number of a field's type for a value, NaN if there is none. */
function rawOf({ type, scale, offset }: Field, value: number): number {
  const raw = (value - offset) / scale;
  const range = integerRange[type];
  if (range === undefined) return Math.fround(raw);
  const whole = Math.round(raw);
  return whole >= range[0] && whole <= range[1] ? whole : Number.NaN;
}

/** Bytes of times, sequences, deviceTimes, encodings and values. */
function partLengths(
  fields: readonly Field[],
  encodings: ArrayLike<number>,
  samples: number,
  isCounting: boolean,
  deviceTimeBytes: number,
): number[] {
  let width = 0;
  for (let field = 0; field < fields.length; field++) {
    width += encodings[field] === asFieldType ? fieldBytes[fields[field].type] : fieldBytes.f64;
  }
  return [
    2 * samples,
    isCounting ? 0 : 4 * samples,
    deviceTimeBytes * samples,
    fields.length,
    width * samples,
  ];
}

/** Offsets of the parts of a complete block. */
interface BlockPlaces {
  samples: number;
  times: number;
  /** -1 where each number is one more than the one before. */
  sequences: number;
  /** -1 where the device sends none. */
  deviceTimes: number;
  deviceTimeBytes: number;
  /** Place and encoding of each field's column, [fields]. */
  columns: { at: number; type: FieldType; scale: number; offset: number }[];
  /** Bytes of the block. */
  length: number;
}

/** What bytes begin with: a block that needs more bytes, no block, or a complete one. */
export type BlockFinding = { needs: number } | "damaged" | BlockPlaces;

/**
 * Checks for a block at the beginning of the first `end` bytes. No length is used before it agrees with the number of
 * samples and the fields, so the bytes that a block `needs` are bounded.
 */
export function findBlock(bytes: Uint8Array, end: number, fields: readonly Field[]): BlockFinding {
  for (let at = 0; at < Math.min(end, markBytes); at++) if (bytes[at] !== mark[at]) return "damaged";
  if (end < binaryAt) return { needs: binaryAt };
  const view = viewOf(bytes);
  const samples = view.getUint32(samplesAt + 1);
  if (bytes[samplesAt] !== uint32 || bytes[timeAt] !== float64 || bytes[sequenceAt] !== float64) {
    return "damaged";
  }
  if (samples < 1 || samples > mostSamplesInBlock) return "damaged";
  const starts: number[] = [];
  const lengths: number[] = [];
  let allowed: readonly (readonly number[])[] = [
    [2 * samples],
    [0, 4 * samples],
    [0, 4 * samples, 8 * samples],
    [fields.length],
  ];
  let at = binaryAt;
  for (let part = 0; part < 5; part++) {
    if (part === 4) {
      const encodings = bytes.subarray(starts[3], starts[3] + fields.length);
      if (encodings.some((encoding) => encoding > asFieldType)) return "damaged";
      const valuesBytes = partLengths(fields, encodings, samples, true, 0)[4];
      if (valuesBytes > largestValuesBytes) return "damaged";
      allowed = [...allowed, [valuesBytes]];
    }
    if (end < at + binaryHeadBytes) return { needs: at + binaryHeadBytes };
    const length = view.getUint32(at + 1);
    if (bytes[at] !== binary32 || !allowed[part].includes(length)) return "damaged";
    starts.push(at + binaryHeadBytes);
    lengths.push(length);
    at += binaryHeadBytes + length;
    if (part === 3 && end < at) return { needs: at };
  }
  if (end < at + crcBytes) return { needs: at + crcBytes };
  if (bytes[at] !== uint32 || view.getUint32(at + 1) !== crcOf(bytes, 0, at)) return "damaged";
  return {
    samples,
    times: starts[0],
    sequences: lengths[1] === 0 ? -1 : starts[1],
    deviceTimes: lengths[2] === 0 ? -1 : starts[2],
    deviceTimeBytes: lengths[2] / samples,
    columns: columnsOf(fields, bytes.subarray(starts[3]), starts[4], samples),
    length: at + crcBytes,
  };
}

/** The places of columns that follow each other from `at` on; `encodings` says which are as the device sent them. */
function columnsOf(
  fields: readonly Field[],
  encodings: Uint8Array,
  at: number,
  samples: number,
): BlockPlaces["columns"] {
  let next = at;
  return fields.map((field, index) => {
    const isOwn = encodings[index] === asFieldType;
    const column = {
      at: next,
      type: isOwn ? field.type : ("f64" as const),
      scale: isOwn ? field.scale : 1,
      // Not 0, which added to -0 gives 0.
      offset: isOwn ? field.offset : -0,
    };
    next += samples * fieldBytes[column.type];
    return column;
  });
}

/** Reads the samples of one complete block. */
export class BlockReader {
  readonly #places: BlockPlaces;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, places: BlockPlaces) {
    this.#places = places;
    this.#view = viewOf(bytes);
  }

  get samples(): number {
    return this.#places.samples;
  }

  value(field: number, sample: number): number {
    const { at, type, scale, offset } = this.#places.columns[field];
    return readRaw(this.#view, at + sample * fieldBytes[type], type) * scale + offset;
  }

  time(sample: number): number {
    const elapsed = this.#view.getUint16(this.#places.times + 2 * sample, true);
    return after(this.#view.getFloat64(timeAt + 1), elapsed);
  }

  sequence(sample: number): number {
    const { sequences } = this.#places;
    const ahead = sequences < 0 ? sample : this.#view.getInt32(sequences + 4 * sample, true);
    return after(this.#view.getFloat64(sequenceAt + 1), ahead);
  }

  deviceTime(sample: number): number {
    const { deviceTimes, deviceTimeBytes } = this.#places;
    if (deviceTimes < 0) return Number.NaN;
    const at = deviceTimes + deviceTimeBytes * sample;
    return deviceTimeBytes === 4 ? this.#view.getUint32(at, true) : this.#view.getFloat64(at, true);
  }
}

/** Returns the first index from `from` on where a mark begins, or may begin at the end of the bytes; else `end`. */
export function findMark(bytes: Uint8Array, from: number, end: number): number {
  for (let at = from; at < end; at++)
    if (isMarked(bytes, at, end, mark) || isMarked(bytes, at, end, eventMark)) return at;
  return end;
}

/** Whether a mark begins at `at`, or its beginning is all that is there. */
function isMarked(bytes: Uint8Array, at: number, end: number, mark: Uint8Array): boolean {
  const compared = Math.min(mark.length, end - at);
  for (let i = 0; i < compared; i++) if (bytes[at + i] !== mark[i]) return false;
  return true;
}

/** Whether bytes begin as a block of events does, not as one of samples. */
export const startsEvents = (bytes: Uint8Array, end: number): boolean => end > 0 && bytes[0] === eventMark[0];
