/** Reads Intel HEX, the format in which compilers for microcontrollers write a program. */
import { readFileSync } from "node:fs";
import { RivuletError } from "../errors/errors.ts";
import { reasonOf } from "../errors/system-error.ts";

/** Value of an erased flash cell. */
const erased = 0xff;

const dataRecord = 0;
const endOfFile = 1;
const extendedSegmentAddress = 2;
const startSegmentAddress = 3;
const extendedLinearAddress = 4;
const startLinearAddress = 5;

/** Data bytes of each type of record; the length of data records varies. */
const bytesOfRecord: Record<number, number> = {
  [endOfFile]: 0,
  [extendedSegmentAddress]: 2,
  [startSegmentAddress]: 4,
  [extendedLinearAddress]: 2,
  [startLinearAddress]: 4,
};

const hexadecimal = (value: number, digits: number) => `0x${value.toString(16).padStart(digits, "0")}`;

/**
 * Returns the flash image that an Intel HEX text describes, [flashBytes]; cells that no record writes are erased.
 * Start addresses (record types 3 and 5) are checked and have no effect: an AVR starts at 0.
 *
 * @param name name of the text in messages, usually its path
 * @throws RivuletError naming the line, unless the text is a complete, undamaged program that fits the flash
 */
export function parseIntelHex(text: string, flashBytes: number, name: string): Uint8Array {
  const flash = new Uint8Array(flashBytes).fill(erased);
  const written = new Uint8Array(flashBytes);
  let base = 0;
  let ended = false;

  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "") continue;
    const refuse = (complaint: string): never => {
      throw new RivuletError(
        "firmware.invalid",
        `${name}, line ${index + 1}: ${complaint}; build the firmware again`,
      );
    };
    if (ended) refuse("found text after the end-of-file record, expected none");
    const record = recordBytes(line, refuse);
    const dataBytes = record[0];
    const type = record[3];
    const data = record.subarray(4, 4 + dataBytes);

    if (type === dataRecord) {
      const start = base + record[1] * 256 + record[2];
      if (start + dataBytes > flashBytes) {
        refuse(
          `the program reaches address ${hexadecimal(start + dataBytes - 1, 4)}, but the flash ends at ` +
            hexadecimal(flashBytes - 1, 4),
        );
      }
      for (let i = 0; i < dataBytes; i++) {
        if (written[start + i]) refuse(`address ${hexadecimal(start + i, 4)} is written a second time`);
        written[start + i] = 1;
      }
      flash.set(data, start);
      continue;
    }
    const expected = bytesOfRecord[type];
    if (expected === undefined)
      refuse(`found record type ${hexadecimal(type, 2)}, expected 0 to 5 of Intel HEX`);
    if (dataBytes !== expected)
      refuse(`found ${dataBytes} data bytes in a record of type ${type}, expected ${expected}`);
    if (type === endOfFile) ended = true;
    if (type === extendedSegmentAddress) base = (data[0] * 256 + data[1]) * 16;
    if (type === extendedLinearAddress) base = (data[0] * 256 + data[1]) * 65536;
  }
  if (!ended) {
    throw new RivuletError(
      "firmware.invalid",
      `${name} has no end-of-file record, so it is incomplete; build the firmware again`,
    );
  }
  if (!written.includes(1)) {
    throw new RivuletError(
      "firmware.invalid",
      `${name} has no data record, expected a program; build the firmware again`,
    );
  }
  return flash;
}

/** The bytes of one record: count, address (2), type, data, checksum. */
function recordBytes(line: string, refuse: (complaint: string) => never): Uint8Array {
  if (!line.startsWith(":")) refuse(`found a record that begins with "${line[0]}", expected ":"`);
  const digits = line.slice(1);
  const strange = digits.match(/[^0-9a-fA-F]/);
  if (strange) refuse(`found "${strange[0]}", expected a hexadecimal digit`);
  const bytes = Uint8Array.from({ length: digits.length >> 1 }, (_, i) =>
    Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  );
  const expected = 2 * (5 + (bytes[0] ?? 0));
  if (digits.length !== expected) {
    refuse(`found ${digits.length} hexadecimal digits, expected ${expected} by the record's byte count`);
  }
  const found = bytes[bytes.length - 1];
  const sum = bytes.subarray(0, -1).reduce((total, byte) => total + byte, 0);
  const checksum = -sum & 0xff;
  if (found !== checksum) {
    refuse(`found the checksum ${hexadecimal(found, 2)}, expected ${hexadecimal(checksum, 2)}`);
  }
  return bytes;
}

/**
 * Reads a firmware file in Intel HEX into a flash image, [flashBytes].
 *
 * @throws RivuletError when the file cannot be read, or is not a complete program that fits the flash
 */
export function readFirmware(path: string, flashBytes: number): Uint8Array {
  let text: string;
  try {
    text = readFileSync(path, "latin1");
  } catch (error) {
    throw new RivuletError(
      "firmware.invalid",
      `the firmware ${path} cannot be read: ${reasonOf(error)}; give the path of an Intel HEX file`,
      { cause: error },
    );
  }
  return parseIntelHex(text, flashBytes, path);
}
