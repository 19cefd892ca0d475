/**
 * NMEA 0183 sentences, as receivers of satellites, weather and depth send them: `$GPRMC,...*6A`, whose two digits are
 * the exclusive or of all between `$` and `*`. A field is named by its sentence, whoever talks, and its place: `RMC.7`;
 * in common sentences it has a name: `RMC.speed`. Latitude and longitude become degrees, south and west negative.
 * Sentences take turns: a sample is complete when each field has a value.
 */
import { asterisk, comma, point } from "../decoding/ascii.ts";
import { BlockFormat, damagedLine, pairLine, passedLine } from "../decoding/blocks.ts";
import { readDecimal } from "../decoding/decimal.ts";
import { blockFraming } from "./block-framing.ts";

const dollar = 0x24;
const zero = 0x30;
const south = 0x53;
const west = 0x57;
/** Letters of the talker before the name of the sentence: GP, GN, II. */
const talkerLetters = 2;
const sentenceLetters = 3;
/** Longest sentence of the standard has 82 bytes; more cells than that cannot be. */
const mostCells = 82;

/** Names of the fields of common sentences, by place; empty: it has none. */
export const sentenceFields: Readonly<Record<string, readonly string[]>> = {
  RMC: ["time", "status", "latitude", "", "longitude", "", "speed", "course", "date"],
  GGA: ["time", "latitude", "", "longitude", "", "fix", "satellites", "hdop", "altitude"],
  GLL: ["latitude", "", "longitude"],
  VTG: ["course", "", "magneticCourse", "", "knots", "", "kmh"],
  HDT: ["heading"],
  HDG: ["heading"],
  DPT: ["depth", "offset"],
  DBT: ["feet", "", "metres"],
  MTW: ["temperature"],
  MWV: ["angle", "reference", "speed"],
};

/** The name of a field: that of its sentence, and its own or its place, from 1. */
export function nmeaName(sentence: string, place: number): string {
  return `${sentence}.${sentenceFields[sentence]?.[place - 1] || place}`;
}

/** Whether a field holds degrees and minutes, and the next one the letter of the direction. */
const isAngle = (sentence: string, place: number) =>
  /^(lat|long)itude$/.test(sentenceFields[sentence]?.[place - 1] ?? "");

/** The fields of one sentence. */
interface SentenceCells {
  letters: Uint8Array;
  /** Names by place, from 1, [mostCells + 1]. */
  names: readonly Uint8Array[];
  angles: readonly boolean[];
}

const encoder = new TextEncoder();

function cellsOf(sentence: string, wanted: ReadonlySet<string>): SentenceCells {
  const places = Array.from({ length: mostCells + 1 }, (_, place) => place);
  const nameOf = (place: number) => {
    const byPlace = `${sentence}.${place}`;
    return wanted.has(byPlace) ? byPlace : nmeaName(sentence, place);
  };
  return {
    letters: encoder.encode(sentence),
    names: places.map((place) => encoder.encode(nameOf(place))),
    angles: places.map((place) => isAngle(sentence, place)),
  };
}

/** Reads sentences; only those that a field is named after are looked at. */
export class Sentences extends BlockFormat {
  readonly takesTurns = true;
  override readonly damageSpoils = false;
  readonly #sentences: readonly SentenceCells[];
  #sentence: SentenceCells | null = null;
  #end = 0;
  #place = 0;
  #cellStart = 0;
  #cellEnd = 0;

  /** @param wanted names of the fields, such as RMC.speed */
  constructor(wanted: readonly string[]) {
    super();
    const sentences = new Set(wanted.map((name) => name.split(".")[0]));
    this.#sentences = [...sentences].map((sentence) => cellsOf(sentence, new Set(wanted)));
  }

  readLine(bytes: Uint8Array, start: number, end: number): number {
    // Behind the rest of a torn sentence, another may follow.
    let begin = end - 1;
    while (begin >= start && bytes[begin] !== dollar) begin--;
    if (begin < start) return passedLine;
    let sum = 0;
    let at = begin + 1;
    while (at < end && bytes[at] !== asterisk) sum ^= bytes[at++];
    if (at + 2 >= end || 16 * digit(bytes[at + 1]) + digit(bytes[at + 2]) !== sum) return damagedLine;
    const letters = begin + 1 + talkerLetters;
    this.#sentence = this.#find(bytes, letters, at);
    if (this.#sentence === null) return passedLine;
    this.#end = at;
    this.#place = 0;
    this.#cellEnd = letters + sentenceLetters;
    return this.next(bytes) ? pairLine : passedLine;
  }

  override next(bytes: Uint8Array): boolean {
    if (this.#cellEnd >= this.#end || this.#place === mostCells) return false;
    this.#place++;
    this.#cellStart = this.#cellEnd + 1;
    let at = this.#cellStart;
    while (at < this.#end && bytes[at] !== comma) at++;
    this.#cellEnd = at;
    const name = (this.#sentence as SentenceCells).names[this.#place];
    this.name = name;
    this.nameStart = 0;
    this.nameEnd = name.length;
    this.valueStart = this.#cellStart;
    this.valueEnd = at;
    return true;
  }

  override compute(bytes: Uint8Array): boolean {
    if (!(this.#sentence as SentenceCells).angles[this.#place]) return false;
    const { computed } = this;
    let pointAt = this.#cellStart;
    while (pointAt < this.#cellEnd && bytes[pointAt] !== point) pointAt++;
    // Degrees, then two digits of minutes before the point.
    const minutes = pointAt - 2;
    if (
      minutes <= this.#cellStart ||
      readDecimal(bytes, minutes, this.#cellEnd, computed, 0) !== this.#cellEnd
    ) {
      return false;
    }
    let degrees = 0;
    for (let at = this.#cellStart; at < minutes; at++) degrees = 10 * degrees + bytes[at] - zero;
    const letter = this.#cellEnd + 1 < this.#end ? bytes[this.#cellEnd + 1] : 0;
    computed[0] = (degrees + computed[0] / 60) * (letter === south || letter === west ? -1 : 1);
    return true;
  }

  #find(bytes: Uint8Array, start: number, end: number): SentenceCells | null {
    if (start + sentenceLetters >= end || bytes[start + sentenceLetters] !== comma) return null;
    for (let index = 0; index < this.#sentences.length; index++) {
      const { letters } = this.#sentences[index];
      let at = 0;
      while (at < letters.length && bytes[start + at] === letters[at]) at++;
      if (at === letters.length) return this.#sentences[index];
    }
    return null;
  }
}

function digit(byte: number): number {
  return byte <= 0x39 ? byte - zero : (byte | 0x20) - 0x57;
}

/** The framing of receivers of GPS and of instruments on ships. */
export const nmea = blockFraming(
  "NMEA 0183 sentences with their checksum; fields are named RMC.speed, or RMC.7 by place",
  (_, fields) => new Sentences(fields.map(({ name }) => name)),
);
