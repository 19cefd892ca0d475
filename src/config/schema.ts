/**
 * The words that the config's schema is written in. Each schema's message is the end of a sentence that begins with
 * the key: "source.serial.baudRate" + " must be a whole number of at least 1, found the text "fast"". Messages about
 * a key that is unknown or missing begin with a colon instead.
 */
import * as v from "valibot";
import type { ErrorCode } from "../errors/codes.ts";
import { isAllowed, type Setting, settingText } from "../setting.ts";
import { alternatives } from "../wording/alternatives.ts";
import { suggestion } from "../wording/nearest.ts";

/** The found value, short, with its type: `the text "fast"`, `the number 0`, `a list`. */
function describe(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (typeof value === "string") return `the text ${JSON.stringify(value)}`;
  if (typeof value === "number") return `the number ${value}`;
  if (typeof value === "boolean") return `the truth value ${value}`;
  return Array.isArray(value) ? "a list" : "a map";
}

export const must = (expectation: string) => (issue: { input: unknown }) =>
  ` must be ${expectation}, found ${describe(issue.input)}`;

/** What kind of error an issue is. */
export function codeOf({ type, expected, path }: v.BaseIssue<unknown>): ErrorCode {
  if (type !== "strict_object") return "config.bad-value";
  if (expected === "never") return "config.unknown-key";
  return expected === JSON.stringify(path?.at(-1)?.key) ? "config.missing-key" : "config.bad-value";
}

type Entries = Record<string, v.GenericSchema>;

/** A map with these keys only; `examples` says of a missing key what it might hold. */
export function map<const E extends Entries>(entries: E, examples: { [K in keyof E]?: string } = {}) {
  const known = Object.keys(entries);
  return v.strictObject(entries, (issue) => {
    const key = String(issue.path?.at(-1)?.key ?? "");
    const code = codeOf(issue);
    if (code === "config.unknown-key") return `: unknown key "${key}"; ${suggestion(key, known)}`;
    if (code === "config.missing-key") {
      return `: the key "${key}" is missing${examples[key] ? `; add ${examples[key]}` : ""}`;
    }
    return must(`a map of ${known.join(", ")}`)(issue);
  });
}

export const text = (expectation: string) =>
  v.pipe(v.string(must(expectation)), v.nonEmpty(must(expectation)));

export function wholeNumber(minimum: number, maximum: number = Number.MAX_SAFE_INTEGER) {
  const expectation =
    maximum === Number.MAX_SAFE_INTEGER
      ? `a whole number of at least ${minimum}`
      : `a whole number from ${minimum} to ${maximum}`;
  const message = must(expectation);
  return v.pipe(
    v.number(message),
    v.integer(message),
    v.minValue(minimum, message),
    v.maxValue(maximum, message),
  );
}

export const finiteNumber = v.pipe(v.number(must("a number")), v.finite(must("a finite number")));

/** A number with its unit, above 0 and in the limits that `expectation` names. */
export function quantity(
  expectation: string,
  parse: (text: string) => number | null,
  [least, most] = [Number.MIN_VALUE, Number.POSITIVE_INFINITY],
) {
  const message = must(expectation);
  return v.pipe(
    v.string(message),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const value = parse(dataset.value);
      if (value !== null && value >= least && value <= most) return value;
      addIssue({ message: ` must be ${expectation}, found ${describe(dataset.value)}` });
      return NEVER;
    }),
  );
}

export const oneOf = <const T extends string>(values: readonly T[]) =>
  v.picklist(values, (issue) => {
    const found = issue.input;
    const hint = typeof found === "string" ? `; ${suggestion(found, values)}` : "";
    return `${must(alternatives(values))(issue)}${hint.startsWith("; did") ? hint : ""}`;
  });

/** The schema of a key that another part describes as plain data. */
export function settingSchema(setting: Setting): v.GenericSchema<unknown, string | number> {
  const message = must(settingText(setting));
  return v.pipe(
    v.custom<string | number>((value) => isAllowed(setting, value), message),
    v.title(setting.title),
  );
}

/** What is expected where a duration is. */
export const durationText = "a duration with its unit such as 30s or 10min, up to 24d";
