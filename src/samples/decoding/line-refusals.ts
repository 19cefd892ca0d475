/** Why a line is refused, in words for the log. */
import type { Refusal } from "./cell-values.ts";
import type { RefusalReason } from "./refusals.ts";

/** Reasons in the order of their numbers. What says no more than another has its number. */
const order: readonly (Refusal | "not-finite")[] = [
  ...(["columns", "not-a-number", "too-long", "not-finite", "reply"] as const),
  ...(["no-field", "twice", "unit", "no-class", "other-header", "other-logger", "quote"] as const),
];

/** The number of a reason. */
export function refusalNumber(reason: Refusal | "not-finite"): number {
  return order.indexOf(reason === "syntax" ? "not-a-number" : reason);
}

/** The reasons by their numbers, for lines of this many fields and at most this many bytes. */
export function lineReasons(fields: number, longestBytes: number): RefusalReason[] {
  const columns = fields === 1 ? "the one column" : `the ${fields} columns`;
  const sentences: Record<Exclude<Refusal, "syntax"> | "not-finite", RefusalReason> = {
    columns: {
      name: "wrongColumns",
      words: "with other columns",
      what: `a line that does not have ${columns} of source.fields`,
    },
    "not-a-number": {
      name: "notNumber",
      words: "with a value that is not a number",
      what: "a line with a value that is not a number",
    },
    "too-long": {
      name: "tooLong",
      words: "too long",
      what: `a line of more than ${longestBytes} bytes, or bytes without a line end`,
    },
    "not-finite": {
      name: "notFinite",
      words: "with a value that is not finite",
      what: "a line with a value that is missing or not finite",
    },
    reply: { name: "reply", words: "echoed by the device", what: "a reply that the device echoed" },
    "no-field": {
      name: "noField",
      words: "that lack a field",
      what: "a line that does not name all of source.fields",
    },
    twice: { name: "namedTwice", words: "that name a field twice", what: "a line that names a field twice" },
    unit: {
      name: "otherUnit",
      words: "with another unit",
      what: "a line with another unit than that of the first value of the field",
    },
    "no-class": {
      name: "noClass",
      words: "with a value that is not a class",
      what: "a line whose target is none of target.classes",
    },
    "other-header": {
      name: "otherHeader",
      words: "below a header that lacks a field",
      what: "a line below a header that names some of source.fields and lacks another",
    },
    quote: {
      name: "openQuote",
      words: "with an open quote",
      what: "a line with a quote that no line below closes",
    },
    "other-logger": {
      name: "otherLogger",
      words: "of another logger",
      what: "a line with the name of another logger or channel than that of the first samples",
    },
  };
  return order.map((reason) => sentences[reason as keyof typeof sentences]);
}
