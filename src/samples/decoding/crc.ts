/**
 * Cyclic redundancy checks, table-driven, in the usual notation of parametrised CRCs
 * (R. Williams, "A Painless Guide to CRC Error Detection Algorithms", 1993).
 */

/** The parameters of a CRC. `init` and `xorOut` are those of a register of `width` bits. */
export interface CrcParameters {
  /** Bits of the register, 1 to 32. */
  width: number;
  poly: number;
  init: number;
  /** Bytes are processed with their least significant bit first. */
  refIn: boolean;
  /** The register is mirrored before `xorOut`. */
  refOut: boolean;
  xorOut: number;
}

/** CRC-16/CCITT-FALSE (IBM-3740), the default checksum of a frame. */
export const crc16CcittFalse: CrcParameters = {
  width: 16,
  poly: 0x1021,
  init: 0xffff,
  refIn: false,
  refOut: false,
  xorOut: 0,
};

/** CRC-32/ISO-HDLC, the CRC of zlib, gzip and Ethernet. */
export const crc32IsoHdlc: CrcParameters = {
  width: 32,
  poly: 0x04c11db7,
  init: 0xffffffff,
  refIn: true,
  refOut: true,
  xorOut: 0xffffffff,
};

const crcOf = (
  width: number,
  poly: number,
  init: number,
  isReflected: boolean,
  xorOut: number,
): CrcParameters => ({ width, poly, init, refIn: isReflected, refOut: isReflected, xorOut });

/** The CRCs of other makers' frames, by name, with the parameters of the catalogue of G. Cook. */
export const crcByName = {
  "crc8-smbus": crcOf(8, 0x07, 0, false, 0),
  "crc8-maxim": crcOf(8, 0x31, 0, true, 0),
  "crc8-j1850": crcOf(8, 0x1d, 0xff, false, 0xff),
  "crc16-arc": crcOf(16, 0x8005, 0, true, 0),
  "crc16-modbus": crcOf(16, 0x8005, 0xffff, true, 0),
  "crc16-ccitt-false": crc16CcittFalse,
  "crc16-xmodem": crcOf(16, 0x1021, 0, false, 0),
  "crc16-kermit": crcOf(16, 0x1021, 0, true, 0),
  "crc16-x25": crcOf(16, 0x1021, 0xffff, true, 0xffff),
  crc32: crc32IsoHdlc,
  "crc32-mpeg2": crcOf(32, 0x04c11db7, 0xffffffff, false, 0),
  crc32c: crcOf(32, 0x1edc6f41, 0xffffffff, true, 0xffffffff),
} as const satisfies Readonly<Record<string, CrcParameters>>;

/**
 * A CRC with its table. Registers are signed 32-bit integers, so that no step allocates a heap number. An unmirrored
 * register uses the highest of the 32 bits at every width, so one loop serves all widths.
 */
export interface Crc {
  readonly parameters: CrcParameters;
  /** Effect of each byte value on the register, [256]. */
  readonly table: Int32Array;
  /** The register before the first byte. */
  readonly initial: number;
}

/** Creates a checksum from the parameters of Rocksoft's model, as catalogues of CRCs list them. */
export function createCrc(parameters: CrcParameters): Crc {
  const { width, poly, init, refIn } = parameters;
  const table = new Int32Array(256);
  const top = 32 - width;
  if (refIn) {
    const mirrored = mirror(poly, width);
    for (let byte = 0; byte < 256; byte++) {
      let register = byte;
      for (let bit = 0; bit < 8; bit++) register = (register >>> 1) ^ (register & 1 ? mirrored : 0);
      table[byte] = register;
    }
  } else {
    const aligned = poly << top;
    for (let byte = 0; byte < 256; byte++) {
      let register = byte << 24;
      for (let bit = 0; bit < 8; bit++) register = (register << 1) ^ (register < 0 ? aligned : 0);
      table[byte] = register;
    }
  }
  return { parameters, table, initial: refIn ? mirror(init, width) : init << top };
}

/** Returns the register after `bytes[start..end)`; begin with `crc.initial`, and process the parts in order. */
export function updateCrc(crc: Crc, register: number, bytes: Uint8Array, start: number, end: number): number {
  const table = crc.table;
  let state = register | 0;
  if (crc.parameters.refIn) {
    for (let at = start; at < end; at++) state = (state >>> 8) ^ table[(state ^ bytes[at]) & 0xff];
  } else {
    for (let at = start; at < end; at++) state = (state << 8) ^ table[(state >>> 24) ^ bytes[at]];
  }
  return state;
}

/** Returns the checksum of a register, as a signed 32-bit integer (`>>> 0` makes it unsigned). */
export function finishCrc(crc: Crc, register: number): number {
  const { width, refIn, refOut, xorOut } = crc.parameters;
  const value = refIn ? register : register >>> (32 - width);
  return (refIn === refOut ? value : mirror(value, width)) ^ xorOut;
}

/** Returns the checksum of `bytes[start..end)`, as a signed 32-bit integer. */
export function checksum(crc: Crc, bytes: Uint8Array, start: number, end: number): number {
  return finishCrc(crc, updateCrc(crc, crc.initial, bytes, start, end));
}

/** Returns the lowest `width` bits in reverse order. */
function mirror(value: number, width: number): number {
  let mirrored = 0;
  for (let bit = 0; bit < width; bit++) {
    if ((value >>> bit) & 1) mirrored |= 1 << (width - 1 - bit);
  }
  return mirrored;
}
