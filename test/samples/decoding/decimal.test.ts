import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readDecimal, writeDecimal } from "../../../src/samples/decoding/decimal.ts";
import { isMissingWord } from "../../../src/samples/decoding/words.ts";
import { trials } from "../../trials.ts";

/** Reads a text that ends where `beyond` begins. */
function read(text: string, beyond = ""): { value: number; end: number } {
  const target = Float64Array.of(12345);
  const bytes = Buffer.from(`xx${text}${beyond}`);
  const end = readDecimal(bytes, 2, bytes.length - beyond.length, target, 0) - 2;
  return { value: target[0], end };
}

function digits(options: { minLength?: number; maxLength: number }): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(..."0123456789"), ...options });
}

/** Any decimal that both `Number()` and a sender may write: short, long, with leading zeros, huge, tiny. */
const decimal = fc
  .record({
    sign: fc.constantFrom("", "-", "+"),
    whole: digits({ maxLength: 25 }),
    fraction: fc.option(digits({ maxLength: 25 })),
    exponent: fc.oneof(
      fc.constant(""),
      fc
        .tuple(
          fc.constantFrom("e", "E"),
          fc.constantFrom("", "-", "+"),
          fc.oneof(fc.nat(30), fc.nat(400), fc.nat()),
        )
        .map((parts) => parts.join("")),
    ),
  })
  .filter(({ whole, fraction }) => whole + (fraction ?? "") !== "")
  .map(
    ({ sign, whole, fraction, exponent }) =>
      `${sign}${whole}${fraction === null ? "" : `.${fraction}`}${exponent}`,
  );

test("reads every decimal as Number() does, to the last bit", () => {
  fc.assert(
    fc.property(decimal, (text) => {
      const { value, end } = read(text);
      expect(end).toBe(text.length);
      expect(Object.is(value, Number(text)), `${text}: ${value}`).toBe(true);
    }),
    { numRuns: trials(4_000, 20_000) },
  );
});

test("reads nothing beyond its end, whatever follows", () => {
  const beginning = fc.constantFrom("", "-", "4", "-4", "4.", "4.5", "4e", "4e-", "4e1", ".");
  fc.assert(
    fc.property(beginning, fc.constantFrom("7", ".7", "e7", "E7", "-7", "+7"), (text, beyond) => {
      expect(read(text, beyond)).toEqual(read(text));
    }),
  );
});

test("reads back every double as JavaScript prints it", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
      expect(Object.is(read(`${number}`).value, number) || number === 0).toBe(true);
    }),
    { numRuns: trials(1_000, 5_000) },
  );
});

test.each([
  ["9007199254740992", 9007199254740992],
  ["9007199254740993", 9007199254740992],
  ["9007199254740995", 9007199254740996],
  ["0.9007199254740993", 0.9007199254740993],
  ["9007199254740993e1", 90071992547409940],
  ["1e22", 1e22],
  ["1e23", 1e23],
  ["8.5e-23", 8.5e-23],
  ["2.2250738585072011e-308", 2.225073858507201e-308],
  ["0.000000000000000000000000000000000001", 1e-36],
  ["5e-324", 5e-324],
  ["-0", -0],
  ["1e999999999999", Number.POSITIVE_INFINITY],
  ["0e999999999999", 0],
])("rounds %s correctly", (text, expected) => {
  expect(read(text).value).toBe(expected);
});

test.each([
  ["12abc", 2],
  ["1.5.2", 3],
  ["7e", 1],
  ["7e+", 1],
  ["0x10", 1],
  ["1_000", 1],
  ["5.", 2],
  [".5", 2],
])("ends the number in %s after %i bytes", (text, end) => {
  expect(read(text).end).toBe(end);
});

test.each(["", "-", "+.", ".", "e5", "abc", "nan", " 1", "--1", "\u0661"])(
  "finds no number in %j and leaves the target alone",
  (text) => {
    expect(read(text)).toEqual({ value: 12345, end: -3 });
  },
);

test.each(["nan", "NaN", "inf", "-Infinity", "+INF", "ovf"])(
  "knows %s as a value that is not finite",
  (word) => {
    expect(isMissingWord(Buffer.from(`${word},`), 0, word.length)).toBe(true);
  },
);

test.each(["NA", "n/a", "None", "null", "?", "-"])("knows %s as a missing value", (word) => {
  expect(isMissingWord(Buffer.from(word), 0, word.length)).toBe(true);
});

test.each(["nano", "no", "nul", "+", ""])("does not take %j for a missing value", (word) => {
  expect(isMissingWord(Buffer.from(word), 0, word.length)).toBe(false);
});

describe("writing", () => {
  function written(value: number, digits = 7, places = 12): string {
    const bytes = new Uint8Array(32).fill(120);
    const end = writeDecimal(Float64Array.of(0, value), 1, digits, places, bytes, 3);
    expect(bytes.subarray(0, 3)).toEqual(Uint8Array.of(120, 120, 120));
    expect(bytes.subarray(end)).toEqual(new Uint8Array(32 - end).fill(120));
    return Buffer.from(bytes.subarray(3, end)).toString();
  }

  test.each([
    [0, "0"],
    [-0, "0"],
    [1, "1"],
    [-1.5, "-1.5"],
    [0.1, "0.1"],
    [99.99999999, "100"],
    [21.45, "21.45"],
    [1234567, "1234567"],
    [12345678, "12345678"],
    [0.0001234567891, "0.0001234568"],
    [1e-12, "0.000000000001"],
    [-1e-13, "0"],
    [1e15, "1000000000000000"],
    [-2.5e22, "-2.5e+22"],
    [Number.NaN, "NaN"],
    [Number.NEGATIVE_INFINITY, "-Infinity"],
  ])("makes %f %s", (value, text) => {
    expect(written(value)).toBe(text);
  });

  test("keeps to the places that are wanted", () => {
    expect([0.93456, 0.00004, 0.99996, 12.5].map((value) => written(value, 4, 4))).toEqual([
      "0.9346",
      "0",
      "1",
      "12.5",
    ]);
    expect([4711, 2 ** 32, 0.6].map((value) => written(value, 15, 0))).toEqual(["4711", "4294967296", "1"]);
  });

  test("rounds to the given number of digits and places, and writes no more than that", () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, min: -1e15, max: 1e15, maxExcluded: true, minExcluded: true }),
        fc.integer({ min: 1, max: 15 }),
        fc.nat(15),
        (value, digits, places) => {
          const text = written(value, digits, places);
          expect(text).toMatch(/^(0|-?(0|[1-9]\d*)(\.\d*[1-9])?)$/);
          const behind = text.split(".")[1]?.length ?? 0;
          expect(behind).toBeLessThanOrEqual(places);
          // A unit of the last place that may be written, from what the number is before the rounding.
          const before = Math.floor(Math.log10(Math.abs(value) || 1)) + 1;
          const unit = 10 ** -Math.max(0, Math.min(places, digits - before));
          expect(Math.abs(Number(text) - value)).toBeLessThanOrEqual(
            0.5 * unit * (1 + 1e-9) + Math.abs(value) * 2 ** -51,
          );
        },
      ),
      { numRuns: trials(4_000, 20_000) },
    );
  });
});
