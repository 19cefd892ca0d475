import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeCobs, encodeCobs, maximumEncodedBytes } from "../../../src/samples/decoding/cobs.ts";

/** Long runs without zeros, to meet the 254-byte blocks, and short ones. */
const payload = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 8 }),
      fc.constantFrom(253, 254, 255, 508).map((length) => new Uint8Array(length).fill(7)),
    ),
    { maxLength: 5 },
  )
  .map((parts) => Uint8Array.from(Buffer.concat(parts)));

function encoded(bytes: Uint8Array): Uint8Array {
  const target = new Uint8Array(maximumEncodedBytes(bytes.length));
  return target.subarray(0, encodeCobs(bytes, 0, bytes.length, target, 0));
}

test("decoding gives back what was encoded", () => {
  fc.assert(
    fc.property(payload, (bytes) => {
      const stuffed = encoded(bytes);
      const target = new Uint8Array(stuffed.length);
      expect(target.slice(0, decodeCobs(stuffed, 0, stuffed.length, target, 0))).toEqual(bytes);
    }),
  );
});

test("encoded bytes hold no zero and stay within the promised size", () => {
  fc.assert(
    fc.property(payload, (bytes) => {
      // A typed array swallows what is written beyond its end, so the end index is what tells.
      const end = encodeCobs(bytes, 0, bytes.length, new Uint8Array(bytes.length + 10), 0);
      expect(end).toBeLessThanOrEqual(maximumEncodedBytes(bytes.length));
      expect(encoded(bytes)).not.toContain(0);
    }),
  );
});

test("the promised size is reached by bytes without zeros", () => {
  for (const length of [0, 1, 253, 254, 255, 508, 509]) {
    expect(encoded(new Uint8Array(length).fill(1)).length).toBe(maximumEncodedBytes(length));
  }
});

test("a frame can be decoded over itself", () => {
  fc.assert(
    fc.property(payload, (bytes) => {
      const stuffed = encoded(bytes).slice();
      expect(stuffed.slice(0, decodeCobs(stuffed, 0, stuffed.length, stuffed, 0))).toEqual(bytes);
    }),
  );
});

test("both directions keep to the ranges they are given", () => {
  const target = new Uint8Array(10).fill(9);
  expect(encodeCobs(Uint8Array.of(5, 1, 0, 2, 5), 1, 4, target, 3)).toBe(7);
  expect([...target]).toEqual([9, 9, 9, 2, 1, 2, 2, 9, 9, 9]);
  const back = new Uint8Array(6).fill(9);
  expect(decodeCobs(target, 3, 7, back, 2)).toBe(5);
  expect([...back]).toEqual([9, 9, 1, 0, 2, 9]);
});

test.each([
  ["nothing at all", []],
  ["a zero as block code", [1, 0]],
  ["a zero inside a block", [3, 7, 0]],
  ["a block that reaches beyond the end", [2, 1, 4, 1, 1]],
])("refuses %s", (_, bytes) => {
  expect(decodeCobs(Uint8Array.from(bytes), 0, bytes.length, new Uint8Array(8), 0)).toBe(-1);
});

test("whatever the bytes, decoding writes less than it reads", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 600 }), (bytes) => {
      const target = new Uint8Array(bytes.length + 2).fill(0xee);
      const end = decodeCobs(bytes, 0, bytes.length, target, 0);
      expect(end).toBeLessThan(bytes.length);
      expect([...target.subarray(bytes.length - 1)]).toEqual([0xee, 0xee, 0xee]);
    }),
  );
});
