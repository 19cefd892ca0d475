import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defineFields } from "../../src/samples/fields.ts";
import { createLineDecoder, type LineOptions } from "../../src/samples/lines.ts";
import { SampleRing } from "../../src/samples/ring.ts";
import { chunkSizes, feed, feedInChunks, takeRows } from "./streams.ts";

const fields = defineFields([{ name: "a" }, { name: "b" }, { name: "c d" }]);

function receiver(options: LineOptions = { startsAtLine: true }) {
  const ring = new SampleRing(3, 1000, "drop-oldest");
  return { ring, decoder: createLineDecoder(fields, ring, options) };
}

/** The samples in a text, and what was counted. */
function decode(text: string, options?: LineOptions) {
  const { ring, decoder } = receiver(options);
  feed(decoder, Buffer.from(text));
  return { rows: takeRows(ring), counts: decoder.counts };
}

describe("a good line", () => {
  test.each([
    ["commas", "1,-2.5,3e2\n"],
    ["semicolons", "1;-2.5;3e2\n"],
    ["tabs", "1\t-2.5\t3e2\n"],
    ["blanks", "1 -2.5   3e2\n"],
    ["commas and blanks", "  1 , -2.5,  3e2  \n"],
    ["carriage returns at the end", "1,-2.5,3e2\r\n"],
    ["a separator after the last cell", "1,-2.5,3e2,\n"],
    ["plus signs and bare points", "+1.,-2.5,.3e3\n"],
  ])("may be written with %s", (_, text) => {
    const { rows, counts } = decode(text);
    expect(rows).toEqual([[1, -2.5, 300]]);
    expect(counts).toMatchObject({ samples: 1, damaged: 0 });
  });

  test("has scale and offset applied", () => {
    const scaled = defineFields([{ name: "a", scale: 0.5, offset: -40 }]);
    const ring = new SampleRing(1, 8, "pause");
    feed(createLineDecoder(scaled, ring, { startsAtLine: true }), Buffer.from("100\n"));
    expect(takeRows(ring)).toEqual([[10]]);
  });

  test("is numbered by the good lines before it and has no device time", () => {
    const { ring, decoder } = receiver();
    decoder.decode(Buffer.from("1,2,3\nx\n4,5,6\n"), 0, 14, 55);
    ring.release();
    const { frontSlot } = ring;
    expect([ring.times[frontSlot], ring.sequences[frontSlot], ring.deviceTimes[frontSlot]]).toEqual([
      55,
      1,
      Number.NaN,
    ]);
  });

  test("is found wherever the chunks are cut", () => {
    const row = fc.tuple(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer(),
      fc.float({ noNaN: true, noDefaultInfinity: true }),
    );
    fc.assert(
      fc.property(fc.array(row), chunkSizes, (rows, sizes) => {
        const { ring, decoder } = receiver();
        const text = rows.map((cells) => `${cells.join(",")}\r\n`).join("");
        feedInChunks(decoder, Buffer.from(text), sizes);
        expect(takeRows(ring)).toEqual(rows.map((cells) => cells.map((cell) => cell + 0)));
        expect(decoder.counts).toMatchObject({ samples: rows.length, damaged: 0, bytes: text.length });
      }),
    );
  });

  test("empty lines are harmless", () => {
    expect(decode("\n\r\n  \n1,2,3\n\n").counts).toMatchObject({ samples: 1, damaged: 0 });
  });
});

describe("a bad line is refused, counted by kind, and the next one read", () => {
  test.each([
    ["too few columns", "1,2", { wrongColumns: 1, damaged: 1 }],
    ["too many columns", "1,2,3,4", { wrongColumns: 1, damaged: 1 }],
    ["a word", "1,two,3", { nonNumeric: 1, damaged: 1 }],
    ["a number with a tail", "1,2abc,3", { nonNumeric: 1, damaged: 1 }],
    ["two numbers run together", "1.5.2,3", { nonNumeric: 1, damaged: 1 }],
    ["an empty cell", "1,,3", { nonNumeric: 1, damaged: 1 }],
    ["an empty first cell", ",2,3", { nonNumeric: 1, damaged: 1 }],
    ["a hexadecimal number", "1,0x10,3", { nonNumeric: 1, damaged: 1 }],
    ["a boot message", "Sensor ready", { nonNumeric: 1, damaged: 1 }],
    ["bytes of another baud rate", "\x80\xff\x00\x13\x91", { nonNumeric: 1, damaged: 1 }],
    ["nan", "1,nan,3", { rejected: 1, damaged: 0 }],
    ["inf", "1,2,-inf", { rejected: 1, damaged: 0 }],
    ["Arduino's overflow", "ovf,2,3", { rejected: 1, damaged: 0 }],
    ["a number beyond a double", "1,2,1e400", { rejected: 1, damaged: 0 }],
    ["nan and too few columns", "1,nan", { wrongColumns: 1, rejected: 0 }],
    ["more bytes than a line may have", `1,2,${"0".repeat(1030)}3`, { tooLong: 1, damaged: 1 }],
  ])("%s", (_, bad, counted) => {
    const { rows, counts } = decode(`1,2,3\n${bad}\n4,5,6\n`);
    expect(rows).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(counts).toMatchObject(counted);
  });

  test("also when it is too long and comes in many chunks", () => {
    const { ring, decoder } = receiver();
    feedInChunks(decoder, Buffer.from(`${"7".repeat(100_000)}\n1,2,3\n`), [64]);
    expect(takeRows(ring)).toEqual([[1, 2, 3]]);
    expect(decoder.counts).toMatchObject({ tooLong: 1, damaged: 1 });
  });

  test("a longest line of the user's choice holds", () => {
    const { counts } = decode("1,2,3\n1,2,345678\n", { startsAtLine: true, maximumLineBytes: 8 });
    expect(counts).toMatchObject({ samples: 1, tooLong: 1 });
  });
});

describe("a header", () => {
  test("maps the columns by name, in any order, and passes over the others", () => {
    const { rows, counts } = decode("time,c d,a,b\n12:00 Uhr,3,1,2\n,6,4,5\n");
    expect(rows).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(counts).toMatchObject({ headers: 1, damaged: 0 });
  });

  test("may come again with another order", () => {
    expect(decode("a,b,c d\n1,2,3\nc d,b,a\n3,2,1\n").rows).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  test("may be quoted", () => {
    expect(decode('"b";"a";"c d"\n2;1;3\n').rows).toEqual([[1, 2, 3]]);
  });

  test("that lacks a field is a bad line and changes nothing", () => {
    const { rows, counts } = decode("b,a,x\n1,2,3\n");
    expect(rows).toEqual([[1, 2, 3]]);
    expect(counts).toMatchObject({ headers: 0, nonNumeric: 1 });
  });

  test("that names a field twice is a bad line", () => {
    expect(decode("a,b,c d,a\n").counts).toMatchObject({ headers: 0, damaged: 1 });
  });

  test("with a further column makes lines without it bad", () => {
    expect(decode("a,b,c d,e\n1,2,3\n").counts).toMatchObject({ samples: 0, wrongColumns: 1 });
  });

  test("in blanks maps columns too", () => {
    const ring = new SampleRing(2, 8, "pause");
    const decoder = createLineDecoder(defineFields([{ name: "x" }, { name: "y" }]), ring, {
      startsAtLine: true,
    });
    feed(decoder, Buffer.from("t y x\n0.1 2 1\n"));
    expect(takeRows(ring)).toEqual([[1, 2]]);
  });
});

describe("a port that is joined in mid-line", () => {
  test("has its first line skipped, since half a number is a number too", () => {
    const { rows, counts } = decode("23,2,3\n4,5,6\n", {});
    expect(rows).toEqual([[4, 5, 6]]);
    expect(counts).toMatchObject({ skipped: 1, damaged: 0 });
  });

  test("still takes a header that comes first", () => {
    const { rows, counts } = decode("c d,b,a\n3,2,1\n", {});
    expect(rows).toEqual([[1, 2, 3]]);
    expect(counts).toMatchObject({ headers: 1, skipped: 0 });
  });

  test("joined at a line end loses nothing", () => {
    expect(decode("\r\n1,2,3\n", {}).counts).toMatchObject({ samples: 1, skipped: 0 });
  });

  test("is joined anew after a reset, with the columns as they were", () => {
    const { ring, decoder } = receiver();
    feed(decoder, Buffer.from("c d,b,a\n3,2,1\n6,5"));
    decoder.reset();
    feed(decoder, Buffer.from("4\n9,8,7\n"));
    expect(takeRows(ring)).toEqual([
      [1, 2, 3],
      [7, 8, 9],
    ]);
    expect(decoder.counts).toMatchObject({ samples: 2, skipped: 2, damaged: 0 });
  });
});

test("stops before the first line that a pausing ring has no room for", () => {
  const ring = new SampleRing(3, 1, "pause");
  const decoder = createLineDecoder(fields, ring, { startsAtLine: true });
  const bytes = Buffer.from("1,2,3\n4,5,6\n");
  expect(decoder.decode(bytes, 0, bytes.length, 0)).toBe(6);
  expect(takeRows(ring)).toEqual([[1, 2, 3]]);
  expect(decoder.decode(bytes, 6, bytes.length, 0)).toBe(bytes.length);
  expect(takeRows(ring)).toEqual([[4, 5, 6]]);
});

test("no noise makes a sample with a value that is not finite", () => {
  const noise = fc.string({ unit: fc.constantFrom(..."0123456789.,;-+eE \t\r\nnaif"), maxLength: 200 });
  fc.assert(
    fc.property(noise, (text) => {
      for (const row of decode(text).rows) expect(row.every(Number.isFinite)).toBe(true);
    }),
  );
});

test("refuses a ring of another width and lines too short for the fields", () => {
  expect(() => createLineDecoder(fields, new SampleRing(2, 8, "pause"))).toThrow("make it 3 wide");
  expect(() => receiver({ maximumLineBytes: 5 })).toThrow("set maximumLineBytes to 6 or more");
});
