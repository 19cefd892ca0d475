import { crc32 as zlibCrc32 } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type CrcParameters,
  checksum,
  crc16CcittFalse,
  crc32IsoHdlc,
  crcByName,
  createCrc,
  finishCrc,
  updateCrc,
} from "../../../src/samples/decoding/crc.ts";

const digits = Buffer.from("123456789");

/** The check values of the catalogue of parametrised CRC algorithms: the CRC of the nine digits. */
const checkValues = {
  "crc8-smbus": 0xf4,
  "crc8-maxim": 0xa1,
  "crc8-j1850": 0x4b,
  "crc16-arc": 0xbb3d,
  "crc16-modbus": 0x4b37,
  "crc16-ccitt-false": 0x29b1,
  "crc16-xmodem": 0x31c3,
  "crc16-kermit": 0x2189,
  "crc16-x25": 0x906e,
  crc32: 0xcbf43926,
  "crc32-mpeg2": 0x0376e6e7,
  crc32c: 0xe3069283,
};

test.each(Object.keys(crcByName) as (keyof typeof crcByName)[])(
  "%s has the published check value",
  (name) => {
    expect(checksum(createCrc(crcByName[name]), digits, 0, digits.length) >>> 0).toBe(checkValues[name]);
  },
);

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
