/** The key `source` of a config as written: the schema of its keys, and its columns. */
import * as v from "valibot";
import { type FieldDescription, type FieldType, fieldBytes, mostInARow } from "../samples/decoding/fields.ts";
import { unwanted } from "../samples/decoding/line-reading.ts";
import {
  describedFramings,
  detailsOf,
  type FramingChoice,
  type FramingName,
  framingNames,
  framingSettings,
  framings,
} from "../samples/framings/framings.ts";
import type { RingPolicy } from "../samples/ring.ts";
import { type ClockColumns, clockUnits, dateOrders } from "../samples/sample-clock.ts";
import { missingPolicies, outOfRangePolicies, stuckPolicies } from "../samples/sample-validator.ts";
import { alternatives } from "../wording/alternatives.ts";
import { parseRate } from "../wording/quantities.ts";
import { replySchema } from "./reply-config.ts";
import {
  type About,
  accepting,
  defaultsOf,
  duration,
  either,
  finiteNumber,
  flag,
  list,
  map,
  must,
  oneOf,
  optional,
  quantity,
  required,
  settingKey,
  text,
  wholeNumber,
} from "./schema.ts";
import { kindOf, type SourceName, sourceNames, sourcesThat, type WrittenOrigins } from "./sources/sources.ts";

export const fieldTypes = Object.keys(fieldBytes) as FieldType[];
const queuePolicies = ["drop-oldest", "drop-newest", "pause"] as const satisfies RingPolicy[];

const fieldName = text("a column's name");
export const enoughColumns = "a list of at least two columns (something to learn from, and the target)";
const twoEnds = "two numbers such as [-40, 125]";
/** The place of a column in a line. */
const place = wholeNumber(0, 10_000);
const fieldMap = map({
  name: required("Name of the column", fieldName, "name: the column's name"),
  type: optional("Number type in a frame", oneOf(fieldTypes), {
    otherwise: "f32 where the framing is text; binary framings need it",
  }),
  scale: optional("Scale: value = number sent * scale + offset", finiteNumber, { default: 1 }),
  offset: optional("Offset: value = number sent * scale + offset", finiteNumber, { default: 0 }),
  range: optional(
    "Smallest and largest plausible value, see source.values.outOfRange",
    accepting(
      twoEnds,
      v.pipe(
        v.array(finiteNumber, must(twoEnds)),
        v.length(2, must(twoEnds)),
        v.transform(([low, high]): [number, number] => [low, high]),
      ),
    ),
    { otherwise: "any finite number" },
  ),
  missing: optional(
    "Numbers that the device sends where it has no value, such as -999",
    list(finiteNumber, "a list of numbers such as [-999, 85]"),
    { otherwise: "none" },
  ),
  clock: optional(
    "Whether it may be a clock, which is not learned from; false: learn from it even where it rises like one",
    flag,
    { default: true },
  ),
  stuck: optional(
    "Number of equal values in a row after which the sensor counts as stuck, see source.values.stuck",
    wholeNumber(2, mostInARow),
    { otherwise: "never" },
  ),
});

/** Paths of keys whose values stay text even if they look like numbers. */
export const verbatim = sourceNames.flatMap((name) =>
  (kindOf(name).verbatim ?? []).flatMap((key) => [
    ["source", name, key],
    ["source", "merge", "*", name, key],
  ]),
);

const severalDevices = "a list of at least two devices, each with its port or connection and its fields";

type OriginEntries = {
  [Name in SourceName]: v.OptionalSchema<v.GenericSchema<unknown, WrittenOrigins[Name]>, undefined> & {
    about: About;
  };
};

const anotherSource = { otherwise: "another source is named" };

/** The keys of these kinds of source. The type contains the other kinds too, which are then always missing. */
const originKeys = (names: readonly SourceName[]) =>
  Object.fromEntries(
    names.map((name) => {
      const { title, schema } = kindOf(name);
      return [name, optional(title, schema, anotherSource)];
    }),
  ) as unknown as OriginEntries;

type Settings = Omit<FramingChoice, "framing" | "details">;
type SettingEntries = {
  [Key in keyof Settings]: v.OptionalSchema<v.GenericSchema<unknown, Settings[Key]>, undefined> & {
    about: About;
  };
};

/** A framing as written where it is described: `{ blocks: { end: ---- } }`; one of its keys is given. */
type WrittenDetails = { [Name in FramingName]?: FramingName | Record<string, unknown> };

const blockFormats = framingNames.filter((name) => framings[name].unit === "blocks" && name !== "blocks");
const anotherFraming = { otherwise: "another framing is chosen" };
const framingMap = map(
  Object.fromEntries(
    describedFramings.map((name) => {
      const keys = map(
        Object.fromEntries(
          Object.entries(detailsOf(name) ?? {}).map(([key, setting]) => [key, settingKey(setting)]),
        ),
      );
      const schema = name === "blocks" ? either(oneOf(blockFormats), keys) : keys;
      return [name, optional(framings[name].title, schema, anotherFraming)];
    }),
  ),
) as unknown as v.GenericSchema<unknown, WrittenDetails>;

const framingKeys = {
  framing: optional(
    "How samples are encoded as bytes; blocks and binary are described by a map",
    either(oneOf(framingNames), framingMap),
    { default: "frames" },
  ),
  ...(Object.fromEntries(
    Object.entries(framingSettings).map(([key, setting]) => [key, settingKey(setting)]),
  ) as unknown as SettingEntries),
};

const fieldList = list(either(fieldName, fieldMap), "a list of columns", {
  minimum: 1,
  tooShort: enoughColumns,
});

const deviceMap = map({
  ...originKeys(sourcesThat(({ isDevice }) => isDevice)),
  ...framingKeys,
  fields: required(
    "Columns that the device sends, in order",
    fieldList,
    "fields: the columns that this device sends",
  ),
});

/** What each policy does with a sample that has an impossible value. */
const policyMeanings = {
  skip: "skip (leave the sample out)",
  clamp: "clamp (take the nearer end of the range)",
  hold: "hold (repeat the last good value)",
  alarm: "alarm (learn from it all the same)",
  absent: "absent (take the mean of the field so far)",
};
const policies = <const P extends keyof typeof policyMeanings>(names: readonly P[]) =>
  accepting(alternatives(names.map((name) => policyMeanings[name])), oneOf(names));

const valuesMap = map({
  missing: optional("Samples that lack a value, or have one that is not finite", policies(missingPolicies), {
    default: "skip",
  }),
  notFinite: optional("The old name of missing", policies(missingPolicies), { otherwise: "missing" }),
  outOfRange: optional("Samples with a value outside the range of its field", policies(outOfRangePolicies), {
    default: "skip",
  }),
  indicator: optional(
    "With absent: whether the learner gets a second input for each column, 1 where its value was missing and 0 elsewhere",
    flag,
    { default: false },
  ),
  stuck: optional("Samples with a value of a stuck sensor", policies(stuckPolicies), { default: "alarm" }),
  holdFor: optional(
    "Number of samples in a row for which hold repeats the last good value; then they are skipped",
    wholeNumber(1, mostInARow),
    { default: 10 },
  ),
});

const clockNames = either(
  fieldName,
  list(fieldName, "the column of a clock, or those of date and time of day", { minimum: 1, maximum: 2 }),
  Array.isArray,
);
const timeMap = map({
  column: required(
    "The column with the time, or a list of those with the date and the time of day",
    clockNames,
    "column: the name of the column",
  ),
  unit: optional(
    "Unit of a time that is a number; auto goes by its size and its name",
    oneOf(["auto", ...(Object.keys(clockUnits) as (keyof typeof clockUnits)[])]),
    { default: "auto" },
  ),
  dateOrder: optional(
    "Which number of a date such as 10/03/2024 comes first; auto goes by the dates, and takes the day until one shows it; in a single column 18.05.10 is a time of day with auto, a date otherwise, unless the column's name says it",
    oneOf(dateOrders),
    { default: "auto" },
  ),
});

const queueMap = map({
  samples: optional("Number of samples that may wait for training", wholeNumber(1, 2 ** 24), {
    default: 1024,
  }),
  whenFull: optional("What happens to a sample when the buffer is full", oneOf(queuePolicies), {
    otherwise: "drop-oldest from a device, pause from a file or a pipe",
  }),
});

const rateText = 'text such as "1/10min", "10 per min", "1.6 kHz" or "every hour"';
const sampleRate = either(
  accepting(
    "a number above 0",
    v.pipe(
      v.number(must(`a number above 0, a second, or ${rateText}`)),
      v.finite(must("a finite number")),
      v.gtValue(0, must(`a number above 0, or ${rateText}`)),
    ),
  ),
  quantity(`a number above 0, or ${rateText}`, parseRate),
  (value) => typeof value === "string",
);

export const sourceSchema = map({
  ...originKeys(sourceNames),
  silence: optional("Time without a byte after which a port or connection is opened again", duration(), {
    otherwise: "never",
  }),
  ...framingKeys,
  fields: optional(
    "Columns that are sent, in order; a bare name is a field without other keys, _ a column that is not wanted",
    fieldList,
    { otherwise: "the header of a data file names them" },
  ),
  merge: optional(
    "Several devices, whose samples are merged by time",
    list(deviceMap, severalDevices, { minimum: 2, maximum: 64 }),
    anotherSource,
  ),
  maxAge: optional("Oldest sample of another device that may complete a merged sample", duration(), {
    default: "10s",
  }),
  time: optional(
    "Clock of the device: the column whose value is a sample's time, not something to learn from; header: the clock in the header of frames",
    either(clockNames, timeMap),
    { otherwise: "the time at which a sample arrives" },
  ),
  ignore: optional(
    "Columns that are neither features nor target, by name, or by place from 0",
    list(
      either(fieldName, place, (value) => typeof value === "number"),
      "a list of columns",
    ),
    { otherwise: "none" },
  ),
  rate: optional(
    "Expected samples per second; the log warns below half and above twice this rate. A file is read faster: there it says how much time is between two rows",
    sampleRate,
    { otherwise: "any" },
  ),
  values: optional("What happens to samples with implausible values", valuesMap, {
    otherwise: "the defaults of its keys",
  }),
  queue: optional("The buffer between reading and training", queueMap, {
    otherwise: "the defaults of its keys",
  }),
  reply: optional("What is sent back to the device", replySchema, { otherwise: "nothing" }),
});

/** The defaults of a source that are single values; each kind of source has its own defaults. */
export const sourceDefaults = {
  ...defaultsOf(sourceSchema),
  values: defaultsOf(valuesMap),
  queue: defaultsOf(queueMap),
};

/** A source as written, after validation of its single values. */
export type ParsedSource = v.InferOutput<typeof sourceSchema>;

/** A list of columns as written. */
export type Fields = v.InferOutput<typeof fieldList>;
/** The framing and columns of a source or a device as written. */
export type Framed = Partial<Settings> & { framing?: FramingName | WrittenDetails; fields?: Fields };

/** Returns the name of a framing as written, and what describes it with every default. */
export function framingOf(written: Framed["framing"] = sourceDefaults.framing as FramingName): {
  framing: FramingName;
  details: Record<string, unknown> | null;
} {
  const [[name, value]] =
    typeof written === "string" ? [[written, {}]] : (Object.entries(written) as [FramingName, unknown][]);
  if (typeof value === "string") return { framing: value as FramingName, details: null };
  const settings = detailsOf(name as FramingName);
  if (settings === undefined) return { framing: name as FramingName, details: null };
  const defaults = Object.entries(settings).map(([key, setting]) => [key, setting.default]);
  return { framing: name as FramingName, details: { ...Object.fromEntries(defaults), ...(value as object) } };
}
/** The devices of source.merge as written. */
export type Devices = v.InferOutput<typeof deviceMap>[];

/** Returns a column as a map; a bare name is a shorthand for a field with only a name. */
export const fieldDescription = (field: string | FieldDescription): FieldDescription =>
  typeof field === "string" ? { name: field } : field;

/** Returns the names of the columns that are wanted. */
export const namesOf = (fields: Fields) => wantedOf(fields).map(({ name }) => name);

const wantedOf = (fields: Fields) => fields.map(fieldDescription).filter(({ name }) => name !== unwanted);

/** Returns the names of all columns by place, `_` for one that is not wanted; undefined where all are. */
export function placesOf(
  fields: Fields,
  ignore: readonly (string | number)[] = [],
  hasClock = false,
): string[] | undefined {
  const names = fields.map((field) => fieldDescription(field).name);
  const ignored = new Set(ignore.filter((column) => typeof column === "number"));
  // A clock that is no field has no place, so that only lines with names or below a header have it.
  if (ignored.size === 0 && !names.includes(unwanted) && !hasClock) return undefined;
  const places: string[] = [];
  for (let next = 0; next < names.length || ignored.has(places.length); ) {
    places.push(ignored.has(places.length) ? unwanted : names[next++]);
  }
  return places;
}

/** Whether all devices send the same columns in the same order, so that a sample of any device is complete. */
export function areAlike([first, ...others]: Devices): boolean {
  const names = String(namesOf(first.fields));
  return others.every(({ fields }) => String(namesOf(fields)) === names);
}

/** The columns of a merged sample. */
const mergedFields = (devices: Devices): Fields =>
  areAlike(devices) ? devices[0].fields : devices.flatMap(({ fields }) => fields);

/**
 * Returns the columns of a sample as written, without its clock; undefined where the header of a data file names them.
 */
export function fieldsOf({ merge, fields, time }: ParsedSource): FieldDescription[] | undefined {
  const all = merge === undefined ? fields : mergedFields(merge);
  const clock = clockOf(time)?.columns ?? [];
  return all && wantedOf(all).filter(({ name }) => !clock.includes(name));
}

/** Returns the columns that are the clock of a source, with every default; null where it has none. */
export function clockOf(time: ParsedSource["time"]): ClockColumns | null {
  if (time === undefined) return null;
  const written = typeof time === "string" || Array.isArray(time) ? { column: time } : time;
  const { column, ...others } = written;
  return { columns: [column].flat(), ...defaultsOf(timeMap), ...others };
}
