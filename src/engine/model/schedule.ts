/**
 * Schedules: how the learning rate changes while a network learns. A schedule is a plain value; what it gives is a
 * multiplier of the base rate, so that the base rate stays the user's to change. Every length is in updates.
 */

import { keyError, RivuletError } from "../../errors/errors.ts";
import { finite, parts, requireCheck, whole, within } from "../../state-check.ts";
import { takeCosineOfHalfTurns } from "./cosine.ts";
import { raiseToPower } from "./power.ts";

/**
 * While `warmUp` updates are made, the rate rises in a straight line to the base rate (Goyal et al., 2017), which
 * update number `warmUp` - 1 is the first to get whole. The schedule itself counts from the end of the warm-up: u is 0
 * at update number `warmUp`.
 */
interface WarmUp {
  /** Updates; 0 is no warm-up. */
  warmUp: number;
}

/** How the learning rate changes. The multiplier of the base rate, by the number u of the update: */
export type Schedule = WarmUp &
  (
    | { type: "constant" }
    /** factor^floor(u / every) */
    | { type: "step"; every: number; factor: number }
    /** factor^u */
    | { type: "exponential"; factor: number }
    /**
     * minimum + (1 - minimum) (1 + cos(pi min(u, updates) / updates)) / 2 (Loshchilov and Hutter, 2017, without
     * restarts). `minimum` is a fraction of the base rate. `updates` is null until it is known how long the run is.
     */
    | { type: "cosine"; updates: number | null; minimum: number }
    /**
     * The mean loss of each `window` updates is compared with the best so far. After `patience` windows in a row
     * without one below (1 - threshold) best, the rate is multiplied by `factor`, and no further than to `minimum`,
     * a fraction of the base rate.
     */
    | {
        type: "plateau";
        window: number;
        patience: number;
        factor: number;
        minimum: number;
        threshold: number;
      }
  );

type ScheduleOf<Type extends Schedule["type"]> = Extract<Schedule, { type: Type }>;
type Options<Type extends Schedule["type"]> = Partial<Omit<ScheduleOf<Type>, "type">>;

/** The base rate throughout, but for a warm-up. */
export const constant = (options: Options<"constant"> = {}): Schedule => ({
  type: "constant",
  warmUp: 0,
  ...options,
});

/** Multiplies the rate by `factor` each `every` updates. */
export const stepDecay = (options: Options<"step"> = {}): Schedule => ({
  type: "step",
  every: 1000,
  factor: 0.5,
  warmUp: 0,
  ...options,
});

/** Multiplies the rate by `factor` with every update. */
export const exponentialDecay = (options: Options<"exponential"> = {}): Schedule => ({
  type: "exponential",
  factor: 0.9999,
  warmUp: 0,
  ...options,
});

/** Lets the rate fall along half a cosine, over `updates` updates, to `minimum` of the base rate, where it stays. */
export const cosineDecay = (options: Options<"cosine"> = {}): Schedule => ({
  type: "cosine",
  updates: null,
  minimum: 0,
  warmUp: 0,
  ...options,
});

/** Multiplies the rate by `factor` whenever the loss has stopped falling. */
export const reduceOnPlateau = (options: Options<"plateau"> = {}): Schedule => ({
  type: "plateau",
  window: 100,
  patience: 10,
  factor: 0.5,
  minimum: 0.001,
  threshold: 0.001,
  warmUp: 0,
  ...options,
});

/** [1]: where powers and cosines are taken. */
const cell = new Float64Array(1);

/**
 * What the base rate is multiplied by for update number `update`, counted from 0. `reduced` is the multiplier that
 * a plateau's schedule has come to (`Plateau`). Has the same bits on every processor.
 */
export function multiplierAt(schedule: Schedule, update: number, reduced = 1): number {
  const rate = Float64Array.of(1);
  applySchedule(schedule, update, Float64Array.of(reduced), rate);
  return rate[0];
}

/**
 * Multiplies `rate[0]`, the base rate, by what the schedule gives for update number `update`: `multiplierAt` without
 * a number handed from function to function, since V8 puts those on the heap wherever it does not inline the call.
 * `reduced[0]` is the multiplier that a plateau's schedule has come to. Allocates nothing.
 */
export function applySchedule(
  schedule: Schedule,
  update: number,
  reduced: Float64Array,
  rate: Float64Array,
): void {
  const { warmUp } = schedule;
  if (update < warmUp) {
    rate[0] *= (update + 1) / warmUp;
    return;
  }
  const u = update - warmUp;
  switch (schedule.type) {
    case "constant":
      return;
    case "step":
      cell[0] = schedule.factor;
      raiseToPower(cell, Math.floor(u / schedule.every));
      rate[0] *= cell[0];
      return;
    case "exponential":
      cell[0] = schedule.factor;
      raiseToPower(cell, u);
      rate[0] *= cell[0];
      return;
    case "cosine": {
      const { updates, minimum } = schedule;
      cell[0] = updates === null || u >= updates ? 1 : u / updates;
      takeCosineOfHalfTurns(cell);
      rate[0] *= minimum + ((1 - minimum) * (1 + cell[0])) / 2;
      return;
    }
    case "plateau":
      rate[0] *= reduced[0];
  }
}

/**
 * The schedule for a run of `updates` updates: a cosine that leaves its length open ends with the run, warm-up
 * included.
 * @throws RivuletError where the warm-up leaves the cosine no update
 */
export function spanning(schedule: Schedule, updates: number): Schedule {
  if (!isOpen(schedule)) return schedule;
  if (schedule.warmUp >= updates) {
    throw keyError(
      "model.schedule",
      "model.schedule",
      `warms up over ${schedule.warmUp} updates, but the whole run has ${updates}; shorten warmUp or train longer`,
    );
  }
  return { ...schedule, updates: updates - schedule.warmUp };
}

/** Whether the schedule cannot be followed before it is known how long the run is. */
export function isOpen(schedule: Schedule): schedule is ScheduleOf<"cosine"> {
  return schedule.type === "cosine" && schedule.updates === null;
}

/** Checks that a schedule has a length. @throws RivuletError where the schedule's length is still open */
export function requireLength(schedule: Schedule): void {
  if (!isOpen(schedule)) return;
  throw keyError(
    "model.schedule",
    "model.schedule.cosine",
    "leaves updates out, and only rivulet fit knows how long a run is; write { cosine: { updates: 10000 } }",
  );
}

/** Indices of a plateau's numbers in its state. */
enum Slot {
  /** What the base rate is multiplied by now. */
  Multiplier,
  /** The lowest mean loss of a window. */
  Best,
  /** Windows in a row that brought no improvement. */
  Patience,
  /** Updates of the window so far, and the sum of their losses. */
  Seen,
  Sum,
  /** Loss of the parts of the update that is being accumulated. */
  Accumulated,
  Count,
}

const sane = parts(finite, [
  [Slot.Multiplier, within(0, 1)],
  // Infinite before the first window.
  [Slot.Best, (best) => (Number.isNaN(best[0]) ? "the best loss is NaN" : null)],
  [[Slot.Patience, Slot.Sum], whole],
]);

/** What a plateau's schedule remembers of the losses. Allocates nothing after construction. */
export class Plateau {
  readonly #schedule: ScheduleOf<"plateau">;
  readonly #numbers = new Float64Array(Slot.Count);

  /** [1]: what the base rate is multiplied by after the warm-up. */
  readonly multiplier: Float64Array = this.#numbers.subarray(Slot.Multiplier, Slot.Multiplier + 1);
  /** [1]: add the loss of an update here, part by part as it is accumulated, before `observe`; 0 to leave it out. */
  readonly accumulated: Float64Array = this.#numbers.subarray(Slot.Accumulated, Slot.Accumulated + 1);

  constructor(schedule: ScheduleOf<"plateau">) {
    this.#schedule = schedule;
    this.reset();
  }

  /** Forgets every loss. */
  reset(): void {
    this.#numbers.fill(0);
    this.#numbers[Slot.Multiplier] = 1;
    this.#numbers[Slot.Best] = Number.POSITIVE_INFINITY;
  }

  /** Takes in the accumulated loss as that of update number `update`, counted from 0. */
  observe(update: number): void {
    const { warmUp, window, patience, factor, minimum, threshold } = this.#schedule;
    const numbers = this.#numbers;
    const loss = numbers[Slot.Accumulated];
    numbers[Slot.Accumulated] = 0;
    // While it warms up, the loss falls because the rate rises: no measure of what comes after.
    if (update < warmUp) return;
    numbers[Slot.Sum] += loss;
    numbers[Slot.Seen]++;
    if (numbers[Slot.Seen] < window) return;
    const mean = numbers[Slot.Sum] / window;
    numbers[Slot.Sum] = 0;
    numbers[Slot.Seen] = 0;
    if (mean < numbers[Slot.Best] * (1 - threshold)) {
      numbers[Slot.Best] = mean;
      numbers[Slot.Patience] = 0;
      return;
    }
    numbers[Slot.Patience]++;
    if (numbers[Slot.Patience] < patience) return;
    numbers[Slot.Patience] = 0;
    numbers[Slot.Multiplier] = Math.max(minimum, numbers[Slot.Multiplier] * factor);
  }

  /** A copy of all it remembers: multiplier, best, windows without improvement, updates, their sum, accumulated. */
  state(): Float64Array {
    return this.#numbers.slice();
  }

  /** @throws RivuletError, with nothing changed, where it is no state of a plateau */
  restore(state: unknown): void {
    if (!(state instanceof Float64Array) || state.length !== Slot.Count) {
      const found = state instanceof Float64Array ? `${state.length} numbers` : "none";
      throw new RivuletError(
        "state.mismatch",
        `the state must hold ${Slot.Count} numbers of the plateau that the model's schedule waits for, but holds ${found}`,
      );
    }
    requireCheck(state, sane, "schedule");
    this.#numbers.set(state);
  }
}
