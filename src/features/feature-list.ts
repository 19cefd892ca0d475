/** Reads the list `features` of a config or a checkpoint: which transforms, each with all its options. */
import { keyError } from "../errors/errors.ts";
import { isAllowed, type Setting, settingText } from "../setting.ts";
import { suggestion } from "../wording/nearest.ts";
import { type SeriesName, seriesNames, seriesTransforms } from "./series-transforms.ts";
import { type TransformName, transformNames, transforms } from "./transforms.ts";

type OptionValue = string | number | (string | number)[];

/** A transform as a config or a checkpoint names it: its name, or `{ name: options }` where it has any. */
export type TransformDescription = string | { [name: string]: { [option: string]: OptionValue } };

/** A known transform with all its options. */
export interface Choice<Name extends string = TransformName | SeriesName> {
  name: Name;
  options: { [option: string]: OptionValue };
  /** Its place in the config, for errors. */
  path: string;
}

/** Transforms of rows and their past, then those of single rows, in the order in which they apply. */
export interface FeatureList {
  series: Choice<SeriesName>[];
  rows: Choice<TransformName>[];
}

const names: readonly string[] = [...transformNames, ...seriesNames];
const isSeries = (name: string): name is SeriesName => (seriesNames as string[]).includes(name);

/**
 * Reads a list of names, of `{ name: options }`, and of `{ name: value }` for a transform of one option.
 * @throws RivuletError naming the entry and the option that is unknown or out of range
 */
export function readFeatures(description: unknown): FeatureList {
  if (!Array.isArray(description)) {
    throw keyError(
      "config.bad-value",
      "features",
      "must be auto, or a list of transforms such as [standardize]",
    );
  }
  const list: FeatureList = { series: [], rows: [] };
  for (const [index, written] of description.entries()) {
    const choice = choiceOf(written, `features[${index}]`);
    if (!isSeries(choice.name)) list.rows.push(choice as Choice<TransformName>);
    else if (list.rows.length === 0) list.series.push(choice as Choice<SeriesName>);
    else {
      throw keyError(
        "config.conflict",
        choice.path,
        `is ${choice.name} after ${list.rows[0].name}; put ${seriesNames.join(", ")} before the transforms of single rows`,
      );
    }
  }
  return list;
}

/** A choice as `readFeatures` reads it. */
export function describeChoice({ name, options }: Pick<Choice, "name" | "options">): TransformDescription {
  return Object.keys(options).length === 0 ? name : { [name]: options };
}

/** Validates the entry of the list at `path`, and completes its options. */
function choiceOf(written: unknown, path: string): Choice {
  const name = nameOf(written);
  if (!names.includes(name)) {
    throw keyError(
      "config.unknown-key",
      path,
      `names an unknown transform "${name}"; ${suggestion(name, names)}`,
    );
  }
  const kind = { ...transforms, ...seriesTransforms }[name as TransformName | SeriesName];
  const required = "required" in kind ? (kind.required as readonly string[]) : [];
  const known = Object.entries(kind.settings as Record<string, Setting>);
  const place = `${path}.${name}`;
  const given = typeof written === "string" ? {} : optionsIn(written as object, name, known, required, place);
  const missing = required.find((option) => given[option] === undefined);
  if (missing !== undefined) {
    const setting = known.find(([option]) => option === missing)?.[1] as Setting;
    throw keyError(
      "config.missing-key",
      place,
      `lacks "${missing}"; add ${missing}: ${settingText(setting)}`,
    );
  }
  return { name: name as TransformName | SeriesName, options: completed(known, given), path: place };
}

/** The options as written, in full form or as the value of the only one that must be given. */
function optionsIn(
  written: object,
  name: string,
  known: readonly [string, Setting][],
  required: readonly string[],
  place: string,
): Record<string, OptionValue> {
  if (known.length === 0) throw keyError("config.bad-value", place, `has no options; write ${name} alone`);
  const value = (written as Record<string, unknown>)[name];
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isMap) {
    const only = known.length === 1 ? known[0] : known.find(([option]) => required.join() === option);
    if (only === undefined) {
      const options = known.map(([option]) => option).join(", ");
      throw keyError("config.bad-value", place, `must be a map of ${options}`);
    }
    requireAllowed(only[1], value, place);
    return { [only[0]]: value as OptionValue };
  }
  for (const [option, given] of Object.entries(value)) {
    const setting = known.find(([candidate]) => candidate === option)?.[1];
    if (setting === undefined) {
      const options = known.map(([candidate]) => candidate);
      throw keyError(
        "config.unknown-key",
        place,
        `has no option "${option}"; ${suggestion(option, options)}`,
      );
    }
    requireAllowed(setting, given, `${place}.${option}`);
  }
  return value as Record<string, OptionValue>;
}

/** Returns every option: the given value, else the default. */
function completed(
  known: readonly [string, Setting][],
  given: Record<string, OptionValue>,
): Record<string, OptionValue> {
  return Object.fromEntries(
    known.map(([option, setting]) => [option, given[option] ?? (setting.default as OptionValue)]),
  );
}

function requireAllowed(setting: Setting, value: unknown, path: string): void {
  if (isAllowed(setting, value)) return;
  throw keyError(
    "config.bad-value",
    path,
    `must be ${settingText(setting)}, found ${JSON.stringify(value) ?? "nothing"}`,
  );
}

/** Returns the name in `name` or `{ name: options }`. */
function nameOf(written: unknown): string {
  if (typeof written === "string") return written;
  const keys = Object.keys(written ?? {});
  return keys.length === 1 ? keys[0] : JSON.stringify(written);
}
