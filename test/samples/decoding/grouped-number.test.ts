import { describe, expect, test } from "vitest";
import { readGrouped } from "../../../src/samples/decoding/grouped-number.ts";

function read(
  text: string,
  { decimal = null as "point" | "comma" | null, encoding = "utf8" as BufferEncoding } = {},
): number | null {
  const bytes = Buffer.from(text, encoding);
  const target = Float64Array.of(7);
  return readGrouped(bytes, 0, bytes.length, decimal, target, 0) ? target[0] : null;
}

describe("digits in groups of three are one number", () => {
  test.each([
    ["1.200,5", 1200.5],
    ["1,200.5", 1200.5],
    ["-12.345.678,5", -12_345_678.5],
    ["+1,234,567", 1_234_567],
    ["1'200.25", 1200.25],
    ["1\u2019200", 1200],
    ["1 200,5", 1200.5],
    ["1\u00a0200,5", 1200.5],
    ["1\u202f200", 1200],
  ])("%s", (text, number) => expect(read(text)).toBe(number));

  test("with a blank in Latin-1", () => expect(read("1\u00a0200,5", { encoding: "latin1" })).toBe(1200.5));
});

test("a single group behind a point or a comma counts where decimals are known to stand behind the other", () => {
  expect(read("1.200", { decimal: "comma" })).toBe(1200);
  expect(read("-12.345.678", { decimal: "comma" })).toBe(-12_345_678);
  // No address begins with more than 255.
  expect(read("300.168.100.101", { decimal: "comma" })).toBe(300_168_100_101);
  expect(read("1.200")).toBeNull();
  expect(read("12.345.678")).toBeNull();
  expect(read("1,200", { decimal: "point" })).toBe(1200);
  expect(read("1.200", { decimal: "point" })).toBeNull();
  expect(read("1,200")).toBeNull();
  expect(read("1,200", { decimal: "comma" })).toBeNull();
});

describe("anything else is no such number", () => {
  test.each([
    "",
    "1200",
    "21.5",
    "1.20,5",
    "1.2000,5",
    "1234.567,8",
    "1.200.5",
    "1,200,",
    "1'20",
    "1.200,5x",
    "28.03.2026",
    "0.375",
    "192.168.100.101",
  ])("%j", (text) => expect(read(text, { decimal: "comma" })).toBeNull());
});
