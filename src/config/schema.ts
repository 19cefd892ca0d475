/**
 * The building blocks of the config's schema. Each key has a title, the values that it accepts and a default; validation,
 * help and the reference all read them here.
 *
 * The message of a schema is the end of a sentence that begins with the key: "source.serial.baudRate" + " must be a whole
 * number of at least 1, found the text "fast"". A message about an unknown or missing key begins with a colon.
 */
import * as v from "valibot";
import type { ErrorCode } from "../errors/codes.ts";
import { isAllowed, type Setting, settingText } from "../setting.ts";
import { alternatives } from "../wording/alternatives.ts";
import { suggestion } from "../wording/nearest.ts";
import { parseDuration } from "../wording/quantities.ts";

type Schema = v.GenericSchema;

/** The description of a key, besides the values that its schema accepts. */
export interface About {
  /** What the key sets, without a full stop. */
  title: string;
  /** The value where the key is left out, as it is written in a config. */
  default?: unknown;
  /** What happens where the key is left out, for a key without a single default. */
  otherwise?: string;
  /** How a required key may be written. */
  example?: string;
}

/** The meaning of a missing key: a default, or what happens instead. */
type LeftOut<S extends Schema> = { default: Readonly<v.InferInput<S>> } | { otherwise: string };

/** Describes a key that may be left out. */
export function optional<const S extends Schema, const L extends LeftOut<S>>(
  title: string,
  schema: S,
  leftOut: L,
): v.OptionalSchema<S, undefined> & { about: { title: string } & L } {
  return Object.assign(v.optional(schema), { about: { title, ...leftOut } });
}

/** Describes a required key; `example` ends the sentence about a missing one. */
export function required<const S extends Schema>(
  title: string,
  schema: S,
  example: string,
): S & { about: About } {
  return { ...schema, about: { title, example } };
}

/** Attaches to a schema the words for what it accepts. */
export function accepting<S extends Schema>(expectation: string, schema: S): S & { expectation: string } {
  return Object.assign(schema, { expectation });
}

/** Longest text of a config that a sentence repeats in full. */
const longestShown = 100;
const shortened = (text: string) =>
  text.length <= longestShown ? text : `${text.slice(0, longestShown)}...`;

/** Describes the found value with its type: `the text "fast"`, `the number 0`, `a list`. */
function describe(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (typeof value === "string") return `the text ${JSON.stringify(shortened(value))}`;
  if (typeof value === "number") return `the number ${value}`;
  if (typeof value === "boolean") return `the truth value ${value}`;
  return Array.isArray(value) ? "a list" : "a map";
}

/** The message of a schema that accepts `expectation`. */
export const must = (expectation: string) => (issue: { input: unknown }) =>
  ` must be ${expectation}, found ${describe(issue.input)}`;

/** Returns the error code of a validation issue. */
export function codeOf({ type, expected, path }: v.BaseIssue<unknown>): ErrorCode {
  if (type !== "strict_object") return "config.bad-value";
  if (expected === "never") return "config.unknown-key";
  return expected === JSON.stringify(path?.at(-1)?.key) ? "config.missing-key" : "config.bad-value";
}

type Key = Schema & { about: About };

/** A map with these keys and no others. */
export function map<const E extends Record<string, Key>>(entries: E) {
  const known = Object.keys(entries);
  return v.strictObject(entries, (issue) => {
    const key = String(issue.path?.at(-1)?.key ?? "");
    const code = codeOf(issue);
    if (code === "config.unknown-key") return `: unknown key "${shortened(key)}"; ${suggestion(key, known)}`;
    if (code === "config.missing-key") {
      return `: the key "${key}" is missing; add ${entries[key].about.example}`;
    }
    return must(`a map of ${known.join(", ")}`)(issue);
  });
}

/** The defaults of the keys of a map, as values. */
type DefaultsOf<E> = {
  [K in keyof E as E[K] extends { about: { default: unknown } } ? K : never]: E[K] extends {
    wrapped: infer S extends Schema;
  }
    ? v.InferOutput<S>
    : never;
};

/** Returns the parsed defaults of a map's keys that have one: durations in milliseconds, sizes in bytes. */
export function defaultsOf<E extends Record<string, Key>>({ entries }: { entries: E }): DefaultsOf<E> {
  const defaults = Object.entries(entries).flatMap(([key, entry]) =>
    entry.about.default === undefined ? [] : [[key, v.parse(entry, entry.about.default)]],
  );
  return Object.fromEntries(defaults) as DefaultsOf<E>;
}

/** A text that is not empty. */
export const text = (expectation: string) =>
  accepting(expectation, v.pipe(v.string(must(expectation)), v.nonEmpty(must(expectation))));

/** `true` or `false`. */
export const flag = accepting("true or false", v.boolean(must("true or false")));

/** How many items a list may have, and what is said of one with fewer than the minimum. */
export interface ListLimits {
  minimum?: number;
  maximum?: number;
  tooShort?: string;
}

/** A list of items. Any list of a config has at most as many items as `document-limits.ts` allows. */
export function list<const S extends Schema>(
  item: S,
  expectation: string,
  { minimum = 0, maximum = Number.POSITIVE_INFINITY, tooShort = expectation }: ListLimits = {},
) {
  const tooLong = ({ input }: { input: readonly unknown[] }) =>
    ` has ${input.length} items, expected at most ${maximum}; leave some out`;
  return accepting(
    expectation,
    v.pipe(
      v.array(item, must(expectation)),
      v.minLength(minimum, must(tooShort)),
      v.maxLength(maximum, tooLong),
    ),
  );
}

/** A whole number in a range. */
export function wholeNumber(minimum: number, maximum: number = Number.MAX_SAFE_INTEGER) {
  const expectation =
    maximum === Number.MAX_SAFE_INTEGER
      ? `a whole number of at least ${minimum}`
      : `a whole number from ${minimum} to ${maximum}`;
  const message = must(expectation);
  return accepting(
    expectation,
    v.pipe(v.number(message), v.integer(message), v.minValue(minimum, message), v.maxValue(maximum, message)),
  );
}

/** Any number but infinity and NaN. */
export const finiteNumber = accepting(
  "a number",
  v.pipe(v.number(must("a number")), v.finite(must("a finite number"))),
);

/** A number with its unit, above 0 and in the limits that `expectation` names. */
export function quantity(
  expectation: string,
  parse: (text: string) => number | null,
  [least, most] = [Number.MIN_VALUE, Number.POSITIVE_INFINITY],
) {
  const message = must(expectation);
  return accepting(
    expectation,
    v.pipe(
      v.string(message),
      v.rawTransform(({ dataset, addIssue, NEVER }) => {
        const value = parse(dataset.value);
        if (value !== null && value >= least && value <= most) return value;
        addIssue({ message: ` must be ${expectation}, found ${describe(dataset.value)}` });
        return NEVER;
      }),
    ),
  );
}

/** One of a few words. */
export const oneOf = <const T extends string>(values: readonly T[]) =>
  accepting(
    alternatives(values),
    v.picklist(values, (issue) => {
      const found = issue.input;
      const hint = typeof found === "string" ? `; ${suggestion(found, values)}` : "";
      return `${must(alternatives(values))(issue)}${hint.startsWith("; did") ? hint : ""}`;
    }),
  );

/** A value in full form (a map or a list), or a shorthand for it. */
export function either<const S extends Schema, const M extends Schema>(
  shorthand: S,
  full: M,
  isFull: (value: unknown) => boolean = isMap,
) {
  return Object.assign(
    v.lazy(
      (value): v.GenericSchema<unknown, v.InferOutput<S> | v.InferOutput<M>> =>
        isFull(value) ? full : shorthand,
    ),
    { shorthand, full },
  );
}

const isMap = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);

/** Creates the schema of a key that another part describes as plain data. */
export function settingKey(setting: Setting) {
  const expectation = settingText(setting);
  const schema = v.custom<string | number>((value) => isAllowed(setting, value), must(expectation));
  const value = setting.default as string | number;
  // An empty text or list stands for nothing.
  const isNothing = value === "" || (Array.isArray(value) && value.length === 0);
  return optional(
    setting.title,
    accepting(expectation, schema),
    isNothing ? { otherwise: "none" } : { default: value },
  );
}

/** A duration with its unit, in milliseconds once parsed. */
export const duration = (examples = "30s or 10min, up to 24d") =>
  quantity(`a duration with its unit such as ${examples}`, parseDuration);
