import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defineFields } from "../../../src/samples/decoding/fields.ts";
import { createLineDecoder, type LineOptions } from "../../../src/samples/decoding/lines.ts";
import { SampleRing } from "../../../src/samples/ring.ts";
import { chunkSizes, feed, feedInChunks, takeRows } from "../streams.ts";

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

  /** How devices print three numbers that are text already. */
  const formats: Record<string, (cells: string[]) => string> = {
    commas: (cells) => cells.join(","),
    semicolons: (cells) => cells.join(";"),
    tabs: (cells) => cells.join("\t"),
    blanks: (cells) => cells.join(" "),
    "JSON objects": ([a, b, c]) => `{"a":${a},"b":${b},"c d":${c}}`,
    "JSON objects in another order": ([a, b, c]) => `{ "c d": ${c}, "x": {"a":[1]}, "b": ${b}, "a": ${a} }`,
    "JSON arrays": (cells) => `[${cells.join(", ")}]`,
    "pairs with commas": ([a, b, c]) => `a:${a},b:${b},c d:${c}`,
    "pairs with tabs": ([a, b, c]) => `b:${b}\tc d:${c}\ta:${a}`,
    "pairs with blanks": ([a, b, c]) => `x:1 a: ${a} b: ${b} c d: ${c}`,
  };
  /** How a number may be written. */
  const number = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.integer().map(String),
    fc.float({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.tuple(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.nat(9)).map(([x, n]) => x.toFixed(n)),
    fc
      .tuple(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.nat(16))
      .map(([x, n]) => x.toExponential(n))
      // Rounding can lead beyond the largest double.
      .filter((text) => Number.isFinite(Number(text))),
  );

  test.each(Object.entries(formats))(
    "of %s gives what Number() gives, wherever the chunks are cut",
    (_, print) => {
      fc.assert(
        fc.property(fc.array(fc.tuple(number, number, number)), chunkSizes, (rows, sizes) => {
          const { ring, decoder } = receiver();
          const text = rows.map((cells) => `${print(cells)}\r\n`).join("");
          feedInChunks(decoder, Buffer.from(text), sizes);
          // A scale of 1 and an offset of 0 turn -0 into 0.
          expect(takeRows(ring)).toEqual(rows.map((cells) => cells.map((cell) => Number(cell) + 0)));
          expect(decoder.counts).toMatchObject({ samples: rows.length, damaged: 0, bytes: text.length });
        }),
      );
    },
  );

  test("may be of another kind than the one before, and a boot message settles nothing", () => {
    const { rows, counts } = decode(
      'ESP-ROM:esp32c3\n{"boot":true}\n1,2,3\n{"a":4,"b":5,"c d":6}\nReady.\n[7,8,9]\na:10\tb:11\tc d:12\n',
    );
    expect(rows).toEqual([
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
      [10, 11, 12],
    ]);
    expect(counts).toMatchObject({ damaged: 3, nonNumeric: 2, wrongColumns: 1 });
  });

  test.each([
    ["a comma", "-1.02,9.81,0.44\r\n"],
    ["a tab", "-1.02\t9.81\t0.44\r\n"],
  ])("of Edge Impulse's data forwarder, with %s, needs no change", (_, text) => {
    expect(decode(text).rows).toEqual([[-1.02, 9.81, 0.44]]);
  });

  test("empty lines are harmless", () => {
    expect(decode("\n\r\n  \n1,2,3\n\n").counts).toMatchObject({ samples: 1, damaged: 0 });
  });
});

describe("a line of another form", () => {
  test.each([
    ["vertical bars", "1|-2.5|3e2"],
    ["decimal commas and semicolons", "1,0;-2,5;300,0"],
    ["decimal commas and tabs", "1\t-2,5\t300,0"],
    ["decimal commas and blanks", "1,0 -2,5 300,0"],
    ["units behind the numbers", "1C,-2.5 %,300m/s2"],
    ["quotes", '"1","-2.5",\'300\''],
    ["a tuple of Python", "(1, -2.5, 300)"],
    ["a dictionary of Python", "{'a': 1, 'b': -2.5, 'c d': 300}"],
    ["names and equals signs", "a=1 b=-2.5 x=7, c d=300"],
    ["pairs with units", "a: 1 C, b: -2.5 %, c d: 300"],
    ["pairs with units and blanks between", "a: 1 °C b: -2.5 % c d: 300"],
    ["pairs with decimal commas", "a:1;b:-2,5;c d:300,0"],
    ["pairs laid out in columns", "a : 1      x : N     b :  -2.5     c d: 300"],
    ["names and values in turns", "a\t1\tx\t7\tb\t-2.5\tc d\t300"],
    ["InfluxDB's line protocol", 'pump,place=cellar a=1,b=-2.5,c\\ d=300i,note="a, b=7" 1700000000000000000'],
    ["colours of a terminal", "\x1b[0;32m1,-2.5,300\x1b[0m"],
    ["NUL bytes around it", "\0\0\x001,-2.5,300\0\0"],
    ["options of a telnet server before it", "\xff\xfd\x031,-2.5,300"],
  ])("may have %s", (_, line) => {
    const { ring, decoder } = receiver();
    feed(decoder, Buffer.from(`${line}\n`, "latin1"));
    const rows = takeRows(ring);
    expect(rows).toEqual([[1, -2.5, 300]]);
    expect(decoder.counts).toMatchObject({ samples: 1, damaged: 0 });
  });

  test("may have colours around its names, in each line", () => {
    const line = "\x1b[32ma\x1b[0m:1,b:-2.5,\x1b[32mc d\x1b[0m:300\n";
    const { rows, counts } = decode(line.repeat(3));
    expect(rows).toEqual([1, 2, 3].map(() => [1, -2.5, 300]));
    expect(counts).toMatchObject({ damaged: 0, rejected: 0 });
  });

  test("is not read as numbers that nobody meant", () => {
    expect(decode("1,0;-2,5;300,0\n1,0;2,5\n").rows).toEqual([[1, -2.5, 300]]);
    expect(decode("a:1,5\n").rows).toEqual([]);
    const pair = defineFields([{ name: "a" }, { name: "b" }]);
    const ring = new SampleRing(2, 8, "pause");
    const options: LineOptions = { startsAtLine: true, decimal: "comma" };
    feed(createLineDecoder(pair, ring, options), Buffer.from("20,39 7\n20,39\n"));
    expect(takeRows(ring)).toEqual([[20.39, 7]]);
  });

  test("is not joined by a minus between two numbers, which may stand for no value", () => {
    const options: LineOptions = { startsAtLine: true, columns: ["a", "b"] };
    const pair = defineFields([{ name: "a" }, { name: "b" }]);
    const rowsIn = (text: string) => {
      const ring = new SampleRing(2, 8, "pause");
      feed(createLineDecoder(pair, ring, options), Buffer.from(text));
      return takeRows(ring);
    };
    expect(rowsIn("21.5 - 40\n")).toEqual([]);
    expect(rowsIn("21.5 + 40\n21.5 - 40\n")).toEqual([
      [21.5, 40],
      [21.5, -40],
    ]);
    expect(rowsIn("- 21.5 40\n")).toEqual([[-21.5, 40]]);
  });

  test("may begin with # and a number, as frames do, where no header says that it is a comment", () => {
    const options: LineOptions = { startsAtLine: true, columns: ["_", "a", "b", "c d"] };
    const found = decode("#1,1,2,3\n#2,4,5,6\n#note,7,8,9\n# 3,7,8,9\n", options);
    expect(found.rows).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(found.counts).toMatchObject({ passedOver: 2, damaged: 0 });
    expect(decode("n,a,b,c d\n#1,1,2,3\n2,4,5,6\n", options).rows).toEqual([[4, 5, 6]]);
  });

  test("may end with CR alone, and a stream may mix all ends", () => {
    const { rows, counts } = decode("1,2,3\r4,5,6\r\n7,8,9\n\r10,11,12\r");
    expect(rows.map(([a]) => a)).toEqual([1, 4, 7, 10]);
    expect(counts).toMatchObject({ damaged: 0 });
  });

  test("has degrees as sketches print them, but no factor", () => {
    expect(decode("a = 20.5 *C, b = 2 hPa, c d = 3 m\n").rows).toEqual([[20.5, 2, 3]]);
    expect(decode("20*4,2,3\n20*,2,3\n").rows).toEqual([]);
  });

  test.each([
    ["a degree as an apostrophe", "a= 1.5 'C b= 2 %RH c d= 3"],
    ["a degree as a backtick", "a: 1.5 `C b: 2 % RH c d: 3"],
    ["units of two words", "a: 1.5 deg C, b: 2 % RH, c d: 3"],
    ["the value in other units too", "b: 2 %  a: 1.5 *C 34.7 *F c d: 3"],
    ["the value in other units at the end", "b: 2 %\tc d: 3 m 9.8 ft\ta: 1.5°C 34.7°F"],
    ["a value with its unit that no field wants", "x: 7 °C 44.6 °F a: 1.5 y: 7 % b: 2 z: 4 C c d: 3"],
  ])("may have %s beside a name", (_, line) => {
    expect(decode(`${line}\n`).rows).toEqual([[1.5, 2, 3]]);
  });

  test.each([
    ["another value that nothing names", "a: 1.5 *C 43 %, b: 2, c d: 3"],
    ["another value of the same unit", "a: 1.5 *C 2.5 *C, b: 2, c d: 3"],
    ["another value without a unit", "a: 1.5 *C 2.5, b: 2, c d: 3"],
  ])("is not read with %s", (_, line) => {
    expect(decode(`${line}\n`).rows).toEqual([]);
  });

  test("has the unit of its field, or none: another would be another number", () => {
    const { rows, counts } = decode("20C,2,3\n21C,2,3\n70F,2,3\n22,2,3\n1k,2,3\n");
    expect(rows.map(([a]) => a)).toEqual([20, 21, 22]);
    expect(counts.refused).toEqual({ unit: 1, "not-a-number": 1 });
  });
});

describe("a bad line is refused, counted by kind, and the next one read", () => {
  test.each([
    ["too few columns", "1,2", { wrongColumns: 1, damaged: 1 }],
    ["too many columns", "1,2,3,4", { wrongColumns: 1, damaged: 1 }],
    ["a word", "1,two,3", { nonNumeric: 1, damaged: 1 }],
    ["a number with a tail", "1,2abc,3", { nonNumeric: 1, damaged: 1 }],
    ["two numbers run together", "1.5.2,3,4", { nonNumeric: 1, damaged: 1 }],
    ["an empty cell", "1,,3", { rejected: 1, damaged: 0 }],
    ["an empty first cell", ",2,3", { rejected: 1, damaged: 0 }],
    ["a hexadecimal number", "1,0x10,3", { nonNumeric: 1, damaged: 1 }],
    ["a boot message", "Sensor ready", { nonNumeric: 1, damaged: 1 }],
    ["bytes of another baud rate", "\x80\xff\x00\x13\x91", { nonNumeric: 1, damaged: 1 }],
    ["nan", "1,nan,3", { rejected: 1, damaged: 0 }],
    ["inf", "1,2,-inf", { rejected: 1, damaged: 0 }],
    ["Arduino's overflow", "ovf,2,3", { rejected: 1, damaged: 0 }],
    ["a number beyond a double", "1,2,1e400", { rejected: 1, damaged: 0 }],
    ["nan and too few columns", "1,nan", { wrongColumns: 1, rejected: 0 }],
    ["more bytes than a line may have", `1,2,${"0".repeat(17_000)}3`, { tooLong: 1, damaged: 1 }],
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

  test.each([
    [3, 16_384],
    [300, 19_200],
  ])("of %i fields it is too long beyond %i bytes", (width, longest) => {
    const many = defineFields(Array.from({ length: width }, (_, field) => ({ name: `f${field}` })));
    const ring = new SampleRing(width, 2, "pause");
    const decoder = createLineDecoder(many, ring, { startsAtLine: true });
    const line = Array(width).fill(7).join(",").padStart(longest, "0");
    feed(decoder, Buffer.from(`${line}\n0${line}\n${line}\n`));
    expect(takeRows(ring)).toEqual([Array(width).fill(7), Array(width).fill(7)]);
    expect(decoder.counts).toMatchObject({ samples: 2, tooLong: 1, damaged: 1 });
  });

  test("a longest line of the user's choice holds", () => {
    const { counts } = decode("1,2,3\n1,2,345678\n", { startsAtLine: true, maximumLineBytes: 8 });
    expect(counts).toMatchObject({ samples: 1, tooLong: 1 });
  });
});

describe("a line of JSON", () => {
  test.each([
    ["unknown keys of any kind", '{"id":"x,\\"}","m":{"a":[{},[]],"s":"]"},"n":null,"a":1,"b":2,"c d":3}'],
    ["blanks everywhere", ' { "a" : 1 ,\t"b" : 2 , "c d" : 3 } \r'],
    ["true and false for 1 and 0", '{"a":true,"b":2,"c d":3,"on":false}'],
  ])("may have %s", (_, line) => {
    expect(decode(`${line}\n`).rows).toEqual([[1, 2, 3]]);
  });

  test("may escape what is not ASCII in a name, as Python does", () => {
    const named = defineFields([{ name: "Wärme" }]);
    const ring = new SampleRing(1, 8, "pause");
    const text = '{"Wärme":1}\n{"W\\u00e4rme":2}\n{"W\\u00E4rme":3}\nWärme:4\n';
    feed(createLineDecoder(named, ring, { startsAtLine: true }), Buffer.from(text));
    expect(takeRows(ring)).toEqual([[1], [2], [3], [4]]);
  });

  test("has scale and offset applied, also to true and false", () => {
    const scaled = defineFields([{ name: "a", scale: 0.5, offset: -40 }]);
    const ring = new SampleRing(1, 8, "pause");
    feed(createLineDecoder(scaled, ring, { startsAtLine: true }), Buffer.from('{"a":100}\n[false]\na:2\n'));
    expect(takeRows(ring)).toEqual([[10], [-40], [-39]]);
  });

  test("as an array has the columns of a header", () => {
    expect(decode('t,c d,b,a\n["12:00",3,2,1]\n').rows).toEqual([[1, 2, 3]]);
  });

  test.each([
    ["null, which is what serializers make of NaN", '{"a":1,"b":null,"c d":3}', { rejected: 1, damaged: 0 }],
    ["NaN as some print it", '{"a":1,"b":NaN,"c d":3}', { rejected: 1, damaged: 0 }],
    ["null in an array", "[1,null,3]", { rejected: 1, damaged: 0 }],
    ["a number in hexadecimal", '{"a":1,"b":"0x2","c d":3}', { nonNumeric: 1, damaged: 1 }],
    ["a bracket for a number", '{"a":1,"b":[2],"c d":3}', { nonNumeric: 1, damaged: 1 }],
    ["a field too few", '{"a":1,"b":2}', { rejected: 1, damaged: 0 }],
    ["no field", '{"x":1,"y":2}', { wrongColumns: 1, damaged: 1 }],
    ["a field twice", '{"a":1,"b":2,"c d":3,"a":4}', { wrongColumns: 1, damaged: 1 }],
    ["no fields at all", "{}", { wrongColumns: 1, damaged: 1 }],
    ["numbers too few", "[1,2]", { wrongColumns: 1, damaged: 1 }],
    ["numbers too many", "[1,2,3,4]", { wrongColumns: 1, damaged: 1 }],
    ["no numbers", "[]", { wrongColumns: 1, damaged: 1 }],
    ["no end", '{"a":1,"b":2,"c d":3', { nonNumeric: 1, damaged: 1 }],
    ["something after its end", '{"a":1,"b":2,"c d":3}}', { nonNumeric: 1, damaged: 1 }],
    ["a second object run into it", '{"a":1,"b"{"a":1,"b":2,"c d":3}', { nonNumeric: 1, damaged: 1 }],
    ["crossed brackets", '{"x":[{]},"a":1,"b":2,"c d":3}', { nonNumeric: 1, damaged: 1 }],
    ["a string that does not close", '{"x":"a,"b":2,"c d":3}', { nonNumeric: 1, damaged: 1 }],
    [
      "brackets deeper than 31",
      `{"x":${"[".repeat(32)}${"]".repeat(32)},"a":1,"b":2,"c d":3}`,
      { nonNumeric: 1, damaged: 1 },
    ],
  ])("is refused with %s", (_, bad, counted) => {
    const { rows, counts } = decode(`1,2,3\n${bad}\n4,5,6\n`);
    expect(rows).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(counts).toMatchObject(counted);
  });

  test("takes brackets 31 deep", () => {
    const line = `{"x":${"[".repeat(31)}${"]".repeat(31)},"a":1,"b":2,"c d":3}\n`;
    expect(decode(line).rows).toEqual([[1, 2, 3]]);
  });

  test("has its unknown keys passed over, whatever valid JSON they hold", () => {
    const plain = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 }), { maxKeys: 5 });
    fc.assert(
      fc.property(plain, (others) => {
        const line = JSON.stringify({ ...others, a: 1, b: 2, "c d": 3 });
        const { rows, counts } = decode(`${line}\n`, { startsAtLine: true, maximumLineBytes: 1e6 });
        expect({ rows, damaged: counts.damaged }).toEqual({ rows: [[1, 2, 3]], damaged: 0 });
      }),
    );
  });
});

describe("a line of pairs", () => {
  test.each([
    ["blanks around the colon", "a : 1, b:  2 ,c d :3"],
    ["a tab after the colon", "a:\t1\tb:\t2\tc d:\t3"],
    ["a separator at the end", "a:1,b:2,c d:3,"],
    ["a clock among them", "time:12:30:01 a:1 b:2 c d:3"],
    ["words among them", "state:all is well, a:1,b:2,c d:3,note:slow pump"],
  ])("may have %s", (_, line) => {
    expect(decode(`${line}\n`).rows).toEqual([[1, 2, 3]]);
  });

  test.each([
    ["a field too few", "a:1,b:2", { rejected: 1, damaged: 0 }],
    ["a field twice", "a:1,b:2,c d:3,b:2", { wrongColumns: 1, damaged: 1 }],
    ["two lines run together", "a:1,b:2a:1,b:2,c d:3", { nonNumeric: 1, damaged: 1 }],
    ["a unit after a number", "a:1 mm,b:2,c d:3", { nonNumeric: 1, damaged: 1 }],
    ["a number without a name", "a:1,2,c d:3", { nonNumeric: 1, damaged: 1 }],
    ["a name without a number", "a:,b:2,c d:3", { nonNumeric: 1, damaged: 1 }],
    ["nan", "a:1,b:nan,c d:3", { rejected: 1, damaged: 0 }],
  ])("is refused with %s", (_, bad, counted) => {
    const { rows, counts } = decode(`1,2,3\n${bad}\n4,5,6\n`);
    expect(rows).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(counts).toMatchObject(counted);
  });
});

describe("a header", () => {
  test("names a field, so that a lone number for an optional one is a value", () => {
    const ring = new SampleRing(1, 10, "drop-oldest");
    const only = defineFields([{ name: "label", optional: true }]);
    const decoder = createLineDecoder(only, ring, { startsAtLine: true });
    feed(decoder, Buffer.from("1\n2\n"));
    expect(takeRows(ring)).toEqual([[1], [2]]);
    expect(decoder.counts).toMatchObject({ headers: 0, samples: 2 });
  });

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

  test("may end with a separator, as its lines do", () => {
    expect(decode("b,a,c d,\n2,1,3,\n").rows).toEqual([[1, 2, 3]]);
  });

  test("that lacks a field has the rows below it refused, until one names them all", () => {
    const { rows, counts } = decode("b,a,x\n1,2,3\nb,a,c d\n1,2,3\n");
    expect(rows).toEqual([[2, 1, 3]]);
    expect(counts).toMatchObject({ headers: 1, refused: {} });
  });

  test("in other letters, with units, is followed", () => {
    expect(decode("C D (mm),A [s],B\n3,1,2\n").rows).toEqual([[1, 2, 3]]);
  });

  test.each([
    ["a title above it", "made by a logger\na,b,c d\n1,2,3\n", { passedOver: 1 }],
    ["units below it", "a,b,c d\ns,mm,%\n1,2,3\n", { passedOver: 1 }],
    ["an empty line below it", "a,b,c d\n\n1,2,3\n", { passedOver: 0 }],
    ["a mark of a comment before it", "# a,b,c d\n1,2,3\n", { passedOver: 0 }],
    ["comments around it", "# made by\na,b,c d\n// note\n1,2,3\n", { passedOver: 2 }],
    ["the separator above it", "sep=;\na;b;c d\n1;2;3\n", { passedOver: 1 }],
    ["a greeting of as many words above it", "BME280 is ready\na,b,c d\n1,2,3\n", { passedOver: 1 }],
    ["columns without a name at its end", "a;b;c d;;\n1;2;3;;\n;;;;\n", { passedOver: 1 }],
    ["a number of the row before each row", "a,b,c d\n7,1,2,3\n", { passedOver: 0 }],
    ["a column without a name first", ",a,b,c d\n7,1,2,3\n", { passedOver: 0 }],
  ])("may have %s", (_, text, counted) => {
    const { rows, counts } = decode(text);
    expect(rows).toEqual([[1, 2, 3]]);
    expect(counts).toMatchObject({ headers: 1, damaged: 0, ...counted });
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

  test("that comes again damaged does not take the rows below it with it; one of other names does", () => {
    const named = defineFields([{ name: "temp" }, { name: "flow" }, { name: "label" }]);
    const rowsOf = (again: string) => {
      const ring = new SampleRing(3, 10, "drop-oldest");
      const decoder = createLineDecoder(named, ring, { startsAtLine: true });
      feed(decoder, Buffer.from(`temp,flow,label\n1,2,0\n${again}\n3,4,1\n`));
      return takeRows(ring).length;
    };
    expect(["temp,flpw,label", "tem,flow,lqbel", "temp,\u0007\u0001\u0002\u0003,label"].map(rowsOf)).toEqual([
      2, 2, 2,
    ]);
    expect(["temp,level,label", "flow,power,label"].map(rowsOf)).toEqual([1, 1]);
  });

  test("still takes a header that comes first", () => {
    const { rows, counts } = decode("c d,b,a\n3,2,1\n", {});
    expect(rows).toEqual([[1, 2, 3]]);
    expect(counts).toMatchObject({ headers: 1, skipped: 0 });
  });

  test("has a first line that is too long counted as such, and the next one read", () => {
    const { rows, counts } = decode(`${"7".repeat(17_000)}\n4,5,6\n`, {});
    expect(rows).toEqual([[4, 5, 6]]);
    expect(counts).toMatchObject({ tooLong: 1, skipped: 0 });
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

  test("takes the header that a device sends when it restarts, whatever it was saying before", () => {
    const { ring, decoder } = receiver();
    feed(decoder, Buffer.from("1,2,3\n4,"));
    decoder.reset();
    feed(decoder, Buffer.from("c d,b,a\n6,5,4\n"));
    expect(takeRows(ring)).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(decoder.counts).toMatchObject({ headers: 1, skipped: 1, damaged: 0 });
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

test.each([
  ["1,nan,3", [1, Number.NaN, 3]],
  ["1,2,-inf", [1, 2, Number.NaN]],
  ["1,2,1e400", [1, 2, Number.POSITIVE_INFINITY]],
  ['{"a":1,"b":null,"c d":3}', [1, Number.NaN, 3]],
  ["a:ovf,b:2,c d:3", [Number.NaN, 2, 3]],
])("hands on a value that is not finite where someone else judges: %s", (line, row) => {
  const { ring, decoder } = receiver({ startsAtLine: true, passNonFinite: true });
  feed(decoder, Buffer.from(`7,7,7\n${line}\n`));
  expect(takeRows(ring)).toEqual([[7, 7, 7], row]);
  expect(decoder.counts).toMatchObject({ samples: 2, rejected: 0, damaged: 0 });
});

test("no noise makes a sample with a value that is not finite", () => {
  const words = ["{", "}", "[", "]", '"a":', '"b":', '"c d":', "a:", "b:", "c d:", '"', "\\", "null", "true"];
  const unit = fc.constantFrom(..."0123456789.,;-+eE \t\r\nnaif", ...words);
  const noise = fc.string({ unit, maxLength: 200 });
  fc.assert(
    fc.property(noise, (text) => {
      for (const row of decode(text).rows) expect(row.every(Number.isFinite)).toBe(true);
    }),
  );
});

test("random bytes neither throw nor count as anything but lines", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), chunkSizes, (bytes, sizes) => {
      const { decoder } = receiver();
      feedInChunks(decoder, bytes, sizes);
      const { counts } = decoder;
      expect(counts.bytes).toBe(bytes.length);
      expect(counts.samples + counts.rejected + counts.damaged + counts.headers).toBeLessThanOrEqual(
        bytes.filter((byte) => byte === 0x0a || byte === 0x0d).length,
      );
    }),
  );
});

test("refuses a ring of another width and lines too short for the fields", () => {
  expect(() => createLineDecoder(fields, new SampleRing(2, 8, "pause"))).toThrow(
    "found a ring of width 2, expected the number of fields, 3",
  );
  expect(() => receiver({ maximumLineBytes: 5 })).toThrow("set maximumLineBytes to 6 or more");
});
