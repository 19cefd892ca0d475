/**
 * Several devices as one source of samples, merged by the time at which their bytes arrive. Where all have the same
 * fields, a sample of any of them is a sample. Where their fields differ, the first device sets the pace: each of its
 * samples is completed with the latest one of every other, unless that is too old or never came.
 */
import type { Decoder, DecoderCounts } from "../decoding/decoder.ts";
import type { SampleRing } from "../ring.ts";
import type { Receive, Source, SourceCounts } from "./source.ts";

/** One of the devices. */
export interface MergedDevice {
  source: Source;
  /** Decodes into `ring`. */
  decoder: Decoder;
  /** Of capacity 1 and the policy `pause`: a sample that is on its way. */
  ring: SampleRing;
}

export interface MergeOptions {
  /** A sample that completes another may be so old, in milliseconds. */
  maximumAgeMs: number;
  /**
   * Hears the index of a device without whose samples those of the first cannot be completed, and null once they are
   * complete again.
   */
  onIncomplete?: (device: number | null) => void;
}

/**
 * @param devices whose rings are together as wide as `ring`, or each of them
 * @param ring takes the merged samples, with the time, number and device time of the sample that made each complete
 */
export function mergeDevices(
  devices: readonly MergedDevice[],
  ring: SampleRing,
  options: MergeOptions,
): { source: Source; decoder: Decoder } {
  const decoder = new Merger(devices, ring, options);
  return { source: new MergedSource(devices, (device) => decoder.turnTo(device)), decoder };
}

class MergedSource implements Source {
  readonly #devices: readonly MergedDevice[];
  readonly #turnTo: (device: number) => void;

  constructor(devices: readonly MergedDevice[], turnTo: (device: number) => void) {
    this.#devices = devices;
    this.#turnTo = turnTo;
  }

  get counts(): SourceCounts {
    const all = this.#devices.map(({ source }) => source.counts);
    return {
      bytes: sum(all, "bytes"),
      opens: sum(all, "opens"),
      losses: sum(all, "losses"),
      failures: all.reduce((total, { failures = 0 }) => total + failures, 0),
      droppedWrites: sum(all, "droppedWrites"),
      // Each by itself: one that no longer looks must show, however often the others do.
      looks: all.flatMap((counts) => counts.looks ?? []),
    };
  }

  async open(receive: Receive): Promise<void> {
    try {
      for (const [index, { source }] of this.#devices.entries()) {
        await source.open((chunk, end) => {
          this.#turnTo(index);
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
  /** Whether the samples of each stand by themselves. */
  readonly #isAlike: boolean;
  /** The latest sample of each device, side by side: [ring.width] */
  readonly #latest: Float64Array;
  /** Where each device's fields begin in a merged sample, [devices]. */
  readonly #columns: number[];
  /** When the latest sample of each device came, [devices]. */
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

  /** Says whose bytes are decoded next. */
  turnTo(device: number): void {
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

  /** Nothing to do: each device's connection begins anew by itself. */
  reset(): void {}
}

function sum<Key extends string>(all: readonly Readonly<Record<Key, number>>[], key: Key): number {
  return all.reduce((total, counts) => total + counts[key], 0);
}
