import { LocalTime } from "../../features/local-time.ts";
import { restoreBlock } from "../../features/restore.ts";
import type { State, Stateful } from "../../state.ts";

const halfHours = 48;
const hoursOfWeek = 168;
const floors = { day: 0.02, week: 0.05 };
/** Where `LocalTime.now` has the day and the week as shares. */
const place = { day: 1, week: 3 } as const;
/** Each place holds a mean and its visits. */
const dayAt = 0;
const weekAt = 2 * halfHours;

/** What a column usually is at each half hour of the day and each hour of the week. */
export class Season implements Stateful {
  readonly #local: LocalTime;
  readonly #block = new Float64Array(2 * (halfHours + hoursOfWeek));

  static readonly bytes = 16 * (halfHours + hoursOfWeek);

  constructor(timeZone: string | null) {
    this.#local = new LocalTime(timeZone);
  }

  /**
   * Writes what is usual at the moment `times[timeAt]` by the day and by the week to `out[outAt]` and `out[outAt + 1]`; NaN
   * where that is not known. Allocates nothing.
   */
  write(times: Float64Array, timeAt: number, out: Float64Array, outAt: number): void {
    const block = this.#block;
    out[outAt] = Number.NaN;
    out[outAt + 1] = Number.NaN;
    if (!this.#local.read(times, timeAt)) return;
    const day = dayAt + 2 * this.#halfHour;
    const week = weekAt + 2 * this.#hourOfWeek;
    if (block[day + 1] > 0) out[outAt] = block[day];
    if (block[week + 1] > 0) out[outAt + 1] = block[week];
  }

  /** Learns the value `values[at]` of the moment `times[timeAt]`. Allocates nothing. */
  learn(times: Float64Array, timeAt: number, values: Float64Array, at: number): void {
    if (!this.#local.read(times, timeAt)) return;
    this.#follow(dayAt + 2 * this.#halfHour, values, at, floors.day);
    this.#follow(weekAt + 2 * this.#hourOfWeek, values, at, floors.week);
  }

  get #halfHour(): number {
    return Math.min(Math.floor(halfHours * this.#local.now[place.day]), halfHours - 1);
  }

  get #hourOfWeek(): number {
    return Math.min(Math.floor(hoursOfWeek * this.#local.now[place.week]), hoursOfWeek - 1);
  }

  #follow(mean: number, values: Float64Array, at: number, floor: number): void {
    const block = this.#block;
    block[mean + 1]++;
    block[mean] += (values[at] - block[mean]) * Math.max(1 / block[mean + 1], floor);
  }

  state(): State {
    return this.#block;
  }

  restore(state: State): void {
    restoreBlock(this.#block, state, "season");
  }
}
