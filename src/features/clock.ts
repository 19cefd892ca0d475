import type { State } from "../state.ts";
import { LocalTime } from "./local-time.ts";
import { writeWave } from "./portable-waves.ts";
import type { PlannedSeries, SeriesKind, SeriesRows, SeriesTransform } from "./series-transform.ts";

export type ClockWave = "hourOfDay" | "dayOfWeek";

export interface ClockOptions {
  /** Which cycles are told. */
  of: readonly ClockWave[];
}

/** Waves of a cycle: with three of them a linear model can follow any course over the seven days of a week. */
const harmonics = 3;
/** Where `LocalTime.now` has the day as a share, and the day of the week. */
const place = { day: 1, weekday: 2 } as const;

/**
 * Adds the time of day and the day of the week to each row, as three waves each: sin(2 pi k x) and cos(2 pi k x), k = 1, 2,
 * 3, with x the share of the local day that has passed, or a seventh for each day since Monday. 0 for a row whose time is
 * not known.
 */
export const clock: SeriesKind<ClockOptions> = {
  title: "Adds the local time of day or the day of the week, as three waves each",
  settings: {
    of: { title: "Cycles", default: [], list: ["hourOfDay", "dayOfWeek"] },
  },
  required: ["of"],
  plan: (options, rows) => planClock(options, rows),
};

function planClock({ of }: ClockOptions, rows: SeriesRows): PlannedSeries {
  const names = of.flatMap((wave) =>
    Array.from({ length: harmonics }, (_, k) => [`${wave}_sin${k + 1}`, `${wave}_cos${k + 1}`]).flat(),
  );
  const columns = [...rows.columns, ...names];
  return {
    columns,
    bytes: 8 * columns.length,
    rate: rows.rate,
    readsWallClock: true,
    create: () => createClock(rows.columns.length, of, new LocalTime(rows.timeZone)),
  };
}

function createClock(columns: number, of: readonly ClockWave[], local: LocalTime): SeriesTransform {
  const row = new Float64Array(columns + 2 * harmonics * of.length);
  const areDays = of.map((wave) => wave === "dayOfWeek");
  const turn = new Float64Array(1);
  return {
    row,
    push(values, offset, times, timeAt) {
      for (let i = 0; i < columns; i++) row[i] = values[offset + i];
      if (!local.read(times, timeAt)) {
        row.fill(0, columns);
        return true;
      }
      let at = columns;
      for (let i = 0; i < areDays.length; i++) {
        const share = areDays[i] ? local.now[place.weekday] / 7 : local.now[place.day];
        for (let k = 1; k <= harmonics; k++) {
          turn[0] = k * share;
          writeWave(turn, 0, row, at);
          at += 2;
        }
      }
      return true;
    },
    restart() {},
    state: () => null,
    restore(_state: State) {},
  };
}
