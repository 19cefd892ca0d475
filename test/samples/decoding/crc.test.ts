import { crc32 as zlibCrc32 } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type CrcParameters,
  checksum,
  crc16CcittFalse,
  crc32IsoHdlc,
  createCrc,
  finishCrc,
  updateCrc,
} from "../../../src/samples/decoding/crc.ts";

const digits = Buffer.from("123456789");

/** One bit at a time, as the notation defines it, in exact integers. */
function bitByBit({ width, poly, init, refIn, refOut, xorOut }: CrcParameters, bytes: Uint8Array): number {
  const top = 1n << BigInt(width - 1);
  const mask = (1n << BigInt(width)) - 1n;
  let register = BigInt(init);
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit++) {
      const one = BigInt((byte >> (refIn ? bit : 7 - bit)) & 1) === 1n;
      const carry = (register & top) !== 0n;
      register = (register << 1n) & mask;
      if (carry !== one) register ^= BigInt(poly);
    }
  }
  if (refOut) register = BigInt(`0b${[...register.toString(2).padStart(width, "0")].reverse().join("")}`);
  return Number(register ^ BigInt(xorOut));
}

const parameters = fc.integer({ min: 1, max: 32 }).chain((width) => {
  const register = fc.integer({ min: 0, max: 2 ** width - 1 });
  return fc.record({
    width: fc.constant(width),
    poly: register,
    init: register,
    refIn: fc.boolean(),
    refOut: fc.boolean(),
    xorOut: register,
  });
});

test("CRC-16/CCITT-FALSE gives the catalogue's check value", () => {
  expect(checksum(createCrc(crc16CcittFalse), digits, 0, 9)).toBe(0x29b1);
});

test("CRC-32/ISO-HDLC is the one of zlib", () => {
  const crc = createCrc(crc32IsoHdlc);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(checksum(crc, bytes, 0, bytes.length) >>> 0).toBe(zlibCrc32(bytes));
    }),
  );
});

test("the table gives what the definition gives bit by bit, for any parameters", () => {
  fc.assert(
    fc.property(parameters, fc.uint8Array({ maxLength: 40 }), (given, bytes) => {
      expect(checksum(createCrc(given), bytes, 0, bytes.length) >>> 0).toBe(bitByBit(given, bytes));
    }),
  );
});

test("bytes may come in parts", () => {
  fc.assert(
    fc.property(parameters, fc.uint8Array({ maxLength: 40 }), fc.nat(40), (given, bytes, cut) => {
      const crc = createCrc(given);
      const middle = Math.min(cut, bytes.length);
      const first = updateCrc(crc, crc.initial, bytes, 0, middle);
      const both = updateCrc(crc, first, bytes, middle, bytes.length);
      expect(finishCrc(crc, both)).toBe(checksum(crc, bytes, 0, bytes.length));
    }),
  );
});

test("only the range that is named is read", () => {
  const crc = createCrc(crc16CcittFalse);
  expect(checksum(crc, Buffer.from("xx123456789yy"), 2, 11)).toBe(0x29b1);
});
