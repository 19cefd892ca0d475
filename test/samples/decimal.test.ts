import fc from "fast-check";
import { expect, test } from "vitest";
import { readDecimal, readNonFiniteWord } from "../../src/samples/decimal.ts";

function read(text: string): { value: number; end: number } {
  const target = Float64Array.of(12345);
  const bytes = Buffer.from(`xx${text}`);
  const end = readDecimal(bytes, 2, bytes.length, target, 0) - 2;
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
    { numRuns: 20_000 },
  );
});

test("reads back every double as JavaScript prints it", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
      expect(Object.is(read(`${number}`).value, number) || number === 0).toBe(true);
    }),
    { numRuns: 5_000 },
  );
});

test.each([
  ["9007199254740992", 9007199254740992],
  ["9007199254740993", 9007199254740992],
  ["9007199254740995", 9007199254740996],
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
    const bytes = Buffer.from(`${word},`);
    expect(readNonFiniteWord(bytes, 0, bytes.length)).toBe(word.length);
  },
);

test.each(["na", "none", "-", ""])("does not take %j for a value that is not finite", (word) => {
  expect(readNonFiniteWord(Buffer.from(word), 0, word.length)).toBe(-1);
});
