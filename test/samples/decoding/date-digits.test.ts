import { describe, expect, test } from "vitest";
import { timeOfDigits } from "../../../src/samples/decoding/date-digits.ts";
import { createLineDecoder } from "../../../src/samples/decoding/lines.ts";
import { clockAmong, lookAtText, type TextLook } from "../../../src/samples/decoding/text-look.ts";
import { SampleRing } from "../../../src/samples/ring.ts";
import { clockFields, plainClock, SampleClock } from "../../../src/samples/sample-clock.ts";
import { feed, takeRows } from "../streams.ts";

describe("a date as digits", () => {
  test.each([
    [20_260_301, "2026-03-01T00:00:00Z"],
    [2_026_030_123, "2026-03-01T23:00:00Z"],
    [202_402_291_530, "2024-02-29T15:30:00Z"],
    [20_260_301_153_045, "2026-03-01T15:30:45Z"],
  ])("%i is a time", (digits, time) => {
    expect(timeOfDigits(digits)).toBe(Date.parse(time));
  });

  test.each([
    20_260_229, 20_261_301, 20_260_300, 2_026_030_125, 18_990_101, 1_772_359_200, 1_772_359_200_000, 7,
    20_260_301.5,
  ])("%d is none", (number) => {
    expect(timeOfDigits(number)).toBeNaN();
  });
});

/** The rows of days from 2024-12-20 on, or of other numbers. */
function lookAt(name: string, numberOf: (index: number) => number | string): TextLook {
  const rows = Array.from({ length: 40 }, (_, index) => `${numberOf(index)},${20 + (index % 7)}\n`);
  return lookAtText(Buffer.from(`${name},temp\n${rows.join("")}`)) as TextLook;
}

const day = (index: number) =>
  new Date(Date.UTC(2024, 11, 20 + index)).toISOString().slice(0, 10).replaceAll("-", "");
const hour = (index: number) =>
  new Date(Date.UTC(2026, 2, 1, index)).toISOString().slice(0, 13).replaceAll(/[-T]/g, "");

describe("a column of dates as digits", () => {
  test.each([
    ["DATE", day],
    ["MESS_DATUM", hour],
    ["YYYYMMDD", day],
  ])("called %s is the clock", (name, text) => {
    expect(clockAmong(lookAt(name, text).columns)).toEqual([name]);
  });

  test("is no clock where its name says nothing of dates, also where it has the size of seconds since 1970", () => {
    expect(clockAmong(lookAt("batch", hour).columns)).toEqual([]);
  });

  test("is none where some number is no date, as of a counter that goes on to the 32nd", () => {
    expect(clockAmong(lookAt("update", (index) => 20_250_110 + index).columns)).toEqual([]);
  });

  test("has steps of days", () => {
    const clock = new SampleClock(plainClock(["DATE"]));
    const times = Array.from({ length: 40 }, (_, index) => {
      const time = Float64Array.of(0);
      clock.observe(Float64Array.of(Number(day(index))), 0, time, 0);
      return time[0];
    });
    expect(times[0]).toBe(Date.UTC(2024, 11, 20));
    expect(times[39] - times[0]).toBe(39 * 86_400_000);
    expect(clock.report()).toMatchObject({ gaps: 0, back: 0 });
  });
});

describe("a rising number of the size of seconds since 1970", () => {
  const steady = (index: number) => 1_650_000_000 + 250 * index;

  test.each(["energy_total", "Wh", "pulse_count", "Zählerstand"])("called %s is no clock", (name) => {
    expect(clockAmong(lookAt(name, steady).columns)).toEqual([]);
  });

  test.each(["time", "total_time", "epoch", "created"])("called %s is one", (name) => {
    expect(clockAmong(lookAt(name, steady).columns)).toEqual([name]);
  });
});

/** The clock of rows below a header, and the milliseconds between the first times that it shows. */
function clockOf(header: string, row: (index: number) => (string | number)[], rows = 60) {
  const lines = Array.from({ length: rows }, (_, index) => row(index).join(","));
  const bytes = Buffer.from(`${[header, ...lines].join("\n")}\n`);
  const { columns } = lookAtText(bytes) as TextLook;
  const clock = clockAmong(columns);
  const fields = columns.flatMap(({ name, holds }) => (holds === "numbers" ? name : []));
  if (clock.length === 0) return { clock, steps: [], fields };
  const ring = new SampleRing(clock.length, rows, "drop-oldest");
  const decoder = createLineDecoder(clockFields(plainClock(clock)), ring, {
    columns: columns.map(({ name }) => name),
    startsAtLine: true,
  });
  feed(decoder, bytes);
  const sampleClock = new SampleClock(plainClock(clock));
  const steps = new Set<number>();
  let before = Number.NaN;
  for (const values of takeRows(ring)) {
    const time = Float64Array.of(1_700_000_000_000);
    sampleClock.observe(Float64Array.from(values), 0, time, 0);
    if (!Number.isNaN(before)) steps.add(time[0] - before);
    before = time[0];
  }
  return { clock, steps: [...steps], fields };
}

/** The date and the time of day of a row, so many minutes after 23:00. */
const parts = (minutes: number) => {
  const time = new Date(Date.UTC(2026, 2, 1, 23, minutes)).toISOString();
  return {
    day: time.slice(0, 10).replaceAll("-", ""),
    clock: time.slice(11, 19),
    digits: time.slice(11, 19).replaceAll(":", ""),
  };
};
const temp = (index: number) => 20 + (index % 7);

describe("a date as digits and a time of day are a clock of both", () => {
  test.each<[string, string, (index: number) => (string | number)[], number]>([
    ["as text, a minute apart over midnight", "date,time", (i) => [parts(i).day, parts(i).clock], 60_000],
    [
      "as text, an hour apart",
      "date,time",
      (i) => [parts(60 * i).day, parts(60 * i).clock.slice(0, 5)],
      3_600_000,
    ],
    ["as text before it", "time,date", (i) => [parts(i).clock, parts(i).day], 60_000],
    ["as digits, a minute apart over midnight", "date,time", (i) => [parts(i).day, parts(i).digits], 60_000],
    ["as digits of one day", "DATE,TIME", (i) => [20_260_301, 100_000 + 100 * (i % 60)], 60_000],
    ["as digits without seconds", "date,hhmm", (i) => [parts(i).day, parts(i).digits.slice(0, 4)], 60_000],
  ])("%s", (_, header, row, step) => {
    const found = clockOf(`${header},temp,count`, (index) => [...row(index), temp(index), 7 * index]);
    expect(found).toEqual({ clock: header.split(",").sort(), steps: [step], fields: ["temp", "count"] });
  });

  test("but a whole time as text is a clock by itself", () => {
    const row = (index: number) => [
      parts(60 * index).day,
      `2026-03-${10 + Math.floor(index / 24)}T${String(index % 24).padStart(2, "0")}:00:00Z`,
      temp(index),
    ];
    expect(clockOf("date,at,temp", row)).toEqual({ clock: ["at"], steps: [3_600_000], fields: ["temp"] });
  });
});

describe("beside dates as digits is a field", () => {
  test.each(["runtime", "waiting_time", "time", "Laufzeit"])("%s of numbers below 60", (name) => {
    const row = (index: number) => [day(index), 5 + ((index * 7) % 50), temp(index)];
    expect(clockOf(`date,${name},temp`, row)).toMatchObject({ clock: ["date"], fields: [name, "temp"] });
  });

  test("runtime, whatever its numbers", () => {
    const row = (index: number) => [day(index), 100 + ((index * 7) % 50), temp(index)];
    expect(clockOf("date,runtime,temp", row)).toMatchObject({ clock: ["date"], fields: ["runtime", "temp"] });
  });

  test("time, where the column of dates is empty", () => {
    const row = (index: number) => ["", (index * 107) % 60, temp(index)];
    expect(clockOf("date,time,temp", row)).toMatchObject({ clock: [], fields: ["time", "temp"] });
  });
});

test("a timestamp of fourteen digits is a date", () => {
  const row = (index: number) => [`${parts(index).day}${parts(index).digits}`, temp(index)];
  expect(clockOf("timestamp,temp", row)).toEqual({ clock: ["timestamp"], steps: [60_000], fields: ["temp"] });
});

test.each(["meter_ts", "packet_utc", "consumer_unix"])(
  "%s is a clock, whatever it is the time of",
  (name) => {
    const row = (index: number) => [1_772_359_200 + 60 * index, temp(index)];
    expect(clockOf(`${name},temp`, row)).toEqual({ clock: [name], steps: [60_000], fields: ["temp"] });
  },
);

test.each([
  ["Betriebszeit", []],
  ["Laufzeit", []],
  ["Ladezeit (s)", []],
  ["Zeit (s)", ["Zeit (s)"]],
  ["Uhrzeit", ["Uhrzeit"]],
  ["Zeitstempel", ["Zeitstempel"]],
])("of rising numbers called %s the clock is %j", (name, clock) => {
  expect(clockOf(`${name},temp`, (index) => [100 + 2.5 * index, temp(index)]).clock).toEqual(clock);
});

test("ratios with colons are words, and times without zeros a clock", () => {
  const ratio = (index: number) => [1, 7, 3].map((step) => 1 + ((index * 7 * step) % 9)).join(":");
  expect(clockOf("ratio,temp", (index) => [ratio(index), temp(index)]).clock).toEqual([]);
  const time = (index: number) => `9:${Math.floor(index / 10)}:${6 * (index % 10)}`;
  expect(clockOf("time,temp", (index) => [time(index), temp(index)]).clock).toEqual(["time"]);
});
