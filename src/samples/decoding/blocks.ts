/**
 * Reads samples whose values come in several lines, by name: blocks between marks, telegrams, or lines that come in
 * turns. What a line means is for the format to say; this decoder makes samples of it.
 */
import type { SampleRing } from "../ring.ts";
import { isBlank, lineFeed } from "./ascii.ts";
import { BlockValues, incompleteBlock, noSuchField, wholeBlock } from "./block-values.ts";
import type { Decoder, DecoderCounts } from "./decoder.ts";
import type { Field } from "./fields.ts";
import { type OnRefused, type RefusalReason, Refusals, type RefusedCount } from "./refusals.ts";
import { Splitter, type StretchReader } from "./splitter.ts";

/** What a line of a block is. */
export const passedLine = 0;
/** It gives a value by name: `nameStart` and the others say where. */
export const pairLine = 1;
/** The first line of a block. */
export const beginLine = 2;
/** The last line of a block. */
export const endLine = 3;
/** The last line of a block whose checksum is wrong; or a line whose own is. */
export const damagedLine = 4;

/** The lines of a format. It holds the places of the latest name and value, so that nothing is allocated. */
export abstract class BlockFormat {
  /** The bytes that hold the name; null: those of the line. */
  name: Uint8Array | null = null;
  nameStart = 0;
  nameEnd = 0;
  valueStart = 0;
  valueEnd = 0;
  /** Takes a computed value: a function that returns a fractional number allocates on the heap. */
  readonly computed = new Float64Array(1);
  /**
   * No line begins or ends a block: each time the first of the fields comes, a block begins, and it ends as soon as each
   * field has a value.
   */
  abstract readonly takesTurns: boolean;
  /** A damaged line spoils the block that it belongs to; otherwise only itself. */
  readonly damageSpoils: boolean = true;
  /** Returns what the line `bytes[start..end)` is; its line feed is not part of it. */
  abstract readLine(bytes: Uint8Array, start: number, end: number): number;
  /** Moves on to the next pair of the same line; false where there is none. */
  next(_bytes: Uint8Array): boolean {
    return false;
  }
  /** Computes the value of the latest pair into `computed`; false where it is a number as written. */
  compute(_bytes: Uint8Array): boolean {
    return false;
  }
}

export interface BlockOptions {
  /** The stream begins where a block begins; otherwise what comes before the first whole block is passed over. */
  startsAtLine: boolean;
  /** Pass on samples with a value that is not finite, for later validation. */
  passNonFinite: boolean;
  onRefused?: OnRefused;
}

export interface BlockCounts extends DecoderCounts {
  /** Lines outside of blocks, and those that give no field. */
  passedOver: number;
  /** Blocks that were joined in their middle. */
  skipped: number;
}

const refusedIncomplete = 0;
const refusedNumber = 1;
const refusedChecksum = 2;
const refusedLength = 3;
const refusedNotFinite = 4;

const longestLineBytes = 1024;

/** Why a block is refused, by the numbers above. */
export function blockReasons(longest: number): RefusalReason[] {
  return [
    {
      name: "incomplete",
      words: "without all fields",
      what: "a block that lacks one of source.fields, and ends at",
    },
    {
      name: "notNumber",
      words: "with a value that is not a number",
      what: "a block with a value that is not a number",
    },
    {
      name: "checksum",
      words: "with a wrong checksum",
      what: "a block whose checksum is wrong, and ends at",
    },
    {
      name: "tooLong",
      words: "with a line too long",
      what: `a line of more than ${longest} bytes, or bytes without a line end`,
    },
    {
      name: "notFinite",
      words: "with a value that is not finite",
      what: "a block with a value that is not finite",
    },
  ];
}

/** Creates a decoder of blocks of lines. Lines end with `\n` or `\r\n`. */
export function createBlockDecoder(
  fields: readonly Field[],
  ring: SampleRing,
  format: BlockFormat,
  options: BlockOptions,
): Decoder & { readonly counts: Readonly<BlockCounts> } {
  return new RingBlockDecoder(fields, ring, format, options);
}

class RingBlockDecoder implements Decoder, StretchReader {
  readonly counts: BlockCounts = {
    ...{ bytes: 0, samples: 0, damaged: 0, rejected: 0, missing: 0 },
    ...{ passedOver: 0, skipped: 0 },
  };
  readonly #ring: SampleRing;
  readonly #format: BlockFormat;
  readonly #values: BlockValues;
  readonly #passNonFinite: boolean;
  readonly #splitter = new Splitter(lineFeed, longestLineBytes);
  readonly #refusals: Refusals;
  /** A block has begun. */
  #isOpen: boolean;
  /** A line of the block is damaged, for the reason of this number; -1: none is. */
  #damage = -1;

  constructor(fields: readonly Field[], ring: SampleRing, format: BlockFormat, options: BlockOptions) {
    this.#ring = ring;
    this.#format = format;
    this.#values = new BlockValues(fields, ring);
    this.#passNonFinite = options.passNonFinite;
    this.#isOpen = options.startsAtLine && !format.takesTurns;
    this.#refusals = new Refusals(blockReasons(longestLineBytes), options.onRefused);
  }

  decode(chunk: Uint8Array, start: number, end: number, time: number): number {
    const at = this.#splitter.split(chunk, start, end, this.#ring, this, time);
    this.counts.bytes += at - start;
    return at;
  }

  reset(): void {
    this.#splitter.reset();
    if (this.#isOpen) this.counts.skipped++;
    this.#isOpen = false;
  }

  refused(): RefusedCount[] {
    return this.#refusals.counts();
  }

  get unfinished() {
    return { bytes: this.#splitter.unfinishedBytes, most: longestLineBytes };
  }

  noticeLength(bytes: Uint8Array, length: number): void {
    this.#refusals.report(refusedLength, bytes, 0, length);
  }

  readStretch(bytes: Uint8Array, start: number, end: number, slot: number, time: number): void {
    if (end - start > longestLineBytes) {
      this.#spoil(refusedLength, bytes, start, Math.min(end, bytes.length));
      return;
    }
    const format = this.#format;
    if (this.#values.isEmpty) this.#values.place(slot);
    const role = format.readLine(bytes, start, end);
    let last = end;
    while (last > start && isBlank(bytes[last - 1])) last--;
    if (role === beginLine) {
      // A block without its end is not whole.
      if (this.#isOpen && !this.#values.isEmpty) this.#refuse(refusedIncomplete, bytes, start, last);
      this.#open();
    } else if (role === endLine || (role === damagedLine && format.damageSpoils)) {
      if (role === damagedLine && this.#isOpen) this.#damage = refusedChecksum;
      this.#close(bytes, start, last, time);
      // Where only ends are marked, the next block begins here.
      this.#open();
    } else if (role === damagedLine) {
      this.#refuse(refusedChecksum, bytes, start, last);
    } else if (role === pairLine) {
      do this.#readPair(bytes, start, last, time);
      while (format.next(bytes));
    } else {
      this.counts.passedOver++;
    }
  }

  #readPair(bytes: Uint8Array, lineStart: number, lineEnd: number, time: number): void {
    const format = this.#format;
    const values = this.#values;
    const field = values.find(format.name ?? bytes, format.nameStart, format.nameEnd);
    if (field === noSuchField) {
      this.counts.passedOver++;
      return;
    }
    if (format.takesTurns && field === 0) {
      if (this.#isOpen && !values.isEmpty) this.#close(bytes, lineStart, lineEnd, time);
      values.place(Math.max(0, this.#ring.reserve()));
      this.#open();
    }
    if (!this.#isOpen) return;
    // The slot of an open block is that of the ring: nothing else is written meanwhile.
    if (format.compute(bytes)) values.set(field, format.computed);
    else if (!values.read(bytes, format.valueStart, format.valueEnd, field)) {
      this.#spoil(refusedNumber, bytes, lineStart, lineEnd);
    }
    if (format.takesTurns && values.isFull) {
      this.#close(bytes, lineStart, lineEnd, time);
      this.#isOpen = false;
    }
  }

  #open(): void {
    this.#isOpen = true;
    this.#damage = -1;
    this.#values.begin();
  }

  /** Makes a sample of the block, or refuses it; the line is shown in the latter case. */
  #close(bytes: Uint8Array, start: number, end: number, time: number): void {
    const counts = this.counts;
    if (!this.#isOpen) {
      counts.skipped++;
      return;
    }
    if (this.#damage >= 0) {
      // It was reported where it was found, unless it is that of the whole block.
      counts.damaged++;
      if (this.#damage === refusedChecksum) this.#refusals.add(refusedChecksum, bytes, start, end);
      return;
    }
    // Two marks in a row hold nothing.
    if (this.#values.isEmpty) return;
    const outcome = this.#values.finish();
    if (outcome === wholeBlock || (outcome !== incompleteBlock && this.#passNonFinite)) {
      this.#ring.commit(time, counts.samples);
      counts.samples++;
    } else if (outcome === incompleteBlock) {
      this.#refuse(refusedIncomplete, bytes, start, end);
    } else {
      counts.rejected++;
      this.#refusals.add(refusedNotFinite, bytes, start, end);
    }
  }

  /** Refuses the block at its end, for a line of it. */
  #spoil(reason: number, bytes: Uint8Array, start: number, end: number): void {
    if (!this.#isOpen) {
      this.counts.passedOver++;
      return;
    }
    if (this.#damage < 0) this.#refusals.add(reason, bytes, start, end);
    this.#damage = reason;
  }

  #refuse(reason: number, bytes: Uint8Array, start: number, end: number): void {
    this.counts.damaged++;
    this.#refusals.add(reason, bytes, start, end);
  }
}
