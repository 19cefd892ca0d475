/**
 * Merges several devices into one source of samples, by the time at which their bytes arrive. If all devices have the
 * same fields, each sample of any of them is one sample. If their fields differ, the first device sets the pace: each
 * of its samples is combined with the latest sample of every other device, unless one of those is too old or missing.
 */
import type { Decoder, DecoderCounts } from "../decoding/decoder.ts";
import type { SampleRing } from "../ring.ts";
import type { Receive, Source, SourceCounts } from "./source.ts";

/** One of the merged devices. */
export interface MergedDevice {
  source: Source;
  /** Decodes into `ring`. */
  decoder: Decoder;
  /** Holds the sample being merged; of capacity 1 and the policy `pause`. */
  ring: SampleRing;
}

export interface MergeOptions {
  /** Maximum age of a sample that is combined with one of the first device, in milliseconds. */
  maximumAgeMs: number;
  /**
   * Called with the index of a device whose samples are missing, so that those of the first device stay incomplete; and
   * with null once they are complete again.
   */
  onIncomplete?: (device: number | null) => void;
}

/**
 * Merges devices into one source and one decoder.
 *
 * @param devices the widths of their rings add up to that of `ring`, or each is equal to it
 * @param ring receives the merged samples, each with the time, sequence number and device time of the sample that
 *   completed it
 */
export function mergeDevices(
  devices: readonly MergedDevice[],
  ring: SampleRing,
  options: MergeOptions,
): { source: Source; decoder: Decoder } {
  const decoder = new Merger(devices, ring, options);
  return { source: new MergedSource(devices, (device) => decoder.select(device)), decoder };
}

class MergedSource implements Source {
  readonly #devices: readonly MergedDevice[];
  readonly #select: (device: number) => void;

  constructor(devices: readonly MergedDevice[], select: (device: number) => void) {
    this.#devices = devices;
    this.#select = select;
  }

  get counts(): SourceCounts {
    const all = this.#devices.map(({ source }) => source.counts);
    return {
      bytes: sum(all, "bytes"),
      opens: sum(all, "opens"),
      losses: sum(all, "losses"),
      failures: all.reduce((total, { failures = 0 }) => total + failures, 0),
      discarded: all.reduce((total, { discarded = 0 }) => total + discarded, 0),
      droppedWrites: sum(all, "droppedWrites"),
      // One for each device: one that no longer polls must show, however often the others do.
      looks: all.flatMap((counts) => counts.looks ?? []),
    };
  }

  async open(receive: Receive): Promise<void> {
    try {
      for (const [index, { source }] of this.#devices.entries()) {
        await source.open((chunk, end) => {
          this.#select(index);
          receive(chunk, end);
        });
      }
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#devices.map(({ source }) => source.close()));
  }
}

class Merger implements Decoder {
  readonly #devices: readonly MergedDevice[];
  readonly #ring: SampleRing;
  readonly #options: MergeOptions;
  /** All devices have the same fields, so that each of their samples is complete by itself. */
  readonly #isAlike: boolean;
  /** Latest sample of each device, side by side, [ring.width]. */
  readonly #latest: Float64Array;
  /** Index of each device's first field in a merged sample, [devices]. */
  readonly #columns: number[];
  /** Time of each device's latest sample, in milliseconds since the epoch, [devices]. */
  readonly #times: Float64Array;
  #current = 0;
  #samples = 0;
  #unmatched = 0;
  #incomplete: number | null = null;

  constructor(devices: readonly MergedDevice[], ring: SampleRing, options: MergeOptions) {
    this.#devices = devices;
    this.#ring = ring;
    this.#options = options;
    const widths = devices.map((device) => device.ring.width);
    this.#isAlike = widths.every((width) => width === ring.width);
    this.#columns = widths.map((_, index) =>
      this.#isAlike ? 0 : widths.slice(0, index).reduce((total, width) => total + width, 0),
    );
    this.#latest = new Float64Array(ring.width);
    this.#times = new Float64Array(devices.length).fill(Number.NEGATIVE_INFINITY);
  }

  get counts(): DecoderCounts {
    const all = this.#devices.map(({ decoder }) => decoder.counts);
    return {
      bytes: sum(all, "bytes"),
      samples: this.#samples,
      damaged: sum(all, "damaged"),
      rejected: sum(all, "rejected"),
      missing: sum(all, "missing"),
      unmatched: this.#unmatched,
    };
  }

  /** Selects the device whose bytes are decoded next. */
  select(device: number): void {
    this.#current = device;
  }

  decode(chunk: Uint8Array, start: number, end: number, time: number): number {
    const device = this.#devices[this.#current];
    const makesSamples = this.#isAlike || this.#current === 0;
    let at = start;
    while (at < end) {
      if (makesSamples && this.#ring.reserve() < 0) break;
      at = device.decoder.decode(chunk, at, end, time);
      if (device.ring.length > 0) this.#take(device.ring, makesSamples);
    }
    return at;
  }

  #take(from: SampleRing, makesSamples: boolean): void {
    const { values } = from;
    const front = from.front();
    const slot = from.frontSlot;
    const time = from.times[slot];
    const latest = this.#latest;
    const column = this.#columns[this.#current];
    for (let i = 0; i < from.width; i++) latest[column + i] = values[front + i];
    this.#times[this.#current] = time;
    if (makesSamples && (this.#isAlike || this.#isComplete(time))) {
      const ring = this.#ring;
      ring.values.set(latest, ring.reserve());
      ring.deviceTimes[ring.slot] = from.deviceTimes[slot];
      ring.commit(time, from.sequences[slot]);
      this.#samples++;
    }
    from.release();
  }

  #isComplete(time: number): boolean {
    const oldest = time - this.#options.maximumAgeMs;
    let incomplete: number | null = null;
    for (let device = 1; device < this.#times.length; device++) {
      if (this.#times[device] < oldest) incomplete = device;
    }
    if (incomplete !== this.#incomplete) {
      this.#incomplete = incomplete;
      this.#options.onIncomplete?.(incomplete);
    }
    if (incomplete === null) return true;
    this.#unmatched++;
    return false;
  }

  /** Does nothing: the decoder of each device is reset when that device reconnects. */
  reset(): void {}
}

function sum<Key extends string>(all: readonly Readonly<Record<Key, number>>[], key: Key): number {
  return all.reduce((total, counts) => total + counts[key], 0);
}
