import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { demoFirmware } from "../../src/emulation/demo-firmware.ts";
import { parseIntelHex, readFirmware } from "../../src/emulation/hex.ts";
import { RivuletError } from "../../src/errors/errors.ts";

const flashBytes = 32768;
const endRecord = ":00000001FF";

function record(address: number, type: number, data: number[]): string {
  const bytes = [data.length, address >> 8, address & 0xff, type, ...data];
  const checksum = -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;
  return `:${[...bytes, checksum].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

const parse = (...lines: string[]) => parseIntelHex(lines.join("\n"), flashBytes, "pump.hex");

/** Pieces of a program that do not meet: each begins at a multiple of 256 of its own. */
const pieces = fc.uniqueArray(
  fc.record({
    page: fc.integer({ min: 0, max: 127 }),
    data: fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 255 }),
  }),
  { selector: ({ page }) => page, minLength: 1, maxLength: 8 },
);

describe("parseIntelHex", () => {
  test("puts every byte at its address and leaves the rest erased", () => {
    fc.assert(
      fc.property(pieces, fc.constantFrom("\n", "\r\n"), (program, lineEnd) => {
        const expected = new Uint8Array(flashBytes).fill(0xff);
        const lines = program.map(({ page, data }) => {
          expected.set(data, page * 256);
          return record(page * 256, 0, data);
        });
        const flash = parseIntelHex([...lines, endRecord, ""].join(lineEnd), flashBytes, "x");
        expect(Buffer.compare(flash, expected)).toBe(0);
      }),
    );
  });

  test("refuses a program in which any one character is damaged", () => {
    fc.assert(
      fc.property(pieces, fc.nat(), fc.constantFrom(..."0123456789abcdefg: "), (program, where, damage) => {
        const text = [
          ...program.map(({ page, data }) => record(page * 256, 0, data)),
          endRecord.toLowerCase(),
        ].join("\n");
        const at = where % text.length;
        fc.pre(text[at] !== damage && text[at] !== "\n");
        const damaged = text.slice(0, at) + damage + text.slice(at + 1);
        expect(() => parseIntelHex(damaged, flashBytes, "x")).toThrow(RivuletError);
      }),
    );
  });

  test("adds the base of extended addresses", () => {
    const bySegment = parse(record(0, 2, [0x01, 0x00]), record(0x20, 0, [1, 2]), endRecord);
    expect([...bySegment.subarray(0x1020, 0x1022)]).toEqual([1, 2]);
    const linear = parse(record(0, 2, [0x01, 0x00]), record(0, 4, [0, 0]), record(0x20, 0, [3]), endRecord);
    expect(linear[0x20]).toBe(3);
  });

  test("takes the start addresses that some compilers add", () => {
    expect(
      parse(record(0, 0, [7]), record(0, 3, [0, 0, 0, 0]), record(0, 5, [0, 0, 0, 0]), endRecord)[0],
    ).toBe(7);
  });

  test.each([
    ["a checksum", [":0100000007F9"], "line 1: found the checksum 0xf9, expected 0xf8"],
    ["a cut record", [":10000000070707"], "found 14 hexadecimal digits, expected 42"],
    ["a foreign line", ["hello"], 'begins with "h", expected ":"'],
    ["a strange digit", [":0100000x07F8"], 'found "x", expected a hexadecimal digit'],
    ["a lone colon", [":"], "found 0 hexadecimal digits, expected 10"],
    ["an unknown record", [record(0, 6, [])], "record type 0x06"],
    [
      "an address record that is too long",
      [record(0, 4, [0, 0, 0])],
      "found 3 data bytes in a record of type 4, expected 2",
    ],
    ["a byte written twice", [record(0, 0, [1, 2]), record(1, 0, [3])], "line 2: address 0x0001 is written"],
    ["a program beyond the flash", [record(0x7fff, 0, [1, 2])], "0x8000, but the flash ends at 0x7fff"],
    ["a program far beyond", [record(0, 4, [0xff, 0xff]), record(0, 0, [1])], "the flash ends at 0x7fff"],
    ["text after the end", [record(0, 0, [1]), endRecord, record(1, 0, [1])], "line 3: found text after"],
    ["a missing end", [record(0, 0, [1])], "pump.hex has no end-of-file record"],
    ["an empty program", [endRecord], "pump.hex has no data record"],
  ])("names %s", (_, lines, sentence) => {
    expect(() =>
      parse(
        ...lines,
        ...(sentence.includes("no end-of-file") || lines.includes(endRecord) ? [] : [endRecord]),
      ),
    ).toThrow(sentence);
  });
});

describe("readFirmware", () => {
  test("reads the demo's firmware", () => {
    expect(readFirmware(demoFirmware.path, flashBytes)).toHaveLength(flashBytes);
  });

  test("names a file that does not exist", () => {
    expect(() => readFirmware("/nowhere/pump.hex", flashBytes)).toThrow(
      new RivuletError(
        "firmware.invalid",
        "the firmware /nowhere/pump.hex cannot be read: there is no such file; give the path of an Intel HEX file",
      ),
    );
  });
});
