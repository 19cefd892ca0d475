import { keyError } from "../errors/errors.ts";

const quarterMs = 15 * 60 * 1000;
const dayMs = 86_400_000;
/** The epoch began on a Thursday; weeks begin on a Monday. */
const daysBeforeMonday = 3;

/**
 * Local time of the moments of rows, summer time included. To look an offset up costs kilobytes of garbage, so it is kept:
 * for the day in universal time where it is the same at both ends, or else for the quarter of an hour, as zones change
 * their offset at whole quarters.
 */
export class LocalTime {
  /**
   * [4] Of the moment read last: milliseconds by the local clock since the epoch, the day as a share of 0 to 1, the day of the
   * week, 0 to 6 from Monday, and the week as a share.
   */
  readonly now = new Float64Array(4);
  readonly #offsetAt: (time: number) => number;
  /** From which moment to which the offset is known, and that offset in milliseconds, [3]. */
  readonly #known = Float64Array.of(Number.NaN, Number.NaN, 0);

  /** @throws RivuletError where there is no such zone */
  constructor(timeZone: string | null) {
    this.#offsetAt =
      timeZone === null ? (time) => -60_000 * new Date(time).getTimezoneOffset() : offsetIn(timeZone);
  }

  /** Reads the moment `times[at]`, milliseconds since the epoch; false where it is not known. */
  read(times: Float64Array, at: number): boolean {
    const time = times[at];
    if (!Number.isFinite(time)) return false;
    const known = this.#known;
    if (!(time >= known[0] && time < known[1])) this.#lookUp(time);
    const local = time + known[2];
    const days = local / dayMs;
    const day = Math.floor(days);
    const weekday = (((day + daysBeforeMonday) % 7) + 7) % 7;
    const now = this.now;
    now[0] = local;
    now[1] = days - day;
    now[2] = weekday;
    now[3] = (weekday + now[1]) / 7;
    return true;
  }

  #lookUp(time: number): void {
    const offset = this.#offsetAt(time);
    const midnight = Math.floor(time / dayMs) * dayMs;
    const isWholeDay = this.#offsetAt(midnight) === offset && this.#offsetAt(midnight + dayMs) === offset;
    const known = this.#known;
    known[0] = isWholeDay ? midnight : Math.floor(time / quarterMs) * quarterMs;
    known[1] = known[0] + (isWholeDay ? dayMs : quarterMs);
    known[2] = offset;
  }
}

/** In which of this many equal parts of the day the moment read last lies, from 0. */
export const partOfDay = ({ now }: LocalTime, parts: number): number =>
  Math.min(Math.floor(parts * now[1]), parts - 1);

/** In which of this many equal parts of the week the moment read last lies, from 0. */
export const partOfWeek = ({ now }: LocalTime, parts: number): number =>
  Math.min(Math.floor(parts * now[3]), parts - 1);

/** Offset of a zone from universal time at a moment, in milliseconds. */
function offsetIn(timeZone: string): (time: number) => number {
  if (timeZone === "UTC") return () => 0;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", {
      ...{ timeZone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric" },
      ...{ hour: "numeric", minute: "numeric", second: "numeric" },
    });
  } catch {
    throw keyError(
      "config.bad-value",
      "timeZone",
      `is "${timeZone}", expected a zone such as Europe/Berlin; correct it`,
    );
  }
  return (time) => {
    const part = Object.fromEntries(
      format.formatToParts(time).map(({ type, value }) => [type, Number(value)]),
    );
    const { year, month, day, hour, minute, second } = part;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(time / 1000) * 1000;
  };
}
