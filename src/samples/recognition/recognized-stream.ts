/** What a recognizer says of a stream of bytes that it recognized, whatever its framing. */
import type { DecoderCounts } from "../decoding/decoder.ts";
import type { Field } from "../decoding/fields.ts";
import type { FramingName } from "../framings/framings.ts";
import type { Observation } from "./observation.ts";

export interface RecognizedStream {
  framing: FramingName;
  /** Proposed fields, every one a number in almost every sample. */
  fields: Field[];
  observation: Observation;
  counts: Readonly<DecoderCounts>;
  /** Share of the frames or lines that are samples, 0 to 1. */
  understood: number;
  /** The framing in words, such as `lines of commas, without names`. */
  description: string;
  /** The framing's keys in the config that differ from their defaults. */
  settings: Readonly<Record<string, string | number>>;
  /** Counts of this framing alone, each with words to follow it: `[2, "sent twice"]`. */
  troubles: readonly (readonly [count: number, words: string])[];
  /** Columns that are no fields, because they do not hold a number in every sample. */
  passedOver: readonly string[];
  /** What else a program may want to know, by name. */
  findings: Readonly<Record<string, unknown>>;
}

/**
 * Looks for samples of one framing in bytes of which nothing is known.
 *
 * @param startsAtLine the bytes begin where a line begins, as those of a file do and those of a port do not
 * @returns what was recognized; where there is nothing, a sentence about what the bytes almost are, or null
 */
export type Recognizer = (bytes: Uint8Array, startsAtLine: boolean) => RecognizedStream | string | null;
