import { RivuletError } from "../errors/errors.ts";

/**
 * What a full ring does with one more sample: `drop-oldest` keeps the newest samples, `drop-newest` keeps those that
 * waited longest, `pause` takes nothing until there is room, so that the sender is held back or the kernel drops.
 */
export type RingPolicy = "drop-oldest" | "drop-newest" | "pause";

/**
 * A first-in, first-out queue of samples in flat memory, between input and training: one writer, one reader.
 *
 * Writing has two steps, so that a sample which turns out to be bad half-way leaves no trace: `reserve` gives the
 * slot to fill, `commit` makes it a sample. The ring owns one slot more than its capacity, the one being filled,
 * which is why a full ring can still decode a sample before it decides which one to give up.
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
  /** Numbers in a sample. */
  readonly width: number;
  /** Samples the ring holds at most. */
  readonly capacity: number;
  readonly policy: RingPolicy;
  /** [capacity + 1, width] */
  readonly values: Float64Array;
  /** When the sample arrived: host clock, milliseconds since the epoch, [capacity + 1]. */
  readonly times: Float64Array;
  /** Sequence numbers as the decoder gave them, [capacity + 1]. */
  readonly sequences: Float64Array;
  /** The device's own milliseconds since it started, NaN where the framing carries none, [capacity + 1]. */
  readonly deviceTimes: Float64Array;
  #oldestSlot = 0;
  #freeSlot = 0;
  #held = 0;
  #lost = 0;

  /** @throws RivuletError when the ring could not hold a sample */
  constructor(width: number, capacity: number, policy: RingPolicy) {
    if (!Number.isInteger(width) || width < 1) {
      throw new RivuletError(
        "argument.bad-value",
        `a sample ring needs samples of at least 1 number, but the width is ${width}`,
      );
    }
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new RivuletError(
        "argument.bad-value",
        `a sample ring needs room for at least 1 sample, but its capacity is ${capacity}`,
      );
    }
    this.width = width;
    this.capacity = capacity;
    this.policy = policy;
    this.values = new Float64Array((capacity + 1) * width);
    this.times = new Float64Array(capacity + 1);
    this.sequences = new Float64Array(capacity + 1);
    this.deviceTimes = new Float64Array(capacity + 1).fill(Number.NaN);
  }

  /** Samples waiting. */
  get length(): number {
    return this.#held;
  }

  /** Samples given up because the ring was full. */
  get dropped(): number {
    return this.#lost;
  }

  /** Index into `times`, `sequences` and `deviceTimes` of the slot that `reserve` gives. */
  get slot(): number {
    return this.#freeSlot;
  }

  /** Index into `times`, `sequences` and `deviceTimes` of the sample that has waited longest. */
  get frontSlot(): number {
    return this.#oldestSlot;
  }

  /** Bytes of the arrays of such a ring. */
  static bytesFor(width: number, capacity: number): number {
    return (capacity + 1) * (width + 3) * Float64Array.BYTES_PER_ELEMENT;
  }

  /**
   * Offset into `values` of the slot to fill, -1 when the ring is full under `pause`. Changes nothing: a slot that
   * is not committed is given again.
   */
  reserve(): number {
    if (this.#held === this.capacity && this.policy === "pause") return -1;
    return this.#freeSlot * this.width;
  }

  /**
   * Makes the reserved slot the newest sample. On a full ring this drops the oldest sample, or the new one, as the
   * policy says.
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
    this.sequences[slot] = sequence;
    this.#freeSlot = slot === this.capacity ? 0 : slot + 1;
    this.#held++;
  }

  /** Offset into `values` of the sample that has waited longest, -1 when there is none. */
  front(): number {
    return this.#held === 0 ? -1 : this.#oldestSlot * this.width;
  }

  /** Gives the slot of the sample that has waited longest back to the writer. */
  release(): void {
    if (this.#held === 0) throw new Error("release() on an empty sample ring");
    this.#oldestSlot = this.#oldestSlot === this.capacity ? 0 : this.#oldestSlot + 1;
    this.#held--;
  }

  /** Gives up all samples that wait, as dropped. */
  giveUp(): void {
    this.#lost += this.#held;
    this.#oldestSlot = this.#freeSlot;
    this.#held = 0;
  }
}
