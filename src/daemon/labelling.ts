import { SampleRing } from "../samples/ring.ts";
import { type SteadyClock, steadyClock } from "../samples/sources/clock.ts";
import { type Observe, sliceMs } from "./intake.ts";

/** Samples that are held; more of them in the time that a label is about are left unlabelled. */
const mostHeld = 1024;

/**
 * Labels that come late: the latest samples are held until somebody says of which class they were. Then they are
 * learned, oldest first, in slices between which the port is read. A sample is labelled once, by the first who does.
 */
export class Labelling {
  readonly #held: SampleRing;
  readonly #waiting: SampleRing;
  readonly #targetAt: number;
  readonly #observe: Observe;
  readonly #clock: SteadyClock;
  #isScheduled = false;

  /**
   * @param columns numbers in a sample with its target
   * @param targetAt where the target stands among them: if the port does not send it, last
   * @param clock measures the slices
   */
  constructor(columns: number, targetAt: number, observe: Observe, clock = steadyClock) {
    this.#held = new SampleRing(columns, mostHeld, "drop-oldest");
    this.#waiting = new SampleRing(columns, mostHeld, "drop-oldest");
    this.#targetAt = targetAt;
    this.#observe = observe;
    this.#clock = clock;
  }

  /** Keeps the sample of `count` numbers at `offset` of `values`. Allocates nothing. */
  hold(values: Float64Array, offset: number, count: number, time: number): void {
    const held = this.#held;
    const at = held.reserve();
    for (let i = 0; i < count; i++) held.values[at + i] = values[offset + i];
    held.commit(time, 0);
  }

  /** Gives all samples since `time` this class. Gives how many they are; they are forgotten here. */
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

  /** Learns at once what waits. */
  flush(): void {
    this.#learn(Number.POSITIVE_INFINITY);
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#learn(sliceMs);
      this.#schedule();
    });
  }

  #learn(forMs: number): void {
    const waiting = this.#waiting;
    const until = this.#clock.now() + forMs;
    while (waiting.length > 0 && this.#clock.now() < until) {
      this.#observe(waiting.values, waiting.front());
      waiting.release();
    }
  }
}
