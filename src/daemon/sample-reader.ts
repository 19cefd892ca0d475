import type { Decoder } from "../samples/decoding/decoder.ts";
import type { Field } from "../samples/decoding/fields.ts";
import type { SampleRing } from "../samples/ring.ts";
import type { SampleClock } from "../samples/sample-clock.ts";
import { type SteadyClock, steadyClock } from "../samples/sources/clock.ts";
import type { Source } from "../samples/sources/source.ts";

/** Training yields to reading after about this time, so that bytes wait in the ring, not in the kernel. */
export const sliceMs = 10;

/** Most samples between two readings of the clock, and a time between two that is too long. */
const mostBetweenReadings = 32;
const slowMs = 2;

/** Where samples come from. */
export interface SampleInput {
  source: Source;
  decoder: Decoder;
  ring: SampleRing;
  /** Columns of a sample; those of the clock are after them in the ring. */
  fields: readonly Field[];
  /** The clock of the device; null: a sample was measured when it arrived. */
  clock: SampleClock | null;
}

/** Takes the sample at `offset` of `values`. Called for each sample, so it must allocate nothing. */
export type TakeSample = (values: Float64Array, offset: number) => void;

/**
 * Reads samples from a source: decodes each chunk into the ring, and hands samples on in slices of time between chunks.
 * From half full on it hands on a slice before each chunk too. Where training is slower than the stream all the same,
 * the ring fills and its policy decides; under `pause` bytes are left in the kernel, which holds the sender back if it
 * can.
 */
export class SampleReader {
  readonly source: Source;
  readonly decoder: Decoder;
  readonly ring: SampleRing;
  /** [1]: milliseconds that the samples handed on have taken. */
  readonly busyMs = new Float64Array(1);
  readonly #take: TakeSample;
  readonly #clock: SteadyClock;
  readonly #deviceClock: SampleClock | null;
  readonly #width: number;
  #betweenReadings = 1;
  #isScheduled = false;
  #closed = false;
  readonly #drainSlice = () => this.#drain();

  constructor(
    { source, decoder, ring, fields, clock: deviceClock }: SampleInput,
    take: TakeSample,
    clock = steadyClock,
  ) {
    this.source = source;
    this.decoder = decoder;
    this.ring = ring;
    this.#width = fields.length;
    this.#deviceClock = deviceClock;
    this.#take = take;
    this.#clock = clock;
  }

  /** Samples that were discarded because training fell behind; of datagrams that were never read, one for each. */
  get dropped(): number {
    return this.ring.dropped + (this.source.counts.discarded ?? 0);
  }

  /** @throws RivuletError when the source cannot be opened */
  async open(): Promise<void> {
    await this.source.open((chunk, end) => this.#receive(chunk, end));
  }

  /**
   * Stops reading, then hands on what is in the ring for `withinMs` (default: all of it); the rest is dropped and
   * counted as such.
   */
  async close(withinMs = Number.POSITIVE_INFINITY): Promise<void> {
    this.#closed = true;
    await this.source.close();
    this.#handOnFor(withinMs);
    this.ring.discardAll();
  }

  #receive(chunk: Uint8Array, end: number): void {
    if (this.#closed) return;
    const time = this.#clock.now();
    if (2 * this.ring.length > this.ring.capacity) this.#handOnFor(sliceMs);
    let at = this.decoder.decode(chunk, 0, end, time);
    while (at < end) {
      this.#handOnFor(Number.POSITIVE_INFINITY);
      at = this.decoder.decode(chunk, at, end, time);
    }
    // Where training keeps up this empties the ring, and no later turn has to be scheduled, which would allocate.
    this.#handOnFor(sliceMs);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.ring.length === 0) return;
    this.#isScheduled = true;
    setImmediate(this.#drainSlice);
  }

  #drain(): void {
    this.#isScheduled = false;
    this.#handOnFor(sliceMs);
    this.#schedule();
  }

  /**
   * Hands on samples until this time has passed or none is left. Reads the clock after each sample where these are
   * slow, and more rarely where they are fast, as reading it costs time and memory itself.
   */
  #handOnFor(milliseconds: number): void {
    const ring = this.ring;
    const deviceClock = this.#deviceClock;
    let now = this.#clock.now();
    const until = now + milliseconds;
    do {
      const count = Math.min(this.#betweenReadings, ring.length);
      for (let i = 0; i < count; i++) {
        const front = ring.front();
        deviceClock?.observeFront(ring, this.#width);
        this.#take(ring.values, front);
        ring.release();
      }
      const before = now;
      now = this.#clock.now();
      this.busyMs[0] += now - before;
      if (now - before > slowMs) this.#betweenReadings = 1;
      else if (count === this.#betweenReadings)
        this.#betweenReadings = Math.min(2 * count, mostBetweenReadings);
    } while (ring.length > 0 && now < until);
  }
}
