/**
 * VE.Direct, the text protocol of solar chargers and battery monitors: blocks of lines `\r\n`, name, tab, value. The last
 * line of a block is `Checksum`, whose value is one byte of any kind, such that the sum of all bytes of the block is a
 * multiple of 256. Between blocks, messages of the HEX protocol may come: from a colon to the end of the line, not part
 * of the sum.
 */
import type { SampleRing } from "../ring.ts";
import { carriageReturn, colon, lineFeed, tab } from "./ascii.ts";
import { BlockValues, incompleteBlock, noSuchField, wholeBlock } from "./block-values.ts";
import { type BlockCounts, type BlockOptions, blockReasons } from "./blocks.ts";
import type { Decoder } from "./decoder.ts";
import type { Field } from "./fields.ts";
import { Refusals, type RefusedCount } from "./refusals.ts";

const refusedIncomplete = 0;
const refusedNumber = 1;
const refusedChecksum = 2;
const refusedLength = 3;
const refusedNotFinite = 4;

/** A name has 9 bytes and a value 33 at most, by the protocol. */
const longestLineBytes = 128;
const checksumName = new TextEncoder().encode("Checksum");

/** Creates a decoder of VE.Direct text blocks. */
export function createVeDirectDecoder(
  fields: readonly Field[],
  ring: SampleRing,
  options: BlockOptions,
): Decoder & { readonly counts: Readonly<BlockCounts> } {
  return new VeDirectDecoder(fields, ring, options);
}

class VeDirectDecoder implements Decoder {
  readonly counts: BlockCounts = {
    ...{ bytes: 0, samples: 0, damaged: 0, rejected: 0, missing: 0 },
    ...{ passedOver: 0, skipped: 0 },
  };
  readonly #ring: SampleRing;
  readonly #values: BlockValues;
  readonly #passNonFinite: boolean;
  readonly #refusals: Refusals;
  /** The line so far, without its end. */
  readonly #line = new Uint8Array(longestLineBytes);
  /** Its length, which may be more than is kept. */
  #length = 0;
  #tabAt = -1;
  /** Sum of the bytes of the block so far, modulo 256. */
  #sum = 0;
  #isHex = false;
  /** The next byte is the checksum. */
  #isAtChecksum = false;
  /** Nothing of a block has come before: the one that ends first may be cut. */
  #isFirst = true;
  /** What is wrong with the block; -1: nothing yet. */
  #damage = -1;

  constructor(fields: readonly Field[], ring: SampleRing, options: BlockOptions) {
    this.#ring = ring;
    this.#values = new BlockValues(fields, ring);
    this.#passNonFinite = options.passNonFinite;
    this.#refusals = new Refusals(blockReasons(longestLineBytes), options.onRefused);
  }

  decode(chunk: Uint8Array, start: number, end: number, time: number): number {
    let at = start;
    while (at < end) {
      const slot = this.#ring.reserve();
      if (slot < 0) break;
      if (this.#values.isEmpty) this.#values.place(slot);
      at = this.#readBlock(chunk, at, end, time);
    }
    this.counts.bytes += at - start;
    return at;
  }

  reset(): void {
    this.#restart();
    this.#isFirst = true;
  }

  refused(): RefusedCount[] {
    return this.#refusals.counts();
  }

  get unfinished() {
    return { bytes: this.#length, most: longestLineBytes };
  }

  /** Reads to the end of a block, or of the chunk; returns the index of the first byte not consumed. */
  #readBlock(chunk: Uint8Array, start: number, end: number, time: number): number {
    for (let at = start; at < end; at++) {
      const byte = chunk[at];
      if (this.#isAtChecksum) {
        this.#close(byte, time);
        return at + 1;
      }
      if (this.#isHex) {
        if (byte === lineFeed) this.#isHex = false;
        continue;
      }
      if (byte === colon && this.#length === 0) {
        this.#isHex = true;
        continue;
      }
      this.#sum = (this.#sum + byte) & 0xff;
      if (byte === lineFeed) this.#readLine();
      else if (byte !== carriageReturn) this.#append(byte);
    }
    return end;
  }

  #append(byte: number): void {
    if (byte === tab && this.#tabAt < 0) {
      this.#tabAt = this.#length;
      this.#isAtChecksum = this.#isChecksumName();
    }
    if (this.#length < longestLineBytes) this.#line[this.#length] = byte;
    else if (this.#length === longestLineBytes)
      this.#refusals.report(refusedLength, this.#line, 0, this.#length);
    this.#length++;
  }

  #isChecksumName(): boolean {
    if (this.#length !== checksumName.length) return false;
    for (let at = 0; at < checksumName.length; at++) if (this.#line[at] !== checksumName[at]) return false;
    return true;
  }

  #readLine(): void {
    const line = this.#line;
    const length = this.#length;
    const tabAt = this.#tabAt;
    this.#length = 0;
    this.#tabAt = -1;
    if (length === 0) return;
    if (length > longestLineBytes) {
      this.#damage = refusedLength;
      return;
    }
    const field = tabAt < 0 ? noSuchField : this.#values.find(line, 0, tabAt);
    if (field === noSuchField) {
      this.counts.passedOver++;
    } else if (!this.#values.read(line, tabAt + 1, length, field)) {
      if (this.#damage < 0) this.#refusals.add(refusedNumber, line, 0, length);
      this.#damage = refusedNumber;
    }
  }

  /** Ends the block with its checksum. */
  #close(checksum: number, time: number): void {
    const counts = this.counts;
    const line = this.#line;
    const isRight = ((this.#sum + checksum) & 0xff) === 0;
    line[this.#length] = checksum;
    const length = this.#length + 1;
    if (!isRight && this.#isFirst) {
      counts.skipped++;
    } else if (!isRight) {
      counts.damaged++;
      this.#refusals.add(refusedChecksum, line, 0, length);
    } else if (this.#damage >= 0) {
      counts.damaged++;
      if (this.#damage === refusedLength) this.#refusals.add(refusedLength, line, 0, length);
    } else {
      this.#finish(line, length, time);
    }
    this.#isFirst = false;
    this.#restart();
  }

  #finish(line: Uint8Array, length: number, time: number): void {
    const counts = this.counts;
    const outcome = this.#values.isEmpty ? incompleteBlock : this.#values.finish();
    if (outcome === wholeBlock || (outcome !== incompleteBlock && this.#passNonFinite)) {
      this.#ring.commit(time, counts.samples);
      counts.samples++;
    } else if (outcome === incompleteBlock && this.#values.isEmpty) {
      // A device sends its data in two kinds of blocks, of which one may hold no field.
      counts.passedOver++;
    } else {
      const isIncomplete = outcome === incompleteBlock;
      if (isIncomplete) counts.damaged++;
      else counts.rejected++;
      this.#refusals.add(isIncomplete ? refusedIncomplete : refusedNotFinite, line, 0, length);
    }
  }

  #restart(): void {
    this.#length = 0;
    this.#tabAt = -1;
    this.#sum = 0;
    this.#isAtChecksum = false;
    this.#isHex = false;
    this.#damage = -1;
    this.#values.begin();
  }
}
