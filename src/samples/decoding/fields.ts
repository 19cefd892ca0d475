import { keyError } from "../../errors/errors.ts";
import type { PointedClock } from "./clock-text.ts";

/** How a field is packed in a frame, little-endian. In text lines every field is a decimal number. */
export type FieldType = "f32" | "f64" | "i8" | "u8" | "i16" | "u16" | "i32" | "u32";

/** One number of a sample. The sample's value is `raw * scale + offset`. */
export interface Field {
  name: string;
  type: FieldType;
  scale: number;
  offset: number;
  /** Lowest and highest plausible value, in the field's unit; absent: no limits. */
  range?: readonly [low: number, high: number];
  /** Samples in a row with the same value after which the sensor is stuck; absent: never. */
  stuck?: number;
  /** A sample may lack its value, as that of the target: it is NaN then, and no fault. Default false. */
  optional?: boolean;
  /** It is a clock, not a value to learn from: dates and times of day are read as milliseconds. Default false. */
  isTime?: boolean;
  /** How its dates are written, see ClockColumns. Default `auto`. */
  dateOrder?: "auto" | "day-first" | "month-first";
  /** What 18.05.10 in it is. Default a time of day. */
  pointed?: PointedClock;
  /** False: it is learned from even where it rises like a clock. Default true. */
  clock?: boolean;
  /** Numbers as sent that stand for a missing value, such as -999. */
  missing?: readonly number[];
  /** The classes that it holds as they are sent, words or numbers: its value is the index of one. */
  classes?: string[];
  /** The most classes there may be: those that the stream brings are appended to `classes`. Default: those named. */
  mostClasses?: number;
}

/** A field as a user writes it. Defaults: `type` f32, `scale` 1, `offset` 0. */
export type FieldDescription = Pick<Field, "name"> & Partial<Field>;

/** Bytes that a field of each type takes in a frame. */
export const fieldBytes: Readonly<Record<FieldType, number>> = {
  f32: 4,
  f64: 8,
  i8: 1,
  u8: 1,
  i16: 2,
  u16: 2,
  i32: 4,
  u32: 4,
};

/** Smallest and largest raw value of each integer type; the float types have no entry. */
export const integerRange: Readonly<Partial<Record<FieldType, readonly [number, number]>>> = {
  i8: [-0x80, 0x7f],
  u8: [0, 0xff],
  i16: [-0x8000, 0x7fff],
  u16: [0, 0xffff],
  i32: [-0x80000000, 0x7fffffff],
  u32: [0, 0xffffffff],
};

/** Writes a number as the given type, little-endian; for an integer type it must be a whole number in range. */
export function writeRaw(view: DataView, at: number, type: FieldType, raw: number): void {
  switch (type) {
    case "f32":
      view.setFloat32(at, raw, true);
      break;
    case "f64":
      view.setFloat64(at, raw, true);
      break;
    case "i8":
      view.setInt8(at, raw);
      break;
    case "u8":
      view.setUint8(at, raw);
      break;
    case "i16":
      view.setInt16(at, raw, true);
      break;
    case "u16":
      view.setUint16(at, raw, true);
      break;
    case "i32":
      view.setInt32(at, raw, true);
      break;
    case "u32":
      view.setUint32(at, raw, true);
      break;
  }
}

/** Reads a number of the given type, little-endian. */
export function readRaw(view: DataView, at: number, type: FieldType): number {
  switch (type) {
    case "f32":
      return view.getFloat32(at, true);
    case "f64":
      return view.getFloat64(at, true);
    case "i8":
      return view.getInt8(at);
    case "u8":
      return view.getUint8(at);
    case "i16":
      return view.getInt16(at, true);
    case "u16":
      return view.getUint16(at, true);
    case "i32":
      return view.getInt32(at, true);
    case "u32":
      return view.getUint32(at, true);
  }
}

/** Largest `stuck`: samples in a row are counted in 32 bits. */
export const mostInARow = 2 ** 31;

/** Bytes that the packed fields of one sample take, without header and checksum. */
export function packedBytes(fields: readonly Field[]): number {
  let bytes = 0;
  for (const field of fields) bytes += fieldBytes[field.type];
  return bytes;
}

/**
 * Completes and checks a list of fields.
 *
 * Names are written to CSV headers, in quotes where they hold a separator, and must differ from numbers there. So they may
 * not hold a quote, a tab or a line end, begin or end with a blank, or be a number.
 *
 * @param path path of the list in the config, for errors: `source.fields`
 * @throws RivuletError naming the field at fault
 */
export function defineFields(descriptions: readonly FieldDescription[], path = "fields"): Field[] {
  if (descriptions.length === 0) {
    throw keyError(
      "config.missing-key",
      path,
      `is empty, expected at least one field that the device sends; add it`,
    );
  }
  const seen = new Map<string, number>();
  return descriptions.map((description, index) => {
    const { name, type = "f32", scale = 1, offset = 0, optional = false } = description;
    const { range, stuck, missing, classes, mostClasses, clock } = description;
    const where = `${path}[${index}]`;
    checkName(name, `${where}.name`);
    const earlier = seen.get(name);
    if (earlier !== undefined) {
      throw keyError(
        "config.bad-value",
        `${where}.name`,
        `"${name}" is already the name of ${path}[${earlier}]: give each field its own name`,
      );
    }
    seen.set(name, index);
    const fault = faultOf({ type, scale, offset, range, stuck });
    if (fault !== null) {
      throw keyError("config.bad-value", `${where}.${fault.key}`, `of field "${name}" is ${fault.sentence}`);
    }
    return {
      ...{ name, type, scale, offset },
      ...(range === undefined ? {} : { range }),
      ...(stuck === undefined ? {} : { stuck }),
      ...(optional ? { optional } : {}),
      ...(clock === undefined ? {} : { clock }),
      ...(missing === undefined ? {} : { missing }),
      ...(classes === undefined ? {} : { classes }),
      ...(mostClasses === undefined ? {} : { mostClasses }),
    };
  });
}

/** The first value of a field that is wrong: its key, and what was found, what was expected and what to do; null where none is. */
function faultOf({
  type,
  scale,
  offset,
  range,
  stuck,
}: Pick<Field, "type" | "scale" | "offset" | "range" | "stuck">): { key: string; sentence: string } | null {
  if (!Object.hasOwn(fieldBytes, type)) {
    const known = Object.keys(fieldBytes).join(", ");
    return { key: "type", sentence: `"${type}", expected one of ${known}; choose one` };
  }
  if (!Number.isFinite(scale) || scale === 0) {
    return { key: "scale", sentence: `${scale}, expected a finite number other than 0; correct it` };
  }
  if (!Number.isFinite(offset)) {
    return { key: "offset", sentence: `${offset}, expected a finite number; correct it` };
  }
  if (range !== undefined && !(range.every(Number.isFinite) && range[0] < range[1])) {
    const [low, high] = range;
    return { key: "range", sentence: `${low} to ${high}, expected two finite numbers; give the lower first` };
  }
  if (stuck !== undefined && !(Number.isInteger(stuck) && stuck >= 2 && stuck <= mostInARow)) {
    const expected = `expected a whole number of samples from 2 to ${mostInARow}`;
    return { key: "stuck", sentence: `${stuck}, ${expected}; correct it` };
  }
  return null;
}

/** Whether a field may have this name. */
export const isFieldName = (name: string): boolean => nameFault(name) === null;

/** What is wrong with the name of a field, as a clause; null where nothing is. */
function nameFault(name: string): string | null {
  if (typeof name !== "string" || name === "") return "is empty";
  if (name !== name.trim()) return `"${name}" begins or ends with a blank`;
  if (/["\t\r\n]/.test(name)) return `${JSON.stringify(name)} holds a quote, a tab or a line end`;
  return Number.isNaN(Number(name.replace(",", "."))) ? null : `"${name}" is a number`;
}

function checkName(name: string, where: string): void {
  const fault = nameFault(name);
  if (fault !== null) {
    throw keyError(
      "config.bad-value",
      where,
      `${fault}, expected a name for a CSV header; use a word such as "temperature"`,
    );
  }
}
