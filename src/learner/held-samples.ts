/** The latest samples as they were predicted, in fixed memory, so that labels can come later. */

import { RivuletError } from "../errors/errors.ts";
import { restoreBlock } from "../features/restore.ts";
import type { State, Stateful } from "../state.ts";
import { finite, sampled, whole } from "../state-check.ts";
import { restoreArrays } from "./restore-arrays.ts";

/** What a learner keeps of a sample: the number of float32 and of float64 values. */
export interface HeldSizes {
  singles: number;
  doubles: number;
  /** How much of this, at its end, is of a model from outside. A stored state may lack that part, or have it in excess. */
  guest?: { singles: number; doubles: number };
}

/** Number, time and target of each sample, beside what the learner keeps. */
const ownDoubles = 3;

/**
 * A ring of samples that were predicted, each with what its learner needs to score and to learn it later. Samples have
 * numbers that only increase, with gaps where one was not kept. When the ring is full a new sample replaces the oldest.
 */
export class HeldSamples implements Stateful {
  readonly capacity: number;
  readonly sizes: HeldSizes;
  /** [capacity, sizes.singles] */
  readonly singles: Float32Array;
  /** [capacity, sizes.doubles] */
  readonly doubles: Float64Array;
  /** Time of arrival, milliseconds since the epoch, [capacity]. */
  readonly times: Float64Array;
  /** The target that was learned; NaN while there is none, [capacity]. */
  readonly targets: Float64Array;
  /** [capacity] */
  readonly #numbers: Float64Array;
  /** [2]: where the next sample goes, samples held. */
  readonly #place = new Float64Array(2);

  /** Bytes of a ring with this many samples. */
  static bytes({ singles, doubles }: HeldSizes, capacity: number): number {
    return capacity * (4 * singles + 8 * (doubles + ownDoubles));
  }

  constructor(sizes: HeldSizes, capacity: number) {
    if (!Number.isSafeInteger(capacity) || capacity < 1) {
      throw new RivuletError(
        "argument.bad-value",
        `found ${capacity} samples to hold, expected an integer of at least 1; correct it`,
      );
    }
    this.sizes = sizes;
    this.capacity = capacity;
    this.singles = new Float32Array(capacity * sizes.singles);
    this.doubles = new Float64Array(capacity * sizes.doubles);
    this.times = new Float64Array(capacity);
    this.targets = new Float64Array(capacity);
    this.#numbers = new Float64Array(capacity);
  }

  /** Samples held. */
  get length(): number {
    return this.#place[1];
  }

  /** Slot of the sample that is `index` samples newer than the oldest. */
  slotAt(index: number): number {
    return (this.#place[0] - this.#place[1] + index + this.capacity) % this.capacity;
  }

  numberIn(slot: number): number {
    return this.#numbers[slot];
  }

  /** Takes a slot for the sample with this number, perhaps that of the oldest. Allocates nothing. */
  add(number: number, time: number): number {
    const slot = this.#place[0];
    this.#numbers[slot] = number;
    this.times[slot] = time;
    this.targets[slot] = Number.NaN;
    this.#place[0] = (slot + 1) % this.capacity;
    if (this.#place[1] < this.capacity) this.#place[1]++;
    return slot;
  }

  /** Returns the slot of the sample with this number; -1 where it is not held. */
  find(number: number): number {
    const slot = this.findFrom(number);
    return slot >= 0 && this.#numbers[slot] === number ? slot : -1;
  }

  /** Returns the slot of the first sample with this number or a later one; -1 where there is none. */
  findFrom(number: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#numbers[this.slotAt(middle)] < number) low = middle + 1;
      else high = middle;
    }
    return low === this.length ? -1 : this.slotAt(low);
  }

  /** Views on what is held: the state of a ring that is not full is as small as its content. */
  state(): State {
    const { singles, doubles } = this.sizes;
    const used = this.length;
    return {
      place: this.#place,
      numbers: this.#numbers.subarray(0, used),
      times: this.times.subarray(0, used),
      targets: this.targets.subarray(0, used),
      singles: this.singles.subarray(0, used * singles),
      doubles: this.doubles.subarray(0, used * doubles),
    };
  }

  /**
   * Continues from the state of a ring of any capacity; of more samples than fit the newest are kept. What a state lacks
   * of a guest is 0.
   * @throws RivuletError, with nothing changed, where the state is of samples of other sizes
   */
  restore(given: State): void {
    const { numbers, ...state } = (given ?? {}) as { [name: string]: State };
    const place = new Float64Array(2);
    restoreBlock(place, state["place"], "held samples");
    const [next, used] = place;
    const { singles, doubles } = this.#sizesIn(state, used);
    // No memory for what the state claims before it is there.
    if (!isPlace(next, used) || !(numbers instanceof Float64Array) || numbers.length !== used) {
      throw new RivuletError(
        "state.mismatch",
        `found ${used} held samples in the state, the next at ${next}, expected whole numbers; restore another`,
      );
    }
    const stored = {
      numbers: new Float64Array(used),
      times: new Float64Array(used),
      targets: new Float64Array(used),
      singles: new Float32Array(used * singles),
      doubles: new Float64Array(used * doubles),
    };
    restoreArrays(stored, { ...state, numbers }, "held samples", {
      numbers: whole,
      times: finite,
      targets: (targets) => sampled(targets.filter((target) => !Number.isNaN(target))),
    });
    this.#place.fill(0);
    // A ring that is not full has its oldest sample in front, a full one where the next goes.
    for (let index = Math.max(0, used - this.capacity); index < used; index++) {
      const from = (next + index) % Math.max(1, used);
      const slot = this.add(stored.numbers[from], stored.times[from]);
      this.targets[slot] = stored.targets[from];
      copyRow(stored.singles, from, singles, this.singles, slot, this.sizes.singles);
      copyRow(stored.doubles, from, doubles, this.doubles, slot, this.sizes.doubles);
    }
  }

  /** What a state keeps of each sample: with the part of a guest where this ring has none, or without it where it has one. */
  #sizesIn(state: { [name: string]: State }, used: number): HeldSizes {
    const { singles, doubles, guest = { singles: 0, doubles: 0 } } = this.sizes;
    const lengthOf = (numbers: State) => (ArrayBuffer.isView(numbers) ? (numbers as Float64Array).length : 0);
    const fits = (sizes: HeldSizes) =>
      lengthOf(state["singles"]) === used * sizes.singles &&
      lengthOf(state["doubles"]) === used * sizes.doubles;
    const others = [-1, 1].map((sign) => ({
      singles: singles + sign * guest.singles,
      doubles: doubles + sign * guest.doubles,
    }));
    return [this.sizes, ...others].find(fits) ?? this.sizes;
  }
}

/** Copies row `from` of `width` numbers over row `to` of another width: cut off where it is too long, filled up with 0 where it is too short. */
function copyRow<A extends Float32Array | Float64Array>(
  stored: A,
  from: number,
  width: number,
  live: A,
  to: number,
  liveWidth: number,
): void {
  const copied = Math.min(width, liveWidth);
  live.fill(0, to * liveWidth, (to + 1) * liveWidth);
  live.set(stored.subarray(from * width, from * width + copied), to * liveWidth);
}

/** In a full ring the next sample may have any place, in another the one after the last. */
const isPlace = (next: number, used: number) =>
  Number.isSafeInteger(next) && Number.isSafeInteger(used) && next >= 0 && next <= used;
