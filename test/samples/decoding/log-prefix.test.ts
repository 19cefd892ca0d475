import { describe, expect, test } from "vitest";
import { defineFields } from "../../../src/samples/decoding/fields.ts";
import { createLineDecoder } from "../../../src/samples/decoding/lines.ts";
import { logPrefixEnd } from "../../../src/samples/decoding/log-prefix.ts";
import { SampleRing } from "../../../src/samples/ring.ts";
import { feed, takeRows } from "../streams.ts";

describe("a logger's prefix ends where the data begin", () => {
  test.each([
    ["of ESP-IDF", "I (1234) dht: ", "temp=21.5"],
    ["a time in brackets", "[12:00:01.123] ", "temp=21.5"],
    ["seconds since the start in brackets", "[   12.345678] ", "21.5,40"],
    ["several brackets", "[12:00:01][D][sensor]: ", "21.5"],
    ["of the Arduino IDE", "22:00:00.456 -> ", "21.5,40"],
    ["of PlatformIO", "22:00:00.456 > ", "temp:21.5"],
    ["of Zephyr", "[00:00:01.234,000] <inf> main: ", "temp: 21.5"],
    ["of Python's logging", "2026-03-28 22:00:00,123 - dht - INFO - ", "temp: 21.5"],
    ["a date, a level and a colon", "2026-03-28 22:00:00 WARNING: ", "21.5"],
    ["of a system log", "Mar 28 22:00:00 pi dht[812]: ", "21.5 40"],
  ])("%s", (_, prefix, data) => {
    const bytes = Buffer.from(prefix + data);
    expect(bytes.subarray(logPrefixEnd(bytes, 0, bytes.length)).toString()).toBe(data);
  });

  test.each([
    ["a JSON array", "[21.5,40,0]"],
    ["a JSON object", '{"temp":21.5}'],
    ["numbers in brackets, separated", "[21.5],[40]"],
    ["a row that begins with its time", "2026-03-28 22:00:00,21.5,40"],
    ["a row with a time and a class", "2026-03-28 22:00:00 21.5 idle"],
    ["names and values in turns", "I 12 V 5"],
    ["pairs", "temp: 21.5, hum: 40"],
  ])("%s has none", (_, line) => {
    const bytes = Buffer.from(line);
    expect(logPrefixEnd(bytes, 0, bytes.length)).toBe(0);
  });
});

/** The samples of a text, and how many of its lines are refused. */
function read(text: string, names: string[]) {
  const ring = new SampleRing(names.length, 100, "pause");
  const decoder = createLineDecoder(defineFields(names.map((name) => ({ name }))), ring, {
    startsAtLine: true,
  });
  feed(decoder, Buffer.from(text));
  return { rows: takeRows(ring), damaged: decoder.counts.damaged };
}

test("the data behind a prefix are read as they would be alone, in each line anew", () => {
  const line = (second: number) =>
    `2026-03-28 22:00:0${second},100 - dht - INFO - temp: 2${second}.5, hum: 4${second}\n`;
  const { rows, damaged } = read(line(1) + line(2) + line(3), ["temp", "hum"]);
  expect(rows).toEqual([
    [21.5, 41],
    [22.5, 42],
    [23.5, 43],
  ]);
  expect(damaged).toBe(0);
});

test("a value of another logger is not one of this", () => {
  const { rows, damaged } = read(
    "I (10) dht: 21.5\nI (20) heap: 30000\n\x1b[0;32mI (30) dht: 22.5\x1b[0m\n",
    ["temp"],
  );
  expect(rows).toEqual([[21.5], [22.5]]);
  expect(damaged).toBe(1);
});

test("a log line between plain rows is no sample", () => {
  const { rows, damaged } = read("21.5\nI (20) heap: 30000\n[12:00:01] 7\n22.5\n", ["temp"]);
  expect(rows).toEqual([[21.5], [22.5]]);
  expect(damaged).toBe(2);
});
