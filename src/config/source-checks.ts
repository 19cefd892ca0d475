/** What is wrong with a source that no single value of it shows: keys that contradict or need each other. */

import { defineFields, type FieldDescription } from "../samples/decoding/fields.ts";
import { framingSettings, framings, framingsWith } from "../samples/framings/framings.ts";
import { alternatives, anyOf } from "../wording/alternatives.ts";
import type { ConfigErrors } from "./config-errors.ts";
import { type KeyPath, pathName } from "./document.ts";
import { checkReply } from "./reply-config.ts";
import {
  areAlike,
  type Framed,
  fieldDescription,
  fieldsOf,
  fieldTypes,
  namesOf,
  type ParsedSource,
  sourceDefaults,
} from "./source-schema.ts";
import { kindOf, sourceNames, sourcesThat } from "./sources/sources.ts";

/** Keys of other framings than the one that is chosen. */
function checkFramingKeys(path: KeyPath, framed: Framed, errors: ConfigErrors): void {
  const framing = framed.framing ?? sourceDefaults.framing;
  for (const key of Object.keys(framingSettings)) {
    if (framed[key as keyof Framed] === undefined || key in framings[framing].settings) continue;
    const owners = framingsWith(key);
    errors.conflict(
      [...path, key],
      ` belongs to ${anyOf(owners)}: take it out, or choose framing: ${owners[0]}`,
    );
  }
}

const otherTypes = fieldTypes.filter((type) => type !== "f32");

function checkTypes(path: KeyPath, { framing, fields = [] }: Framed, errors: ConfigErrors): void {
  if (!framings[framing ?? sourceDefaults.framing].isBinary) return;
  fields.map(fieldDescription).forEach(({ name, type }, index) => {
    if (type !== undefined) return;
    errors.add(
      "config.missing-key",
      [...path, "fields", index],
      ` needs a type, because frames are binary: { name: ${name}, type: f32 }, or ${alternatives(otherTypes)}`,
    );
  });
}

function checkMerge(source: ParsedSource, errors: ConfigErrors): void {
  for (const key of ["fields", ...framingKeys]) {
    if (source[key as keyof ParsedSource] === undefined) continue;
    errors.conflict(["source", key], " belongs to each device of source.merge: move it there");
  }
  const devices = source.merge ?? [];
  devices.forEach((device, index) => {
    const path = ["source", "merge", index];
    const names = sourceNames.filter((name) => device[name] !== undefined);
    if (names.length !== 1) {
      errors.add(
        "config.missing-key",
        path,
        ` needs either ${anyOf(deviceNames)}: ${kindOf(deviceNames[0]).example}`,
      );
    }
    for (const name of names) kindOf(name).check?.(device[name], [...path, name], errors);
    checkFramingKeys(path, device, errors);
    checkTypes(path, device, errors);
    errors.attempt(() => defineFields(device.fields.map(fieldDescription), pathName([...path, "fields"])));
  });
  if (areAlike(devices)) {
    if (source.reply === undefined) return;
    errors.conflict(
      ["source", "reply"],
      " goes to the first of several devices, and here a sample may be any one's: take it out",
    );
    return;
  }
  const taken = new Set<string>();
  devices.forEach(({ fields }, index) => {
    const twice = namesOf(fields).find((name) => taken.has(name));
    for (const name of namesOf(fields)) taken.add(name);
    if (twice === undefined) return;
    errors.conflict(
      ["source", "merge", index, "fields"],
      `: a device before has the column "${twice}" too; give each its own names, or all the same ones in the same order`,
    );
  });
}

const deviceNames = sourcesThat(({ isDevice }) => isDevice);
const framingKeys = ["framing", ...Object.keys(framingSettings)];
const origins = [...sourceNames, "merge"] as const;

/** Where the samples come from, as the keys of a source say. */
const originsOf = (source: ParsedSource) => origins.filter((origin) => source[origin] !== undefined);

/** Policies must have something to apply to. */
function checkValues(
  source: ParsedSource,
  descriptions: readonly FieldDescription[],
  target: string,
  errors: ConfigErrors,
): void {
  const { notFinite, outOfRange, stuck, holdFor } = source.values ?? {};
  const limited = descriptions.filter(({ range }) => range !== undefined);
  if (outOfRange !== undefined && limited.length === 0) {
    errors.conflict(
      ["source", "values", "outOfRange"],
      " needs a field of source.fields with a range: give it one, such as range: [-40, 125]",
    );
  } else if (
    outOfRange !== undefined &&
    outOfRange !== "skip" &&
    limited.every(({ name }) => name === target)
  ) {
    errors.conflict(
      ["source", "values", "outOfRange"],
      ` is ${outOfRange}, but only the target has a range, and a label that is not true is never learned from: make it skip`,
    );
  }
  if (stuck !== undefined && descriptions.every((field) => field.stuck === undefined)) {
    errors.conflict(
      ["source", "values", "stuck"],
      " needs a field of source.fields that can be stuck: say for how many samples, such as stuck: 600",
    );
  }
  if (holdFor !== undefined && notFinite !== "hold" && outOfRange !== "hold") {
    errors.conflict(
      ["source", "values", "holdFor"],
      " needs a value that is held: add notFinite: hold or outOfRange: hold, or take it out",
    );
  }
}

/** What a file says of itself, or decides by waiting, the config need not say. */
function checkFileSource(source: ParsedSource, errors: ConfigErrors): void {
  for (const key of framingKeys) {
    if (source[key as keyof ParsedSource] === undefined) continue;
    errors.conflict(
      ["source", key],
      " belongs to bytes as a device sends them, a file holds samples: take it out",
    );
  }
  if (source.rate !== undefined) {
    errors.conflict(
      ["source", "rate"],
      " belongs to samples that come by themselves, a file's come as fast as they are taken: take it out",
    );
  }
  const whenFull = source.queue?.whenFull;
  if (whenFull !== undefined && whenFull !== "pause") {
    errors.conflict(
      ["source", "queue", "whenFull"],
      " must be pause where a file is read, which can wait: take it out",
    );
  }
}

/** What no single value shows, but for the columns themselves. */
export function checkSource(
  source: ParsedSource,
  target: { column: string; classes?: number },
  errors: ConfigErrors,
): void {
  const fields = fieldsOf(source);
  const [origin, ...others] = originsOf(source);
  for (const other of others) {
    errors.conflict(
      ["source", other],
      ` stands beside source.${origin}: keep one of them, a daemon has one source`,
    );
  }
  if (source.maxAge !== undefined && origin !== "merge") {
    errors.conflict(["source", "maxAge"], " belongs to merge: take it out");
  }
  const kind = origin === undefined || origin === "merge" ? null : kindOf(origin);
  if (origin === "merge") checkMerge(source, errors);
  else if (kind !== null && fields === undefined) {
    errors.add(
      "config.missing-key",
      ["source", "fields"],
      `: the key "fields" is missing; add the columns in the order in which the ${kind.sender} sends them`,
      ["source"],
    );
  }
  if (source.silence !== undefined && origin !== "merge" && !kind?.isDevice) {
    errors.conflict(
      ["source", "silence"],
      ` belongs to ${anyOf(deviceNames)}, which can be opened again: take it out`,
    );
  }
  if (source.reply !== undefined) checkReply(source.reply, origin, target.classes, errors);
  if (kind?.holdsSamples) checkFileSource(source, errors);
  else checkFramingKeys(["source"], source, errors);
  for (const name of sourceNames) {
    if (source[name] !== undefined) kindOf(name).check?.(source[name], ["source", name], errors);
  }
  checkValues(source, fields ?? [], target.column, errors);
}

/** Whether the columns are named and typed as they must be. */
export function checkFields(source: ParsedSource, errors: ConfigErrors): void {
  const [origin] = originsOf(source);
  if (origin === "merge") return;
  if (origin !== undefined && !kindOf(origin).holdsSamples) checkTypes(["source"], source, errors);
  errors.attempt(() => defineFields(fieldsOf(source) ?? [], "source.fields"));
}
