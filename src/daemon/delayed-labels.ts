import { SampleRing } from "../samples/ring.ts";
import { type SteadyClock, steadyClock } from "../samples/sources/clock.ts";
import { sliceMs, type TakeSample } from "./sample-reader.ts";

/** Samples that are kept; where more came in the time that a label covers, the older ones stay unlabelled. */
const mostHeld = 1024;

/**
 * Keeps the latest samples for a label that comes later. Once labelled they are learned from, oldest first, in slices of
 * time between which the source is read. A sample is labelled once, by the first label that covers it.
 */
export class DelayedLabels {
  readonly #held: SampleRing;
  readonly #waiting: SampleRing;
  readonly #targetAt: number;
  readonly #take: TakeSample;
  readonly #clock: SteadyClock;
  #isScheduled = false;

  /**
   * @param columns numbers in a sample with its target
   * @param targetAt index of the target among them: the last, if the device does not send it
   * @param take learns from a sample that has its label
   * @param clock measures the slices
   */
  constructor(columns: number, targetAt: number, take: TakeSample, clock = steadyClock) {
    this.#held = new SampleRing(columns, mostHeld, "drop-oldest");
    this.#waiting = new SampleRing(columns, mostHeld, "drop-oldest");
    this.#targetAt = targetAt;
    this.#take = take;
    this.#clock = clock;
  }

  /** Keeps the sample of `count` numbers at `offset` of `values`. Allocates nothing. */
  hold(values: Float64Array, offset: number, count: number, time: number): void {
    const held = this.#held;
    const at = held.reserve();
    for (let i = 0; i < count; i++) held.values[at + i] = values[offset + i];
    held.commit(time, 0);
  }

  /** Labels all samples since `since`, milliseconds, with a class; returns their number. They are no longer kept then. */
  label(value: number, since: number): number {
    this.flush();
    const held = this.#held;
    const waiting = this.#waiting;
    for (; held.length > 0; held.release()) {
      if (held.times[held.frontSlot] < since) continue;
      const from = held.front();
      const at = waiting.reserve();
      waiting.values.set(held.values.subarray(from, from + held.width), at);
      waiting.values[at + this.#targetAt] = value;
      waiting.commit(0, 0);
    }
    this.#schedule();
    return waiting.length;
  }

  /** Learns at once from all labelled samples. */
  flush(): void {
    this.#learnFor(Number.POSITIVE_INFINITY);
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#learnFor(sliceMs);
      this.#schedule();
    });
  }

  #learnFor(forMs: number): void {
    const waiting = this.#waiting;
    const until = this.#clock.now() + forMs;
    while (waiting.length > 0 && this.#clock.now() < until) {
      this.#take(waiting.values, waiting.front());
      waiting.release();
    }
  }
}
