import { CheckpointError } from "../errors/errors.ts";

/** Largest nesting depth of maps and arrays. A reader recurses, and must not run out of stack. */
export const maximumDepth = 32;

/**
 * Largest number of values in one message; a binary value counts as one, whatever its length. An empty map takes one byte
 * in a message and about 60 bytes in memory, so this limits the memory that a malicious message can use to about 20 MB.
 */
export const maximumValues = 1 << 18;

/**
 * Validates the structure of a message and returns the number of keys in all its maps. Allocates nothing, whatever
 * lengths the message claims; a message that passes is safe to decode.
 *
 * @param where name of the file, for error sentences
 * @throws CheckpointError when `bytes` is anything but one plain message
 */
export function checkStructure(bytes: Uint8Array, where: string): number {
  return new StructureCheck(bytes, where).check();
}

/** Walks over the values of a message by their types and lengths, and reads none. */
class StructureCheck {
  readonly #bytes: Uint8Array;
  readonly #where: string;
  #position = 0;
  #values = 0;
  #keys = 0;

  constructor(bytes: Uint8Array, where: string) {
    this.#bytes = bytes;
    this.#where = where;
  }

  check(): number {
    const { length } = this.#bytes;
    this.#value(0);
    if (this.#position !== length) this.#refuse(`it ends at byte ${this.#position} of ${length}`);
    return this.#keys;
  }

  #value(depth: number): void {
    if (depth > maximumDepth) this.#refuse(`it is nested deeper than ${maximumDepth}`);
    if (++this.#values > maximumValues) this.#refuse(`it holds more than ${maximumValues} values`);
    const type = this.#count(1);
    switch (type) {
      case 0xc0: // nil
      case 0xc2: // false
      case 0xc3: // true
        break;
      case 0xc4: // binary
      case 0xd9: // string
        this.#skip(this.#count(1));
        break;
      case 0xc5:
      case 0xda:
        this.#skip(this.#count(2));
        break;
      case 0xc6:
      case 0xdb:
        this.#skip(this.#count(4));
        break;
      case 0xcc: // unsigned
      case 0xd0: // signed
        this.#skip(1);
        break;
      case 0xcd:
      case 0xd1:
        this.#skip(2);
        break;
      case 0xca: // float
      case 0xce:
      case 0xd2:
        this.#skip(4);
        break;
      case 0xcb:
      case 0xcf:
      case 0xd3:
        this.#skip(8);
        break;
      case 0xdc:
        this.#elements(this.#count(2), depth);
        break;
      case 0xdd:
        this.#elements(this.#count(4), depth);
        break;
      case 0xde:
        this.#pairs(this.#count(2), depth);
        break;
      case 0xdf:
        this.#pairs(this.#count(4), depth);
        break;
      default:
        this.#short(type, depth);
    }
  }

  /** The types that carry a value or a length below 128 in the type itself. */
  #short(type: number, depth: number): void {
    if (type < 0x80 || type >= 0xe0) return; // an integer
    if (type < 0x90) this.#pairs(type & 0x0f, depth);
    else if (type < 0xa0) this.#elements(type & 0x0f, depth);
    else if (type < 0xc0)
      this.#skip(type & 0x1f); // a string
    else {
      const at = this.#position - 1;
      this.#refuse(`the type 0x${type.toString(16)} at byte ${at} is not part of plain MessagePack`);
    }
  }

  #elements(length: number, depth: number): void {
    this.#require(length); // an element has at least one byte
    for (let i = 0; i < length; i++) this.#value(depth + 1);
  }

  #pairs(length: number, depth: number): void {
    this.#require(2 * length);
    this.#keys += length;
    for (let i = 0; i < length; i++) {
      this.#key();
      this.#value(depth + 1);
    }
  }

  #key(): void {
    const at = this.#position;
    const type = this.#bytes[at];
    if (!((type >= 0xa0 && type < 0xc0) || (type >= 0xd9 && type <= 0xdb))) {
      this.#refuse(`the map key at byte ${at} is not a string`);
    }
    this.#value(0);
    const start = at + 1 + (type < 0xc0 ? 0 : 1 << (type - 0xd9));
    // A decoder must not assign to this name, and msgpackr would rename it.
    if (spells(this.#bytes, start, this.#position, "__proto__"))
      this.#refuse(`the map key at byte ${at} is "__proto__"`);
  }

  /** An unsigned integer of 1, 2 or 4 bytes, big-endian. */
  #count(size: number): number {
    this.#require(size);
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + this.#bytes[this.#position++];
    return value;
  }

  #skip(length: number): void {
    this.#require(length);
    this.#position += length;
  }

  #require(length: number): void {
    const left = this.#bytes.length - this.#position;
    if (length <= left) return;
    this.#refuse(
      `the value at byte ${this.#position} needs at least ${length} bytes, but only ${left} remain`,
    );
  }

  #refuse(what: string): never {
    throw new CheckpointError("checkpoint.malformed", `${this.#where} is malformed: ${what}`);
  }
}

/** Whether the bytes from `start` to `end` are `word` (ASCII). */
function spells(bytes: Uint8Array, start: number, end: number, word: string): boolean {
  if (end - start !== word.length) return false;
  for (let i = 0; i < word.length; i++) {
    if (bytes[start + i] !== word.charCodeAt(i)) return false;
  }
  return true;
}
