/** The result of recognizing a stream of bytes, whatever its framing. */
import type { DecoderCounts } from "../decoding/decoder.ts";
import type { Field } from "../decoding/fields.ts";
import type { FramingName } from "../framings/framings.ts";
import type { Observation } from "./observation.ts";

/** A line such as `20,39`, which may be one number or two. */
export interface OtherReading {
  example: string;
  /** It is likelier than the other: decimals begin with 0, as whole numbers do not. */
  isLikelier: boolean;
  /** The line as one number. */
  number: string;
  /** The line as two numbers. */
  numbers: readonly string[];
}

export interface RecognizedStream {
  framing: FramingName;
  /** The value of source.framing where it is more than the name, as YAML on one line. */
  framingText?: string;
  /** Proposed fields; each is a number in almost every sample. */
  fields: Field[];
  observation: Observation;
  counts: Readonly<DecoderCounts>;
  /** Share of the frames or lines that are samples, 0 to 1. */
  understood: number;
  /** The framing in words, such as `lines of commas, without names`. */
  description: string;
  /** The framing's keys in the config that differ from their defaults. */
  settings: Readonly<Record<string, string | number>>;
  /** Counts that only this framing has, each with the words after it: `[2, "sent twice"]`. */
  troubles: readonly (readonly [count: number, words: string])[];
  /** Columns that are not fields, because they do not hold a number in every sample. */
  passedOver: readonly string[];
  /** The same columns of text, each with what it holds instead. */
  leftOut?: readonly string[];
  /** The names of all columns of a line by place, `_` for one that is no field; absent where lines name their values. */
  places?: readonly string[];
  /** The columns of the clock; absent where there is none. */
  clock?: readonly string[];
  /** How the clock's dates are written, where a reader of single lines would take another order. */
  dateOrder?: "day-first" | "month-first";
  /** Of each field of text the unit of its numbers, null where it has none, [fields]. */
  units?: readonly (string | null)[];
  /** Of each field of text how many lines hold something else in it, [fields]. */
  odd?: readonly number[];
  /** Of each field of text its different values as written, if these are few; else none, [fields]. */
  words?: readonly (readonly string[])[];
  /** The first line that was refused for each reason. */
  refused?: readonly string[];
  /** What the lines would be if their commas stood before decimals; null: nothing. */
  otherReading?: OtherReading | null;
  /** What may be meant otherwise than it is read, as sentences without a full stop. */
  doubts?: readonly string[];
  /** The mark before decimals, where the other one between groups of digits would be read as that. */
  decimal?: "comma" | "point";
  /** Further results that a program may need, by name. */
  findings: Readonly<Record<string, unknown>>;
}

/**
 * Searches unknown bytes for samples of one framing.
 *
 * @param startsAtLine the bytes begin where a line begins, as those of a file do and those of a port do not
 * @returns the recognized stream; or a sentence about what the bytes resemble; or null
 */
export type Recognizer = (bytes: Uint8Array, startsAtLine: boolean) => RecognizedStream | string | null;
