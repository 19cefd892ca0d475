import { RivuletError } from "../errors/errors.ts";
import type { Decoder, DecoderCounts } from "../samples/decoding/decoder.ts";
import type { SampleRing } from "../samples/ring.ts";
import { suggestion } from "../wording/nearest.ts";
import { type ClassTranslation, lostName, type NamedColumn, translationsOf } from "./class-names.ts";
import { type ClassEvent, findEvents, type ModelPart, type PlayedEvent } from "./events.ts";
import {
  BlockReader,
  decodeHeader,
  findBlock,
  findMark,
  headerLength,
  headerStartBytes,
  type RecordingHeader,
  startsEvents,
} from "./format.ts";
import { ModelJoiner } from "./model-parts.ts";

const firstRoomBytes = 1 << 12;
/** More names than any learner has classes: a file with more of them is damaged. */
const mostClassNames = 4096;

/**
 * Reads the bytes of a recording back into samples, which have the times and numbers they had when they were recorded.
 * Holds one block at a time; its memory grows with the bytes received, never with a length field alone.
 *
 * Damaged data, of one block or several in a row, is skipped and counted once as `damaged`; reading continues with the
 * next complete block. An incomplete block at the end is what a power cut left.
 */
export class RecordingDecoder implements Decoder {
  readonly counts: DecoderCounts = { bytes: 0, samples: 0, damaged: 0, rejected: 0, missing: 0 };
  readonly #columns: readonly string[] | null;
  readonly #makeRing: (columns: readonly string[]) => SampleRing;
  readonly #where: string;
  #header: RecordingHeader | null = null;
  #ring: SampleRing | null = null;
  /** Field of the recording for each column of the ring, [columns]. */
  #places = new Int32Array(0);
  /** The beginning of a header or of a block. */
  #held = new Uint8Array(firstRoomBytes);
  #heldBytes = 0;
  #needs = headerStartBytes;
  /** A complete block with samples that have not been passed on yet. */
  #block: BlockReader | null = null;
  #blockBytes = 0;
  #nextSample = 0;
  #isDamaged = false;
  readonly #optional: readonly string[];
  readonly #named: readonly NamedColumn[];
  /** The columns of the ring, once they are known. */
  #wanted: readonly string[] = [];
  /** How the classes of a column are translated; null where it is read as it is, [columns]. */
  #translations: (ClassTranslation | null)[] = [];
  /** Numbers of samples, by how many samples come before the one with it. */
  readonly numbers: { at: number; first: number }[] = [];
  /** Events that have been read, in order; whoever applies them takes them out. */
  readonly events: PlayedEvent[] = [];
  readonly #joiner = new ModelJoiner();
  /** Events of a kind that this version does not know, or of which a part is lost. */
  unknownEvents = 0;

  /**
   * @param columns names of the wanted fields, in order; null for all of the recording
   * @param makeRing returns the ring for them, once they are known
   * @param where names the file in messages
   * @param optional names of columns that the recording may lack: their values are NaN then
   * @param named columns whose classes have names: a class has the number of that name
   */
  constructor(
    columns: readonly string[] | null,
    makeRing: (columns: readonly string[]) => SampleRing,
    where: string,
    optional: readonly string[] = [],
    named: readonly NamedColumn[] = [],
  ) {
    this.#named = named;
    this.#optional = optional;
    this.#columns = columns;
    this.#makeRing = makeRing;
    this.#where = where;
  }

  /** The header of the recording; null until it has been read. */
  get header(): RecordingHeader | null {
    return this.#header;
  }

  /** Returns what a recorded class of a wanted column is to its reader. */
  translate(column: string, recorded: number): number {
    return this.#translations[this.#wanted.indexOf(column)]?.read(recorded) ?? recorded;
  }

  /** Bytes of an incomplete block at the end, once all bytes have been decoded. */
  get unfinishedBytes(): number {
    return this.#heldBytes;
  }

  /**
   * Decodes bytes. @throws RivuletError when this is not a recording, its header is damaged, or it lacks a wanted field
   */
  decode(chunk: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end) {
      if (this.#block !== null) {
        // Its last byte counts as consumed only when all of its samples are in the ring.
        if (!this.#handOn()) break;
        this.#drop(this.#blockBytes);
        this.#block = null;
        this.#findNext();
        if (this.#block === null) at++;
        continue;
      }
      const taken = Math.min(this.#needs - this.#heldBytes, end - at);
      this.#hold(chunk, at, at + taken);
      at += taken;
      if (this.#heldBytes < this.#needs) continue;
      if (this.#header === null) this.#takeHeader();
      else this.#findNext();
      if (this.#block !== null) at--;
    }
    this.counts.bytes += at - start;
    return at;
  }

  /**
   * Call it at the end of the bytes. Returns the header of the recording.
   * @throws RivuletError when the bytes ended inside the header
   */
  finish(): RecordingHeader {
    if (this.#header !== null) return this.#header;
    throw new RivuletError(
      "recording.damaged",
      `${this.#where} is a recording with an incomplete or damaged header, so its samples cannot be decoded; use a copy`,
    );
  }

  /** Does nothing: a recording is always read from its beginning. */
  reset(): void {}

  #takeHeader(): void {
    const length = headerLength(this.#held, this.#where);
    this.#needs = length;
    if (this.#heldBytes < length) return;
    this.#header = decodeHeader(this.#held.subarray(0, length), this.#where);
    const names = this.#header.fields.map(({ name }) => name);
    const columns = this.#columns ?? names;
    this.#places = Int32Array.from(columns, (column) => {
      const place = names.indexOf(column);
      if (place < 0 && !this.#optional.includes(column)) {
        throw new RivuletError(
          "data.missing-column",
          `${this.#where} has no field "${column}"; ${suggestion(column, names)}`,
        );
      }
      return place;
    });
    this.#wanted = columns;
    this.#translations = translationsOf(columns, this.#header.fields, this.#named);
    this.#ring = this.#makeRing(columns);
    this.#drop(length);
    this.#findNext();
  }

  /** Finds the next block of samples in the bytes held, or how many bytes it needs. */
  #findNext(): void {
    const { fields } = this.#header as RecordingHeader;
    for (;;) {
      if (startsEvents(this.#held, this.#heldBytes)) {
        if (!this.#takeEvents()) return;
        continue;
      }
      const found = findBlock(this.#held, this.#heldBytes, fields);
      if (found === "damaged") {
        this.#skipDamage();
      } else if ("needs" in found) {
        this.#needs = found.needs;
        return;
      } else {
        this.#isDamaged = false;
        this.#block = new BlockReader(this.#held, found);
        this.#blockBytes = found.length;
        this.#nextSample = 0;
        return;
      }
    }
  }

  /** Takes the block of events in front; returns false where it needs more bytes. */
  #takeEvents(): boolean {
    const found = findEvents(this.#held, this.#heldBytes);
    if (found === "damaged") this.#skipDamage();
    else if ("needs" in found) this.#needs = found.needs;
    else {
      this.#isDamaged = false;
      this.numbers.push({ at: this.counts.samples, first: found.first });
      for (const event of found.events) {
        if (event.kind === "class") this.#takeClass(event);
        else if (event.kind === "model-part") this.#takePart(event);
        else this.events.push(event);
      }
      this.unknownEvents += found.unknown;
      this.#drop(found.length);
    }
    return found === "damaged" || "first" in found;
  }

  /** Its bytes are views on what is held. */
  #takePart(part: ModelPart): void {
    const model = this.#joiner.take({ ...part, data: part.data.slice() });
    if (model === "lost") this.unknownEvents++;
    else if (model !== null) this.events.push(model);
  }

  /** Takes the name of a class that comes in the blocks that follow. */
  #takeClass({ field, name, number }: ClassEvent): void {
    const { fields } = this.#header as RecordingHeader;
    const { classes } = fields.find((known) => known.name === field) ?? {};
    if (classes === undefined || number >= mostClassNames) return;
    // Those between were in damaged blocks.
    while (classes.length < number) classes.push(lostName);
    classes[number] = name;
  }

  #skipDamage(): void {
    if (!this.#isDamaged) this.counts.damaged++;
    this.#isDamaged = true;
    this.#drop(findMark(this.#held, 1, this.#heldBytes));
  }

  /** Passes samples of the block to the ring; returns false when the ring has no room for the rest. */
  #handOn(): boolean {
    const ring = this.#ring as SampleRing;
    const block = this.#block as BlockReader;
    const places = this.#places;
    while (this.#nextSample < block.samples) {
      const slot = ring.reserve();
      if (slot < 0) return false;
      const sample = this.#nextSample++;
      for (let column = 0; column < places.length; column++) {
        const place = places[column];
        const value = place < 0 ? Number.NaN : block.value(place, sample);
        const translation = this.#translations[column];
        ring.values[slot + column] = translation === null ? value : translation.read(value);
      }
      ring.deviceTimes[ring.slot] = block.deviceTime(sample);
      ring.commit(block.time(sample), block.sequence(sample));
      this.counts.samples++;
    }
    return true;
  }

  #hold(chunk: Uint8Array, start: number, end: number): void {
    const needed = this.#heldBytes + end - start;
    if (needed > this.#held.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#held.length));
      larger.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = larger;
    }
    this.#held.set(chunk.subarray(start, end), this.#heldBytes);
    this.#heldBytes = needed;
  }

  #drop(bytes: number): void {
    this.#held.copyWithin(0, bytes, this.#heldBytes);
    this.#heldBytes -= bytes;
  }
}
