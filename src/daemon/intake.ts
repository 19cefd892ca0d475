import type { Decoder } from "../samples/decoding/decoder.ts";
import type { SampleRing } from "../samples/ring.ts";
import { type SteadyClock, steadyClock } from "../samples/sources/clock.ts";
import type { Source } from "../samples/sources/source.ts";

/** Training gives way to reading after about so long, so that what arrives meanwhile waits here, not in the kernel. */
export const sliceMs = 10;

/** Most samples between two looks at the clock, and the time between two that is too long. */
const mostBetweenLooks = 32;
const slowMs = 2;

/** Takes a sample that starts at `offset` of `values`. Called for each sample, so it must allocate nothing. */
export type Observe = (values: Float64Array, offset: number) => void;

/**
 * The way in: chunks from a source are decoded into the ring as they come, and samples are taken out of the ring in
 * slices between them. From half full on, training gets a slice before each chunk too, while the next bytes wait in the
 * kernel. When training is slower than the stream all the same, the ring fills and its policy decides; under `pause`
 * bytes are left with the kernel, which holds the sender back if it can.
 */
export class Intake {
  readonly source: Source;
  readonly decoder: Decoder;
  readonly ring: SampleRing;
  readonly #observe: Observe;
  readonly #clock: SteadyClock;
  #betweenLooks = 1;
  #isScheduled = false;
  #closed = false;
  readonly #drainSlice = () => this.#drain();

  constructor(source: Source, decoder: Decoder, ring: SampleRing, observe: Observe, clock = steadyClock) {
    this.source = source;
    this.decoder = decoder;
    this.ring = ring;
    this.#observe = observe;
    this.#clock = clock;
  }

  /** @throws RivuletError when the source cannot be opened */
  async open(): Promise<void> {
    await this.source.open((chunk, end) => this.#receive(chunk, end));
  }

  /**
   * Stops reading, then hands on the samples that are still in the ring, as many as it can in `withinMs`; the others are
   * dropped, and counted as such. Default: all of them.
   */
  async close(withinMs = Number.POSITIVE_INFINITY): Promise<void> {
    this.#closed = true;
    await this.source.close();
    this.#takeFor(withinMs);
    this.ring.giveUp();
  }

  #receive(chunk: Uint8Array, end: number): void {
    if (this.#closed) return;
    const time = this.#clock.now();
    if (2 * this.ring.length > this.ring.capacity) this.#takeFor(sliceMs);
    let at = this.decoder.decode(chunk, 0, end, time);
    while (at < end) {
      this.#takeFor(Number.POSITIVE_INFINITY);
      at = this.decoder.decode(chunk, at, end, time);
    }
    // Where training keeps up this is all that came, and nothing has to be allocated for a later turn.
    this.#takeFor(sliceMs);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.ring.length === 0) return;
    this.#isScheduled = true;
    setImmediate(this.#drainSlice);
  }

  #drain(): void {
    this.#isScheduled = false;
    this.#takeFor(sliceMs);
    this.#schedule();
  }

  /**
   * Hands on samples until so long has passed, or none is left. It looks at the clock after each sample where these are
   * slow; looking takes time and memory itself, so ever more rarely where they are quick.
   */
  #takeFor(milliseconds: number): void {
    const ring = this.ring;
    let now = this.#clock.now();
    const until = now + milliseconds;
    do {
      const count = Math.min(this.#betweenLooks, ring.length);
      for (let i = 0; i < count; i++) {
        this.#observe(ring.values, ring.front());
        ring.release();
      }
      const before = now;
      now = this.#clock.now();
      if (now - before > slowMs) this.#betweenLooks = 1;
      else if (count === this.#betweenLooks) this.#betweenLooks = Math.min(2 * count, mostBetweenLooks);
    } while (ring.length > 0 && now < until);
  }
}
