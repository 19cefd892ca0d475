import { describe, expect, test } from "vitest";
import { logPrefixEnd } from "../../../src/samples/decoding/log-prefix.ts";

const dataOf = (line: string) => {
  const bytes = Buffer.from(line);
  return bytes.subarray(logPrefixEnd(bytes, 0, bytes.length)).toString();
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
  ])("%s", (_, stamp, data) => {
    expect(dataOf(stamp + data)).toBe(data);
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
