import { RivuletError } from "../errors/errors.ts";

/**
 * What a full ring does with a new sample: `drop-oldest` discards the oldest, `drop-newest` discards the new one,
 * `pause` accepts none until there is room, so that the sender is held back or the kernel discards bytes.
 */
export type RingPolicy = "drop-oldest" | "drop-newest" | "pause";

/**
 * A first-in, first-out queue of samples in flat memory, between input and training: one writer, one reader.
 *
 * Writing has two steps, so that a sample which turns out to be bad half-way leaves no trace: `reserve` returns the
 * slot to fill, `commit` makes it a sample. The ring has one slot more than its capacity, the one being filled. So
 * a full ring can still decode a sample before it decides which one to discard.
 *
 *     const at = ring.reserve();
 *     if (at >= 0) {
 *       ring.values[at] = 21.5;
 *       ring.commit(Date.now(), 0);
 *     }
 *     while (ring.length > 0) {
 *       learn(ring.values, ring.front());
 *       ring.release();
 *     }
 */
export class SampleRing {
  /** Numbers in a sample, those of the columns after its fields included that hold its time. */
  readonly width: number;
  /** Most samples that the ring can hold. */
  readonly capacity: number;
  readonly policy: RingPolicy;
  /** [capacity + 1, width] */
  readonly values: Float64Array;
  /** Time of arrival by the host's clock, in milliseconds since the epoch, [capacity + 1]. */
  readonly times: Float64Array;
  /**
   * When the sample was measured: by the device's clock where its source names one, else its time of arrival; in
   * milliseconds since the epoch, [capacity + 1].
   */
  readonly measuredAt: Float64Array;
  /** Sequence numbers from the decoder, [capacity + 1]. */
  readonly sequences: Float64Array;
  /** Milliseconds since the device started, by its own clock; NaN where the framing carries none, [capacity + 1]. */
  readonly deviceTimes: Float64Array;
  #oldestSlot = 0;
  #freeSlot = 0;
  #held = 0;
  #lost = 0;

  /**
   * @param width numbers in a sample
   * @param capacity most samples that the ring can hold
   * @throws RivuletError `argument.bad-value` when the width or the capacity is not an integer of at least 1
   */
  constructor(width: number, capacity: number, policy: RingPolicy) {
    if (!Number.isInteger(width) || width < 1) {
      throw new RivuletError(
        "argument.bad-value",
        `found a sample ring of width ${width}, expected an integer of at least 1; give the number of fields`,
      );
    }
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new RivuletError(
        "argument.bad-value",
        `found a sample ring of capacity ${capacity}, expected an integer of at least 1; give the number of samples`,
      );
    }
    this.width = width;
    this.capacity = capacity;
    this.policy = policy;
    this.values = new Float64Array((capacity + 1) * width);
    this.times = new Float64Array(capacity + 1);
    this.measuredAt = new Float64Array(capacity + 1);
    this.sequences = new Float64Array(capacity + 1);
    this.deviceTimes = new Float64Array(capacity + 1).fill(Number.NaN);
  }

  /** Number of samples that wait. */
  get length(): number {
    return this.#held;
  }

  /** Number of samples discarded, because the ring was full or by `discardAll`. */
  get dropped(): number {
    return this.#lost;
  }

  /** Index into `times`, `sequences` and `deviceTimes` of the slot that `reserve` returns. */
  get slot(): number {
    return this.#freeSlot;
  }

  /** Index into `times`, `sequences` and `deviceTimes` of the sample that has waited longest. */
  get frontSlot(): number {
    return this.#oldestSlot;
  }

  /** Bytes that the arrays of a ring take. */
  static bytesFor(width: number, capacity: number): number {
    return (capacity + 1) * (width + 4) * Float64Array.BYTES_PER_ELEMENT;
  }

  /**
   * Returns the offset into `values` of the slot to fill, -1 when the ring is full under `pause`. Changes nothing:
   * until `commit`, it returns the same slot again.
   */
  reserve(): number {
    if (this.#held === this.capacity && this.policy === "pause") return -1;
    return this.#freeSlot * this.width;
  }

  /**
   * Makes the reserved slot the newest sample. On a full ring this discards the oldest sample, or the new one,
   * according to the policy.
   *
   * @param time milliseconds since the epoch
   */
  commit(time: number, sequence: number): void {
    if (this.#held === this.capacity) {
      this.#lost++;
      if (this.policy !== "drop-oldest") return;
      this.#oldestSlot = this.#oldestSlot === this.capacity ? 0 : this.#oldestSlot + 1;
      this.#held--;
    }
    const slot = this.#freeSlot;
    this.times[slot] = time;
    this.measuredAt[slot] = time;
    this.sequences[slot] = sequence;
    this.#freeSlot = slot === this.capacity ? 0 : slot + 1;
    this.#held++;
  }

  /** Returns the offset into `values` of the sample that has waited longest, -1 when there is none. */
  front(): number {
    return this.#held === 0 ? -1 : this.#oldestSlot * this.width;
  }

  /** Removes the sample that has waited longest; the writer may reuse its slot. @throws Error when the ring is empty */
  release(): void {
    if (this.#held === 0)
      throw new Error("found an empty sample ring in release(), expected a sample; check length first");
    this.#oldestSlot = this.#oldestSlot === this.capacity ? 0 : this.#oldestSlot + 1;
    this.#held--;
  }

  /** Discards all samples that wait, and counts them as dropped. */
  discardAll(): void {
    this.#lost += this.#held;
    this.#oldestSlot = this.#freeSlot;
    this.#held = 0;
  }
}
