import type { Decoder, DecoderCounts } from "../samples/decoding/decoder.ts";
import type { Field } from "../samples/decoding/fields.ts";
import type { RefusedLine } from "../samples/decoding/lines.ts";
import { lookAtFile, TextFileDecoder, type TextOptions } from "../samples/decoding/text-file.ts";
import { doubtsAbout } from "../samples/decoding/text-look.ts";
import type { SampleRing } from "../samples/ring.ts";
import { RecordingDecoder } from "./decoder.ts";
import { isRecordingFile } from "./play.ts";

/** Decodes a file that is a recording or a text, recognized by its content. */
export class FileDecoder implements Decoder {
  readonly #path: string;
  readonly #fields: readonly Field[];
  readonly #ring: SampleRing;
  #recording: RecordingDecoder | null = null;
  /** What of a text may be meant otherwise than it is read, known once it is prepared. */
  doubts: readonly string[] = [];
  readonly #options: TextOptions;
  #text: TextFileDecoder | null = null;
  #decoder: Decoder | null = null;

  constructor(path: string, fields: readonly Field[], ring: SampleRing, options: TextOptions = {}) {
    this.#path = path;
    this.#options = options;
    // A file holds values, not what a device sends for them.
    this.#fields = fields.map((field) => ({ ...field, scale: 1, offset: 0 }));
    this.#ring = ring;
  }

  get counts(): Readonly<DecoderCounts> {
    return this.#decoder?.counts ?? { bytes: 0, samples: 0, damaged: 0, rejected: 0, missing: 0 };
  }

  /**
   * Inspects the file; call it before the first byte is decoded. Returns whether the file is text.
   * @throws RivuletError when it cannot be read, or lacks a wanted column
   */
  async prepare(): Promise<{ isText: boolean }> {
    const names = this.#fields.map(({ name }) => name);
    if (await isRecordingFile(this.#path)) {
      const clocks = this.#fields.filter(({ isTime }) => isTime === true).map(({ name }) => name);
      this.#recording = new RecordingDecoder(names, () => this.#ring, this.#path, clocks, this.#fields);
      this.#decoder = this.#recording;
      return { isText: false };
    }
    const look = await lookAtFile(this.#path);
    this.#text = new TextFileDecoder(this.#path, this.#fields, this.#ring, look, this.#options);
    this.doubts = doubtsAbout(look, typeof this.#options.decimal === "string");
    this.#decoder = this.#text;
    return { isText: true };
  }

  decode(chunk: Uint8Array, start: number, end: number, time: number): number {
    if (this.#decoder === null)
      throw new Error("found a call of decode() without prepare(), expected prepare() first; await it");
    const decoded = this.#decoder.decode(chunk, start, end, time);
    if (this.#recording !== null) forgetEvents(this.#recording);
    return decoded;
  }

  reset(): void {}

  /** Says that what comes is the end of the last line of a text. */
  expectEnd(): void {
    this.#text?.expectEnd();
  }

  /**
   * Call it at the end of the bytes.
   * @throws RivuletError when they ended inside the header of a recording, or most lines of a text were refused
   */
  finish(): void {
    this.#recording?.finish();
    this.#text?.finish();
  }

  /** The first line of a text that was refused for each reason. */
  get refusals(): readonly RefusedLine[] {
    return this.#text?.refusals ?? [];
  }

  /** Bytes of an incomplete last block, as a power cut leaves it. */
  get tornBytes(): number {
    return this.#recording?.unfinishedBytes ?? 0;
  }
}

/** Nobody applies them here, and they would add up: a model event holds a whole file. */
function forgetEvents({ events, numbers }: RecordingDecoder): void {
  events.length = 0;
  numbers.length = 0;
}
