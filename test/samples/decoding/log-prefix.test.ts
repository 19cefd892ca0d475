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
    ["of Python's logging with an offset", "2026-03-28T22:00:00.123+02:00 dht INFO ", "21.5"],
    ["of Python's logging with a process", "2026-03-28 22:00:00,123 [812] INFO ", "21.5,40"],
    ["a date and a time in brackets", "[Sat Mar 28 22:00:00 2026] ", "21.5"],
    ["a level in brackets", "[INFO] ", "21.5"],
    ["a topic before a JSON object", "tele/tasmota_1/SENSOR = ", '{"temp":21.5}'],
    ["of a system log", "Mar 28 22:00:00 pi dht[812]: ", "21.5 40"],
  ])("%s", (_, prefix, data) => {
    const bytes = Buffer.from(prefix + data);
    expect(bytes.subarray(logPrefixEnd(bytes, 0, bytes.length)).toString()).toBe(data);
  });

  test.each([
    ["a JSON array", "[21.5,40,0]"],
    ["a JSON object", '{"temp":21.5}'],
    ["nested JSON objects", '{"id": "p7", "values": {"temp":21.5}}'],
    ["numbers in brackets, separated", "[21.5],[40]"],
    ["a row that begins with its time", "2026-03-28 22:00:00,21.5,40"],
    ["a row with a time and a class", "2026-03-28 22:00:00 21.5 idle"],
    ["a row with a time and a state", "2026-03-28 22:00:00,warning,20.1,40"],
    ["a row of tabs with a time and a state", "2026-03-28 22:00:00\twarning\t20.1\t40"],
    ["a row of semicolons with a time and a state", "2026-03-28 22:00:00;error;20.1"],
    ["a row with a state between vertical bars", "2026-03-28 22:00:00 | info | 20.1"],
    ["a row with a value of three digits before its state", "2026-03-28 22:00:00,120,warning 3"],
    ["a row with a value before its state", "2026-03-28 22:00:00 20.1 warning 40"],
    ["a row of two numbers and a state", "1774735200 12345678 warning 40"],
    ["a channel's letter in brackets", "[A] 900"],
    ["a channel's number in brackets", "[0] 900"],
    ["a value in brackets", "[21.5] 40"],
    ["an address in brackets", "[a4:c1:38:12:34:56] 21.5"],
    ["an address of digits in brackets", "[12:34:56:78:90:12] 21.5"],
    ["names and values in turns", "I 12 V 5"],
    ["pairs", "temp: 21.5, hum: 40"],
    ["numbers before a JSON object", '21.5 40 {"rssi":-70}'],
    ["a word and a number before a JSON object", 'outside 21.5 {"rssi":-70}'],
    ["cells before a JSON object", 'outside; 40; {"rssi":-70}'],
    ["pairs before a JSON object", 'temp=21.5 {"rssi":-70}'],
  ])("%s has none", (_, line) => {
    const bytes = Buffer.from(line);
    expect(logPrefixEnd(bytes, 0, bytes.length)).toBe(0);
  });
});

/** The samples of a text, and how many of its lines are refused. */
function read(text: string, names: string[], columns?: string[]) {
  const ring = new SampleRing(names.length, 100, "pause");
  const decoder = createLineDecoder(defineFields(names.map((name) => ({ name }))), ring, {
    startsAtLine: true,
    columns,
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

describe("a value of another logger", () => {
  test("is not one of this", () => {
    const { rows, damaged } = read(
      "I (10) dht: 21.5\nI (20) heap: 30000\n\x1b[0;32mI (30) dht: 22.5\x1b[0m\n",
      ["temp"],
    );
    expect(rows).toEqual([[21.5], [22.5]]);
    expect(damaged).toBe(1);
  });

  test.each([
    ["its name before the level", (name: string) => `2026-03-28 22:00:00,123 - ${name} - INFO - `],
    ["its name in brackets", (name: string) => `[12:00:01][D][${name}]: `],
    ["a channel in brackets", (name: string) => `[12:00:01] [${name === "dht" ? 0 : 1}] `],
    ["a name in Zephyr's log", (name: string) => `[00:00:01.234,000] <inf> ${name}: `],
  ])("is told by %s", (_, prefix) => {
    const { rows } = read(`${prefix("dht")}21.5\n${prefix("heap")}30000\n${prefix("dht")}22.5\n`, ["temp"]);
    expect(rows).toEqual([[21.5], [22.5]]);
  });

  test.each([
    ["a system log", "Mar 28 22:00:00 pi dht[812]: ", "Apr  1 22:00:05 pi dht[90]: "],
    ["a daemon's log", "2026-03-28 22:00:00,123 [812] INFO ", "2026-04-01 22:00:05,123 [90] WARNING "],
  ])("is not told by the process in %s, which changes with a restart", (_, before, after) => {
    const { rows, damaged } = read(`${before}21.5\n${after}22.5\n`, ["temp"]);
    expect({ rows, damaged }).toEqual({ rows: [[21.5], [22.5]], damaged: 0 });
  });

  test("brings no new class", () => {
    const classes: string[] = [];
    const fields = defineFields([{ name: "temp" }, { name: "state", classes, mostClasses: 8 }]);
    const ring = new SampleRing(2, 100, "pause");
    const decoder = createLineDecoder(fields, ring, { startsAtLine: true });
    feed(decoder, Buffer.from("I (10) dht: 21.5,idle\nI (20) net: 3,connected\nI (30) dht: 22.5,run\n"));
    expect(fields[1].classes).toEqual(["idle", "run"]);
    expect(decoder.counts.refused).toEqual({ "other-logger": 1 });
  });

  test("stays the device's through more lines of others than any greeting has, but fewer than it has written", () => {
    const lines = (name: string, from: number) =>
      Array.from({ length: 40 }, (_, second) => `I (${from + second}) ${name}: 2${second % 10}.5\n`).join("");
    const { rows, damaged } = read(`${lines("dht", 0)}${lines("net", 40)}I (80) dht: 22.5\n`, ["temp"]);
    expect([rows.length, damaged]).toEqual([41, 40]);
  });

  test("is the device's, once more have come in a row than of the first", () => {
    const lines = Array.from({ length: 60 }, (_, second) => `I (${second}) dht: 2${second % 10}.5\n`);
    const { rows, damaged } = read(`I (5) boot: 3\n${lines.join("")}`, ["temp"]);
    expect(damaged).toBe(32);
    expect(rows.slice(1)).toEqual(lines.slice(32).map((line) => [Number(line.slice(-5))]));
  });
});

test("a log line between plain rows is no sample", () => {
  const { rows, damaged } = read("21.5\nI (20) heap: 30000\n[12:00:01] 7\n22.5\n", ["temp"]);
  expect(rows).toEqual([[21.5], [22.5]]);
  expect(damaged).toBe(2);
});

test("numbers or words before a JSON object that nobody wants are cells", () => {
  const line = '21.5 40 {"rssi":-70}\n';
  expect(read(line, ["a", "b"], ["a", "b", "_"])).toEqual({ rows: [[21.5, 40]], damaged: 0 });
  expect(read('outside {"rssi":-70}\n', ["rssi"], ["_", "rssi"])).toEqual({ rows: [[-70]], damaged: 0 });
  expect(read('on {"x":1}\n', ["a"], ["a", "_"])).toEqual({ rows: [[1]], damaged: 0 });
});
