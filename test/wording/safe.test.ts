import fc from "fast-check";
import { expect, test } from "vitest";
import { safe, safeJson, safeLines, shown, shownBytesOf } from "../../src/wording/safe.ts";

test("control characters, marks of direction and lone surrogates become escapes; other letters stay", () => {
  expect(safe("a\u001b[31m\nb\tc\u007f\u009b\u202e\u2028\ud800\u{e0001}")).toBe(
    "a\\x1b[31m\\nb\\tc\\x7f\\x9b\\u202e\\u2028\\ud800\\u{e0001}",
  );
  expect(safe("Pumpe 3, °C: ±0,5 µm – 温度 😀")).toBe("Pumpe 3, °C: ±0,5 µm – 温度 😀");
});

test("line feeds stay in a text of several lines, and nothing else that is not shown", () => {
  expect(safeLines("one\ntwo\r\nthree\u0007")).toBe("one\ntwo\\r\nthree\\x07");
});

test("JSON keeps its value and holds no control character", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const json = safeJson({ [text]: text });
      expect(json).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      expect(JSON.parse(json)).toEqual({ [text]: text });
    }),
  );
});

test("bytes are shown as text where they are text, and as numbers where they are not", () => {
  expect(shownBytesOf(Buffer.from("temp:205\u001b[0m"))).toBe('"temp:205\\x1b[0m"');
  expect(shownBytesOf(Uint8Array.of(0x42, 0x4d, 0, 28, 0xff))).toBe("42 4d 00 1c ff");
  expect(shownBytesOf(Buffer.from("x".repeat(80)))).toBe(`"${"x".repeat(60)}" and 20 more bytes`);
});

test("any value is shown, cut where it is long", () => {
  const circle: unknown[] = [];
  circle.push(circle);
  function relu() {}
  const values = [undefined, null, Number.NaN, 10n, "a", { b: [1] }, circle, relu, Array(3000).fill(1)];
  expect(values.map(shown)).toEqual([
    ...[
      "nothing",
      "null",
      "NaN",
      "10",
      '"a"',
      '{"b":[1]}',
      "a list",
      "the function relu, which is not called",
    ],
    `[${"1,".repeat(39)}1...`,
  ]);
});
