import { LocalTime, partOfDay, partOfWeek } from "../../features/local-time.ts";
import { restoreBlock } from "../../features/restore.ts";
import type { State, Stateful } from "../../state.ts";

const halfHours = 48;
const hoursOfWeek = 168;
const dayFloor = 0.02;
const weekFloor = 0.05;
/** Each place holds a mean and its visits. */
const dayAt = 0;
const weekAt = 2 * halfHours;

/** What a column usually is at each half hour of the day and each hour of the week. */
export class Season implements Stateful {
  readonly #aheadMs: number;
  readonly #local: LocalTime;
  /** Its own: one that reads two days by turns looks their offsets up each time. */
  readonly #ahead: LocalTime;
  readonly #then = new Float64Array(1);
  readonly #block = new Float64Array(2 * (halfHours + hoursOfWeek));

  static readonly bytes = 8 + 16 * (halfHours + hoursOfWeek);

  /** @param aheadMs how far ahead of a row its forecast is; NaN where that is not known */
  constructor(timeZone: string | null, aheadMs: number) {
    this.#aheadMs = aheadMs;
    this.#local = new LocalTime(timeZone);
    this.#ahead = new LocalTime(timeZone);
  }

  /**
   * Writes to `out` what is usual by the day and by the week when the forecast of a row at `times[timeAt]` comes true, and
   * the same at that row, [4]: by the week as by the day where it is not known, NaN where neither is. Allocates nothing.
   */
  write(times: Float64Array, timeAt: number, out: Float64Array): void {
    out.fill(Number.NaN);
    if (Number.isNaN(this.#aheadMs)) return;
    this.#then[0] = times[timeAt] + this.#aheadMs;
    this.#writeAt(this.#ahead, this.#then, 0, out, 0);
    this.#writeAt(this.#local, times, timeAt, out, 2);
  }

  #writeAt(local: LocalTime, times: Float64Array, timeAt: number, out: Float64Array, outAt: number): void {
    if (!local.read(times, timeAt)) return;
    const block = this.#block;
    const day = dayAt + 2 * partOfDay(local, halfHours);
    const week = weekAt + 2 * partOfWeek(local, hoursOfWeek);
    if (block[day + 1] > 0) out[outAt] = block[day];
    out[outAt + 1] = block[week + 1] > 0 ? block[week] : out[outAt];
  }

  /** Learns the value `values[at]` of the moment `times[timeAt]`. Allocates nothing. */
  learn(times: Float64Array, timeAt: number, values: Float64Array, at: number): void {
    const local = this.#local;
    if (!local.read(times, timeAt)) return;
    this.#follow(dayAt + 2 * partOfDay(local, halfHours), values, at, dayFloor);
    this.#follow(weekAt + 2 * partOfWeek(local, hoursOfWeek), values, at, weekFloor);
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
