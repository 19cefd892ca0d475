/** The result of recognizing a stream of bytes, whatever its framing. */
import type { DecoderCounts } from "../decoding/decoder.ts";
import type { Field } from "../decoding/fields.ts";
import type { FramingName } from "../framings/framings.ts";
import type { Observation } from "./observation.ts";

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
