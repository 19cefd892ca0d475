import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ClockText,
  dateAndTime,
  dateOnly,
  isClockText,
  noClock,
  pointedByName,
  timeOfDayOnly,
} from "../../../src/samples/decoding/clock-text.ts";

function read(text: string, order?: "day-first" | "month-first", reader = new ClockText(order)) {
  const bytes = new TextEncoder().encode(text);
  const value = Float64Array.of(Number.NaN);
  return { kind: reader.read(bytes, 0, bytes.length, value, 0), value: value[0] };
}

const iso = (milliseconds: number) => new Date(milliseconds).toISOString();

describe("a date with a time of day", () => {
  test.each([
    ["2024-03-10T18:00:05Z", "2024-03-10T18:00:05.000Z"],
    ["2024-03-10 18:00:05.250", "2024-03-10T18:00:05.250Z"],
    ["2024/3/1 7:05", "2024-03-01T07:05:00.000Z"],
    ["2024-03-10T18:00:05+02:00", "2024-03-10T16:00:05.000Z"],
    ["2024-03-10T18:00:05-0530", "2024-03-10T23:30:05.000Z"],
    ["2024-03-10 18:00:05 UTC", "2024-03-10T18:00:05.000Z"],
    ["10.03.2024 18:00:05,5", "2024-03-10T18:00:05.500Z"],
    ["10/03/2024 18.00.00", "2024-03-10T18:00:00.000Z"],
    ["3/31/24 6:30 PM", "2024-03-31T18:30:00.000Z"],
    ["01.04.26 22:00", "2026-04-01T22:00:00.000Z"],
    ["1/3/2026 9:5:7", "2026-03-01T09:05:07.000Z"],
    ["31-12-1999 12:00:00 AM", "1999-12-31T00:00:00.000Z"],
  ])("%s", (text, expected) => {
    const { kind, value } = read(text);
    expect([kind, iso(value)]).toEqual([dateAndTime, expected]);
    expect(isClockText(text)).toBe(true);
  });

  test("of any moment is that moment", () => {
    const moment = fc.date({ min: new Date(0), max: new Date("2300-01-01"), noInvalidDate: true });
    fc.assert(
      fc.property(moment, (date) => {
        expect(read(date.toISOString()).value).toBe(date.getTime());
      }),
    );
  });
});

describe("two digits with points each", () => {
  test("are a time of day unless the column holds dates, whatever came before", () => {
    const reader = new ClockText();
    const kinds = ["18.05.10", "28.03.26", "98.00.00", "18.05.12", "01.04.26 22:00", "18.05.13"].map(
      (text) => read(text, undefined, reader).kind,
    );
    expect(kinds).toEqual([timeOfDayOnly, noClock, noClock, timeOfDayOnly, dateAndTime, timeOfDayOnly]);
  });

  test("are dates where the column holds dates", () => {
    const reader = new ClockText("auto", "date");
    expect(read("05.03.26", undefined, reader)).toEqual({ kind: dateOnly, value: Date.UTC(2026, 2, 5) });
    expect(read("98.00.00", undefined, reader).kind).toBe(noClock);
    expect(read("25.03.26", undefined, reader)).toEqual({ kind: dateOnly, value: Date.UTC(2026, 2, 25) });
  });

  test.each([
    ["Datum", "date"],
    ["log_date", "date"],
    ["Uhrzeit", "time of day"],
    ["update", null],
    ["date time", null],
  ])("in a column called %s are %s", (name, expected) => expect(pointedByName(name)).toBe(expected));
});

test.each(["16:9", "1:2:3:4", "1.2.3", "9:5:77"])("%s is no time", (text) => {
  expect(isClockText(text) && read(text).kind !== noClock).toBe(false);
});

test("the index of a feature in LIBSVM is no time", () => {
  expect(isClockText("1:20.11")).toBe(false);
});

test("a date is that of its midnight", () => {
  expect(read("2024-02-29")).toEqual({ kind: dateOnly, value: Date.UTC(2024, 1, 29) });
});

test("a time of day is what is left until midnight, as a negative number", () => {
  expect(read("18:00:05.5")).toEqual({ kind: timeOfDayOnly, value: 64_805_500 - 86_400_000 });
});

describe("which number is the day", () => {
  test("is the first, until a date shows that it is not", () => {
    const reader = new ClockText();
    expect(iso(read("04/05/2024", undefined, reader).value)).toContain("2024-05-04");
    expect(iso(read("04/25/2024", undefined, reader).value)).toContain("2024-04-25");
    expect(iso(read("04/05/2024", undefined, reader).value)).toContain("2024-04-05");
  });

  test("is not shown by a damaged date", () => {
    const reader = new ClockText();
    read("98/05/2024", undefined, reader);
    expect(iso(read("04/25/2024", undefined, reader).value)).toContain("2024-04-25");
    expect(read("25/04/2024", "month-first").kind).toBe(noClock);
  });

  test("is as the config says", () => {
    expect(iso(read("04/05/2024", "month-first").value)).toContain("2024-04-05");
  });
});

test.each([
  "",
  "12",
  "20.5",
  "20.50",
  "2024-13-01",
  "2024-01-01T",
  "10:5",
  "25:00:00",
  "a:bc",
  "1.2.3.4",
  "2024-01-01T10:00:00X",
  "-5",
])("%s is no time", (text) => {
  expect(read(text).kind).toBe(noClock);
  expect(isClockText(text) && !text.includes("13") && !text.includes("25:")).toBe(false);
});
