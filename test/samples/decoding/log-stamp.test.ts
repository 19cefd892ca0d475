import { describe, expect, test } from "vitest";
import { defineFields } from "../../../src/samples/decoding/fields.ts";
import { createLineDecoder } from "../../../src/samples/decoding/lines.ts";
import { logPrefixEnd } from "../../../src/samples/decoding/log-prefix.ts";
import { lookAtText } from "../../../src/samples/decoding/text-look.ts";
import { SampleRing } from "../../../src/samples/ring.ts";
import { feed, takeRows } from "../streams.ts";

const dataOf = (line: string, isKnown = false) => {
  const bytes = Buffer.from(line);
  return bytes.subarray(logPrefixEnd(bytes, 0, bytes.length, isKnown)).toString();
};

describe("the time that a program writes before each line ends where its cells begin", () => {
  test.each([
    ["a month, a day and the time", "Mar 28 22:00:00 ", "21.5,40,1"],
    ["a day of one digit", "Mar  1 22:00:00 ", "21.5,40,1"],
    ["with decimals", "Mar 28 22:00:00.123456 ", "-21.5;40"],
    ["seconds since 1970", "1774735200 ", "21.5\t40"],
    ["seconds since 1970 with decimals", "1774735200.123456 ", "21.5,40,1"],
    ["a date and the time", "2026-03-28 22:00:00 ", "-12,40,1"],
    ["a date and the time with a zone", "2026-03-28T22:00:00.5+01:00 ", "21.5, 40, 1"],
    ["the time alone", "22:00:00 ", "21.5|40|1"],
    ["before decimals behind a comma", "22:00:00 ", "21,5;40,1"],
    ["before JSON", "2026-03-28 22:00:00 ", '{"temp":21.5,"hum":40}'],
    ["before a header", "Mar 28 22:00:00 ", "temp,hum,label"],
    ["before a number of four digits", "22:00:00 ", "1000,21.5,40"],
    ["before one behind a date", "2026-03-28 22:00:00 ", "2000,21.5,40"],
    ["before one that is no year", "Mar 28 22:00:00 ", "1013,21.5,40"],
    ["before a number that is no offset", "22:00:00 ", "-1180,21.5,40"],
    ["seconds since 1970 before any number", "1774735200 ", "+0100,21.5,40"],
    ["before a number with its unit", "22:00:00 ", "902ppm,21.5,40"],
    ["before a number in quotes", "22:00:00 ", '"902","21.5","40"'],
    ["before no value", "22:00:00 ", "nan,21.5,40"],
  ])("%s", (_, stamp, data) => {
    expect(dataOf(stamp + data)).toBe(data);
  });

  test.each([
    ["22:00:00 ", "-1000,21.5,40"],
    ["Mar 28 22:00:00 ", "2026,21.5,40"],
    ["Mar 28 22:00:00 ", "+0100,21.5,40"],
    ["2026-03-28 22:00:00 +0100 ", "21.5,40,1"],
    ["22:00:00 ", ",21.5,40"],
  ])("before any value where lines before it had a time: %s%s", (stamp, data) => {
    expect(dataOf(stamp + data, true)).toBe(data);
  });

  test.each([
    ["its zone is in the cell", "2026-03-28 22:00:00 UTC,21.5,40"],
    ["the offset of its zone is", "Mar 28 22:00:00 +0100,21.5,40"],
    ["its year is", "Mar 28 22:00:00 2026,21.5,40"],
    ["its half of the day is", "10:00:00 PM,open,closed"],
    ["blanks separate the cells", "22:00:00 21,5 40,2 1"],
    ["a decimal comma may be meant", "22:00:00 21,5"],
    ["words stand in the cell", "2026-03-28 22:00:00 door open,21.5,40"],
    ["the cell is the time", "2026-03-28 22:00:00,21.5,40"],
    ["it is a number with other digits", "177473520 21.5,40,1"],
    ["the minutes are a part of an address", "12:34:56:78:90:12 21.5,40,1"],
  ])("not where %s", (_, line) => {
    expect(dataOf(line)).toBe(line);
  });
});

describe("no value behind such times costs a row", () => {
  const minute = (index: number) => new Date(Date.UTC(2026, 2, 28, 0, index));
  const time = (index: number) => minute(index).toISOString().slice(11, 19);
  test.each([
    ["a pressure", time, (index: number) => 900 + index],
    [
      "a pressure behind seconds since 1970",
      (index: number) => `${1_774_735_200 + index}`,
      (index: number) => 900 + index,
    ],
    ["a carbon dioxide that begins at 1000", time, (index: number) => 1000 + index],
    [
      "a carbon dioxide behind the month",
      (index: number) => `Mar 28 ${time(index)}`,
      (index: number) => 1900 + index,
    ],
    ["a depth", time, (index: number) => -900 - index],
  ])("%s", (_, stamp, numberOf) => {
    const rows = Array.from({ length: 240 }, (_, index) => [numberOf(index), index % 30, 40]);
    const text = rows.map((row, index) => `${stamp(index)} ${row.join(",")}\n`).join("");
    const ring = new SampleRing(3, 300, "drop-oldest");
    const fields = defineFields([{ name: "field1" }, { name: "field2" }, { name: "field3" }]);
    feed(createLineDecoder(fields, ring, { startsAtLine: true }), Buffer.from(text));
    expect(takeRows(ring)).toEqual(rows);
    expect(lookAtText(Buffer.from(text))?.columns[0]).toMatchObject({
      holds: expect.not.stringMatching("words"),
      odd: 0,
    });
  });
});
