import { RivuletError } from "../errors/errors.ts";
import { CsvDecoder, readHeader } from "../samples/decoding/csv-file.ts";
import type { Decoder, DecoderCounts } from "../samples/decoding/decoder.ts";
import type { Field } from "../samples/decoding/fields.ts";
import type { SampleRing } from "../samples/ring.ts";
import { nearest } from "../wording/nearest.ts";
import { RecordingDecoder } from "./decoder.ts";
import { isRecordingFile } from "./play.ts";

/** Decodes a file that is a recording or a CSV file, recognized by its content. */
export class FileDecoder implements Decoder {
  readonly #path: string;
  readonly #fields: readonly Field[];
  readonly #ring: SampleRing;
  #recording: RecordingDecoder | null = null;
  #decoder: Decoder | null = null;

  constructor(path: string, fields: readonly Field[], ring: SampleRing) {
    this.#path = path;
    this.#fields = fields;
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
      this.#recording = new RecordingDecoder(names, () => this.#ring, this.#path);
      this.#decoder = this.#recording;
      return { isText: false };
    }
    const header = await readHeader(this.#path);
    const optional = this.#fields.find((field) => field.optional)?.name;
    const missing = names.find((name) => !header.includes(name) && name !== optional);
    if (missing !== undefined) {
      const near = nearest(missing, header);
      const found = near === null ? `its header names ${header.join(", ")}` : `did you mean "${near}"?`;
      throw new RivuletError(
        "data.missing-column",
        `${this.#path} has no column "${missing}" of source.fields; ${found}`,
      );
    }
    this.#decoder = new CsvDecoder(this.#path, { columns: names, optional }, this.#ring);
    return { isText: true };
  }

  decode(chunk: Uint8Array, start: number, end: number, time: number): number {
    if (this.#decoder === null)
      throw new Error("found a call of decode() without prepare(), expected prepare() first; await it");
    return this.#decoder.decode(chunk, start, end, time);
  }

  reset(): void {}

  /** Call it at the end of the bytes. @throws RivuletError when they ended inside the header of a recording */
  finish(): void {
    this.#recording?.finish();
  }

  /** Bytes of an incomplete last block, as a power cut leaves it. */
  get tornBytes(): number {
    return this.#recording?.unfinishedBytes ?? 0;
  }
}
