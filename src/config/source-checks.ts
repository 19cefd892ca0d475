/** Reports keys of a source that contradict or need each other, which no schema of a single value can find. */

import { defineFields, type FieldDescription } from "../samples/decoding/fields.ts";
import { unwanted } from "../samples/decoding/line-reading.ts";
import type { Framing } from "../samples/framings/framing.ts";
import { framingSettings, framings, framingsWith } from "../samples/framings/framings.ts";
import { lines } from "../samples/framings/lines.ts";
import { SampleRing } from "../samples/ring.ts";
import { type ClockColumns, headerClock } from "../samples/sample-clock.ts";
import { alternatives, anyOf } from "../wording/alternatives.ts";
import type { AlarmTask } from "./alarm-config.ts";
import type { ConfigErrors } from "./config-errors.ts";
import { type KeyPath, pathName } from "./document.ts";
import { checkReply } from "./reply-config.ts";
import {
  areAlike,
  clockOf,
  type Framed,
  fieldDescription,
  fieldsOf,
  fieldTypes,
  framingOf,
  namesOf,
  type ParsedSource,
} from "./source-schema.ts";
import { kindOf, type SourceName, sourceNames, sourcesThat } from "./sources/sources.ts";

/** Reports keys that belong to a framing other than the chosen one. */
function checkFramingKeys(path: KeyPath, framed: Framed, errors: ConfigErrors): void {
  if (typeof framed.framing === "object" && Object.keys(framed.framing).length !== 1) {
    const found = Object.keys(framed.framing).join(" and ") || "nothing";
    errors.conflict([...path, "framing"], ` must describe one framing, found ${found}; keep one`);
    return;
  }
  const { framing } = framingOf(framed.framing);
  for (const key of Object.keys(framingSettings)) {
    if (framed[key as keyof Framed] === undefined || key in framings[framing].settings) continue;
    const owners = framingsWith(key);
    errors.conflict(
      [...path, key],
      ` belongs to ${anyOf(owners)}; remove it, or choose framing: ${owners[0]}`,
    );
  }
}

const otherTypes = fieldTypes.filter((type) => type !== "f32");

function checkTypes(path: KeyPath, { framing, fields = [] }: Framed, errors: ConfigErrors): void {
  if (!framings[framingOf(framing).framing].isBinary) return;
  fields.map(fieldDescription).forEach(({ name, type }, index) => {
    if (name === unwanted) {
      errors.conflict(
        [...path, "fields", index],
        " leaves out a column of text, but a frame is read as a whole; give the field a name",
      );
    }
    if (type !== undefined) return;
    errors.add(
      "config.missing-key",
      [...path, "fields", index],
      ` needs a type, because frames are binary; write { name: ${name}, type: f32 }, or ${alternatives(otherTypes)}, or framing: lines if the device prints text`,
    );
  });
}

function checkMerge(source: ParsedSource, errors: ConfigErrors): void {
  for (const key of ["fields", ...framingKeys]) {
    if (source[key as keyof ParsedSource] === undefined) continue;
    errors.conflict(["source", key], " belongs to each device of source.merge; move it there");
  }
  const devices = source.merge ?? [];
  devices.forEach((device, index) => {
    const path = ["source", "merge", index];
    const names = sourceNames.filter((name) => device[name] !== undefined);
    if (names.length !== 1) {
      errors.add(
        "config.missing-key",
        path,
        ` needs either ${anyOf(deviceNames)}; add one, such as ${kindOf(deviceNames[0]).example}`,
      );
    }
    for (const name of names) kindOf(name).check?.(device[name], [...path, name], errors);
    checkFramingKeys(path, device, errors);
    checkTypes(path, device, errors);
    const wanted = device.fields.map(fieldDescription).filter(({ name }) => name !== unwanted);
    errors.attempt(() => defineFields(wanted, pathName([...path, "fields"])));
  });
  if (areAlike(devices)) {
    if (source.reply === undefined) return;
    errors.conflict(
      ["source", "reply"],
      " is sent to the first of several devices, but here a sample may be from any of them; remove it",
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
      `: an earlier device has the column "${twice}" too; use different names for each device, or the same names in the same order for all`,
    );
  });
}

const deviceNames = sourcesThat(({ isDevice }) => isDevice);
const framingKeys = ["framing", ...Object.keys(framingSettings)];
const origins = [...sourceNames, "merge"] as const;

/** The keys of a source that name where its samples come from. */
const originsOf = (source: ParsedSource) => origins.filter((origin) => source[origin] !== undefined);

/** Reports policies for values that apply to no field. */
function checkValues(
  source: ParsedSource,
  descriptions: readonly FieldDescription[],
  target: string | undefined,
  errors: ConfigErrors,
): void {
  const { missing, notFinite, outOfRange, stuck, holdFor, indicator } = source.values ?? {};
  if (missing !== undefined && notFinite !== undefined) {
    errors.conflict(
      ["source", "values", "notFinite"],
      " is the old name of source.values.missing; remove it",
    );
  }
  const limited = descriptions.filter(({ range }) => range !== undefined);
  if (outOfRange !== undefined && limited.length === 0) {
    errors.conflict(
      ["source", "values", "outOfRange"],
      " needs a field of source.fields with a range; add one, such as range: [-40, 125]",
    );
  } else if (
    outOfRange !== undefined &&
    outOfRange !== "skip" &&
    limited.every(({ name }) => name === target)
  ) {
    errors.conflict(
      ["source", "values", "outOfRange"],
      ` is ${outOfRange}, but only the target has a range, and a sample with a wrong label is always skipped; use skip`,
    );
  }
  if (stuck !== undefined && descriptions.every((field) => field.stuck === undefined)) {
    errors.conflict(
      ["source", "values", "stuck"],
      " needs a field of source.fields with a number of samples from which it is stuck; add one, such as stuck: 600",
    );
  }
  if (indicator === true && missing !== "absent" && notFinite !== "absent") {
    errors.conflict(
      ["source", "values", "indicator"],
      " has no effect without absent; add missing: absent, or remove it",
    );
  }
  if (holdFor !== undefined && missing !== "hold" && notFinite !== "hold" && outOfRange !== "hold") {
    errors.conflict(
      ["source", "values", "holdFor"],
      " has no effect without hold; add missing: hold or outOfRange: hold, or remove it",
    );
  }
}

/** Whether a source has bytes as a device sends them: a file holds samples where no framing is named. */
const areFramed = (source: ParsedSource, origin: SourceName) =>
  !kindOf(origin).holdsSamples || source.framing !== undefined;

function isBinaryDevice(source: ParsedSource): boolean {
  const [origin] = originsOf(source);
  if (origin === undefined || origin === "merge" || !areFramed(source, origin)) return false;
  return framings[framingOf(source.framing).framing].isBinary;
}

function framesHaveClock(source: ParsedSource): boolean {
  const framing: Framing = framings[framingOf(source.framing).framing];
  return framing.hasClock === true;
}

/** Whether a clock is that in the header of the source's frames. */
export const isHeaderClock = (source: ParsedSource, { columns }: ClockColumns): boolean =>
  String(columns) === headerClock && isBinaryDevice(source) && framesHaveClock(source);

/** Reports a clock that its samples cannot have. */
function checkClock(source: ParsedSource, target: string, errors: ConfigErrors): void {
  const clock = clockOf(source.time);
  if (clock === null) return;
  const path = ["source", "time"];
  if (source.merge !== undefined) {
    errors.conflict(
      path,
      " belongs to a single device, as merged samples have the times at which they arrive; remove it",
    );
  } else if (isBinaryDevice(source) && !isHeaderClock(source, clock)) {
    errors.conflict(
      path,
      ` is a column of text, but frames are binary; ${framesHaveClock(source) ? `write time: ${headerClock} for the milliseconds in their header, or remove it` : "remove it"}`,
    );
  }
  if (clock.columns.includes(target)) {
    errors.conflict(path, ` is "${target}", which is the target too; name another column`);
  }
  if (new Set(clock.columns).size < clock.columns.length) {
    errors.conflict(path, " names a column twice; name that of the date and that of the time of day");
  }
}

/** Reports keys that have no effect for a file, which holds samples and can wait. */
function checkFileSource(source: ParsedSource, errors: ConfigErrors): void {
  for (const key of Object.keys(framingSettings)) {
    // Text is read alike wherever it comes from.
    if (source[key as keyof ParsedSource] === undefined || key in lines.settings) continue;
    if (source.framing !== undefined) continue;
    const owner = framingsWith(key)[0];
    errors.conflict(
      ["source", key],
      ` belongs to bytes as a device sends them; remove it, or add framing: ${owner} if the file holds such bytes`,
    );
  }
  const whenFull = source.queue?.whenFull;
  if (whenFull !== undefined && whenFull !== "pause") {
    errors.conflict(
      ["source", "queue", "whenFull"],
      ` is ${whenFull}, expected pause, because a file can wait; remove it`,
    );
  }
}

/** Reports contradictions between the keys of a source, except for those of its columns. */
export function checkSource(
  source: ParsedSource,
  target: { column?: string },
  task: AlarmTask,
  errors: ConfigErrors,
): void {
  const fields = fieldsOf(source);
  const [origin, ...others] = originsOf(source);
  for (const other of others) {
    errors.conflict(
      ["source", other],
      ` conflicts with source.${origin}, because a daemon has one source; keep one of them`,
    );
  }
  if (source.maxAge !== undefined && origin !== "merge") {
    errors.conflict(["source", "maxAge"], " belongs to merge; remove it");
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
      ` belongs to ${anyOf(deviceNames)}, which can be opened again; remove it`,
    );
  }
  if (source.reply !== undefined) checkReply(source.reply, origin, task, errors);
  if (kind?.holdsSamples) checkFileSource(source, errors);
  if (!kind?.holdsSamples || source.framing !== undefined) checkFramingKeys(["source"], source, errors);
  for (const name of sourceNames) {
    if (source[name] !== undefined) kindOf(name).check?.(source[name], ["source", name], errors);
  }
  checkClock(source, target.column ?? "", errors);
  checkValues(source, fields ?? [], target.column, errors);
}

/** Reports a description of a framing that contradicts itself or the fields, by creating its decoder. */
function checkDetails(path: KeyPath, { framing, fields }: Framed, errors: ConfigErrors): void {
  const { framing: name, details } = framingOf(framing);
  if (details === null || fields === undefined) return;
  errors.attempt(() => {
    const defined = defineFields(fields.map(fieldDescription));
    const ring = new SampleRing(defined.length, 1, "pause");
    const options = { startsAtLine: true, refuseReplies: false, passNonFinite: true, crc: 16 as const };
    (framings[name] as Framing).createDecoder(defined, ring, { ...options, details });
  }, [...path, "framing"]);
}

/** Reports columns whose names or types are not valid. */
export function checkFields(source: ParsedSource, errors: ConfigErrors): void {
  const [origin] = originsOf(source);
  if (origin === "merge") return;
  if (origin !== undefined && areFramed(source, origin)) checkTypes(["source"], source, errors);
  errors.attempt(() => defineFields(fieldsOf(source) ?? [], "source.fields"));
  checkDetails(["source"], source, errors);
}
