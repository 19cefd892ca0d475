/** The key `source` of a config as it is written: its keys, and what the columns in it amount to. */
import * as v from "valibot";
import { type FieldDescription, type FieldType, fieldBytes, mostInARow } from "../samples/decoding/fields.ts";
import { type FramingChoice, framingNames, framingSettings } from "../samples/framings/framings.ts";
import type { RingPolicy } from "../samples/ring.ts";
import { notFinitePolicies, outOfRangePolicies, stuckPolicies } from "../samples/sample-validator.ts";
import { parseDuration } from "../wording/quantities.ts";
import { replySchema } from "./reply-config.ts";
import {
  durationText,
  finiteNumber,
  map,
  must,
  oneOf,
  quantity,
  settingSchema,
  text,
  wholeNumber,
} from "./schema.ts";
import { kindOf, type SourceName, sourceNames, sourcesThat, type WrittenOrigins } from "./sources/sources.ts";

export const fieldTypes = Object.keys(fieldBytes) as FieldType[];
const queuePolicies = ["drop-oldest", "drop-newest", "pause"] as const satisfies RingPolicy[];

const fieldName = text("a column's name");
export const enoughColumns = "a list of at least two columns (something to learn from, and the target)";
const twoEnds = "two numbers such as [-40, 125]";
const fieldMap = map(
  {
    name: fieldName,
    type: v.optional(oneOf(fieldTypes)),
    scale: v.optional(finiteNumber),
    offset: v.optional(finiteNumber),
    range: v.optional(
      v.pipe(
        v.array(finiteNumber, must(twoEnds)),
        v.length(2, must(twoEnds)),
        v.transform(([low, high]): [number, number] => [low, high]),
      ),
    ),
    stuck: v.optional(wholeNumber(2, mostInARow)),
  },
  { name: "name: the column's name" },
);

/** Keys whose digits are names, not numbers. */
export const verbatim = sourceNames.flatMap((name) =>
  (kindOf(name).verbatim ?? []).flatMap((key) => [
    ["source", name, key],
    ["source", "merge", "*", name, key],
  ]),
);

const severalDevices = "a list of at least two devices, each with its port or connection and its fields";

type OriginEntries = {
  [Name in SourceName]: v.OptionalSchema<v.GenericSchema<unknown, WrittenOrigins[Name]>, undefined>;
};

/** The keys of these kinds of source. The type has the others too, which then are never there. */
const originKeys = (names: readonly SourceName[]) =>
  Object.fromEntries(names.map((name) => [name, v.optional(kindOf(name).schema)])) as OriginEntries;

type Settings = Omit<FramingChoice, "framing">;
type SettingEntries = {
  [Key in keyof Settings]: v.OptionalSchema<v.GenericSchema<unknown, Settings[Key]>, undefined>;
};

const framingKeys = {
  framing: v.optional(oneOf(framingNames)),
  ...(Object.fromEntries(
    Object.entries(framingSettings).map(([key, setting]) => [key, v.optional(settingSchema(setting))]),
  ) as SettingEntries),
};

const fieldList = v.pipe(
  v.array(
    v.lazy(
      (entry): v.GenericSchema<unknown, string | v.InferOutput<typeof fieldMap>> =>
        typeof entry === "object" && entry !== null && !Array.isArray(entry) ? fieldMap : fieldName,
    ),
    must("a list of columns"),
  ),
  v.minLength(1, must(enoughColumns)),
);

const deviceMap = map(
  { ...originKeys(sourcesThat(({ isDevice }) => isDevice)), ...framingKeys, fields: fieldList },
  { fields: "fields: the columns that this device sends" },
);

export const sourceSchema = map({
  ...originKeys(sourceNames),
  silence: v.optional(quantity(durationText, parseDuration)),
  ...framingKeys,
  fields: v.optional(fieldList),
  merge: v.optional(v.pipe(v.array(deviceMap, must(severalDevices)), v.minLength(2, must(severalDevices)))),
  maxAge: v.optional(quantity(durationText, parseDuration)),
  ignore: v.optional(v.array(fieldName, must("a list of columns"))),
  rate: v.optional(v.pipe(finiteNumber, v.gtValue(0, must("a number above 0")))),
  values: v.optional(
    map({
      notFinite: v.optional(oneOf(notFinitePolicies)),
      outOfRange: v.optional(oneOf(outOfRangePolicies)),
      stuck: v.optional(oneOf(stuckPolicies)),
      holdFor: v.optional(wholeNumber(1, mostInARow)),
    }),
  ),
  queue: v.optional(
    map({ samples: v.optional(wholeNumber(1, 2 ** 24)), whenFull: v.optional(oneOf(queuePolicies)) }),
  ),
  reply: v.optional(replySchema),
});

export type ParsedSource = v.InferOutput<typeof sourceSchema>;

export type Fields = v.InferOutput<typeof fieldList>;
export type Framed = Partial<FramingChoice> & { fields?: Fields };
export type Devices = v.InferOutput<typeof deviceMap>[];

/** A bare name in a list of columns stands for a field that is nothing but its name. */
export const fieldDescription = (field: string | FieldDescription): FieldDescription =>
  typeof field === "string" ? { name: field } : field;

export const namesOf = (fields: Fields) => fields.map((field) => fieldDescription(field).name);

/** Whether devices send the same columns in the same order, so that a sample of any of them is a sample. */
export function areAlike([first, ...others]: Devices): boolean {
  const names = String(namesOf(first.fields));
  return others.every(({ fields }) => String(namesOf(fields)) === names);
}

/** The columns of a merged sample. */
const mergedFields = (devices: Devices): Fields =>
  areAlike(devices) ? devices[0].fields : devices.flatMap(({ fields }) => fields);

/** The columns of a sample as they are written; undefined where a data file's header is to say. */
export function fieldsOf({ merge, fields }: ParsedSource): FieldDescription[] | undefined {
  return (merge === undefined ? fields : mergedFields(merge))?.map(fieldDescription);
}
