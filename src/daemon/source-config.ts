/** The key `source` of a config: where samples come from, and what they are. */
import { dirname, resolve } from "node:path";
import * as v from "valibot";
import {
  defineFields,
  type Field,
  type FieldDescription,
  type FieldType,
  fieldBytes,
  mostInARow,
} from "../samples/fields.ts";
import type { UsbDevice } from "../samples/port-survey.ts";
import type { RingPolicy } from "../samples/ring.ts";
import {
  notFinitePolicies,
  outOfRangePolicies,
  stuckPolicies,
  type ValuePolicies,
} from "../samples/vetting.ts";
import type { Complaints } from "./complaints.ts";
import { type KeyPath, pathName } from "./document.ts";
import { parseDuration } from "./quantities.ts";
import { checkReply, type ReplyConfig, replySchema, replyWithDefaults } from "./reply-config.ts";
import { durationText, finiteNumber, map, must, oneOf, quantity, text, wholeNumber } from "./schema.ts";

/** What the daemon listens to. */
export interface SerialConfig {
  /** A path, or the device on USB whose port it is. */
  port: string | UsbDevice;
  baudRate: number;
  /** Bytes wait at most so long before they are read, and one slice of training. */
  readEveryMs: number;
}

/** A peer that sends samples over the network. */
export interface TcpConfig {
  host: string;
  port: number;
}

/** How bytes become samples. */
export interface FramingConfig {
  framing: (typeof framings)[number];
  /** Bits of the checksum that ends a frame. */
  crc: 16 | 32;
}

/** One of several devices. */
export interface DeviceConfig extends FramingConfig {
  /** One of the two is there. */
  serial: SerialConfig | null;
  tcp: TcpConfig | null;
  /** The columns in the order in which they travel. */
  fields: Field[];
}

/** At most one of the first five is there; none where a data file is named on the command line instead. */
export interface SourceConfig extends FramingConfig {
  serial: SerialConfig | null;
  tcp: TcpConfig | null;
  stdin: boolean;
  file: string | null;
  /** Several devices, each with a framing of its own, whose samples are merged by time. */
  merge: DeviceConfig[] | null;
  /** A sample that completes one of another device may be so old. */
  maximumAgeMs: number;
  /** Without a byte for so long a port or a connection is opened anew; null: however long it takes. */
  silenceMs: number | null;
  /** The columns in the order in which they travel, or are merged; `null` when a data file's header is to say. */
  fields: Field[] | null;
  /** Columns of a data file that are bookkeeping: neither features nor target. */
  ignore: string[];
  /** Samples a second that are to come, to be warned where it is far from that; null: any. */
  rate: number | null;
  /** What becomes of samples with values that cannot be true. */
  values: ValuePolicies;
  /** The ring between reading and learning. */
  queue: { samples: number; whenFull: RingPolicy };
  /** What the device is told of its samples; null: nothing. */
  reply: ReplyConfig | null;
}

const fieldTypes = Object.keys(fieldBytes) as FieldType[];
const framings = ["frames", "lines"] as const;
const queuePolicies = ["drop-oldest", "drop-newest", "pause"] as const satisfies RingPolicy[];

/** Every default of a source in one place. */
export const sourceDefaults = {
  baudRate: 115_200,
  readEvery: "20ms",
  framing: "frames",
  crc: 16,
  queue: { samples: 1024, whenFull: "drop-oldest" },
  maximumAge: "10s",
  values: { notFinite: "skip", outOfRange: "skip", stuck: "alarm", holdFor: 10 },
} as const;

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

/** Its digits are hexadecimal whether they look so or not: fewer than four might be a decimal number. */
const usbNumber = v.pipe(
  v.string(must("four hexadecimal digits as lsusb prints them, such as 0043")),
  v.regex(/^(0x)?[0-9a-f]{4}$/i, must("four hexadecimal digits as lsusb prints them, such as 0043")),
  v.transform((digits) => digits.slice(-4).toLowerCase()),
);

/** Digits that are names, not numbers. */
export const verbatim = ["vendor", "product", "serialNumber"].flatMap((key) => [
  ["source", "serial", key],
  ["source", "merge", "*", "serial", key],
]);

const severalDevices = "a list of at least two devices, each with its port or connection and its fields";

const deviceOrigins = {
  serial: v.optional(
    map({
      path: v.optional(text("the path of a port")),
      vendor: v.optional(usbNumber),
      product: v.optional(usbNumber),
      serialNumber: v.optional(text("a serial number in quotes")),
      baudRate: v.optional(wholeNumber(1)),
      readEvery: v.optional(quantity("a duration from 1ms to 1s such as 20ms", parseDuration, [1, 1000])),
    }),
  ),
  tcp: v.optional(
    map(
      { host: text("the name or address of a peer"), port: wholeNumber(1, 65_535) },
      {
        host: "the peer's name, such as host: pump.local",
        port: "the peer's port, such as port: 7000",
      },
    ),
  ),
};

const framingKeys = {
  framing: v.optional(oneOf(framings)),
  crc: v.optional(v.picklist([16, 32], must("16 or 32"))),
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
  { ...deviceOrigins, ...framingKeys, fields: fieldList },
  { fields: "fields: the columns that this device sends" },
);

export const sourceSchema = map({
  ...deviceOrigins,
  stdin: v.optional(v.literal(true, must("true"))),
  file: v.optional(text("the path of a recording or a CSV file")),
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

type ParsedSource = v.InferOutput<typeof sourceSchema>;
type ParsedSerial = NonNullable<ParsedSource["serial"]>;

type Fields = v.InferOutput<typeof fieldList>;
type Framed = { framing?: "frames" | "lines"; crc?: number; fields?: Fields };
type Devices = v.InferOutput<typeof deviceMap>[];

function checkCrc(path: KeyPath, { crc, framing }: Framed, complaints: Complaints): void {
  if (crc !== undefined && framing === "lines") {
    complaints.add([...path, "crc"], " belongs to frames: take it out, or choose framing: frames");
  }
}

function checkTypes(path: KeyPath, { framing, fields = [] }: Framed, complaints: Complaints): void {
  if ((framing ?? sourceDefaults.framing) !== "frames") return;
  fields.map(fieldDescription).forEach(({ name, type }, index) => {
    if (type !== undefined) return;
    complaints.add(
      [...path, "fields", index],
      ` needs a type, because frames are binary: { name: ${name}, type: ${fieldTypes.join(" or ")} }`,
    );
  });
}

const namesOf = (fields: Fields) => fields.map((field) => fieldDescription(field).name);

/** Whether devices send the same columns in the same order, so that a sample of any of them is a sample. */
function areAlike([first, ...others]: Devices): boolean {
  const names = String(namesOf(first.fields));
  return others.every(({ fields }) => String(namesOf(fields)) === names);
}

/** The columns of a merged sample. */
const mergedFields = (devices: Devices): Fields =>
  areAlike(devices) ? devices[0].fields : devices.flatMap(({ fields }) => fields);

function checkMerge(source: ParsedSource, complaints: Complaints): void {
  for (const key of ["fields", "framing", "crc"] as const) {
    if (source[key] === undefined) continue;
    complaints.add(["source", key], " belongs to each device of source.merge: move it there");
  }
  const devices = source.merge ?? [];
  devices.forEach((device, index) => {
    const path = ["source", "merge", index];
    if ((device.serial === undefined) === (device.tcp === undefined)) {
      complaints.add(path, " needs either serial or tcp: serial: { path: /dev/ttyUSB0 }");
    }
    checkSerial(path, device.serial, complaints);
    checkCrc(path, device, complaints);
    checkTypes(path, device, complaints);
    complaints.attempt(() =>
      defineFields(device.fields.map(fieldDescription), pathName([...path, "fields"])),
    );
  });
  if (areAlike(devices)) {
    if (source.reply === undefined) return;
    complaints.add(
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
    complaints.add(
      ["source", "merge", index, "fields"],
      `: a device before has the column "${twice}" too; give each its own names, or all the same ones in the same order`,
    );
  });
}

/** A port is named in one way, and wholly. */
function checkSerial(origin: KeyPath, serial: ParsedSerial | undefined, complaints: Complaints): void {
  if (serial === undefined) return;
  const place = [...origin, "serial"];
  const { path, vendor, product } = serial;
  const ofDevice = (["vendor", "product", "serialNumber"] as const).find((key) => serial[key] !== undefined);
  if (path !== undefined && ofDevice !== undefined) {
    complaints.add(
      [...place, ofDevice],
      ` stands beside ${pathName(place)}.path: keep the path, or name the device and take the path out`,
    );
  } else if (path === undefined && ofDevice === undefined) {
    complaints.add(
      place,
      `: the key "path" is missing; add the port's path, such as path: /dev/ttyUSB0, or the vendor and product of its USB device`,
    );
  } else if (path === undefined && (vendor === undefined || product === undefined)) {
    const missing = vendor === undefined ? "vendor" : "product";
    complaints.add(
      place,
      `: the key "${missing}" is missing; add the four digits that lsusb prints, or "rivulet ports"`,
    );
  }
}

const senders = { serial: "port", tcp: "peer", stdin: "writer", file: "device" } as const;
const origins = ["serial", "tcp", "stdin", "file", "merge"] as const;
const canBeOpenedAnew: ReadonlySet<string> = new Set(["serial", "tcp", "merge"]);

/** Where the samples come from, as the keys of a source say. */
const originsOf = (source: ParsedSource) => origins.filter((origin) => source[origin] !== undefined);

/** Policies must have something to apply to. */
function checkValues(
  source: ParsedSource,
  descriptions: readonly FieldDescription[],
  target: string,
  complaints: Complaints,
): void {
  const { notFinite, outOfRange, stuck, holdFor } = source.values ?? {};
  const limited = descriptions.filter(({ range }) => range !== undefined);
  if (outOfRange !== undefined && limited.length === 0) {
    complaints.add(
      ["source", "values", "outOfRange"],
      " needs a field of source.fields with a range: give it one, such as range: [-40, 125]",
    );
  } else if (
    outOfRange !== undefined &&
    outOfRange !== "skip" &&
    limited.every(({ name }) => name === target)
  ) {
    complaints.add(
      ["source", "values", "outOfRange"],
      ` is ${outOfRange}, but only the target has a range, and a label that is not true is never learned from: make it skip`,
    );
  }
  if (stuck !== undefined && descriptions.every((field) => field.stuck === undefined)) {
    complaints.add(
      ["source", "values", "stuck"],
      " needs a field of source.fields that can be stuck: say for how many samples, such as stuck: 600",
    );
  }
  if (holdFor !== undefined && notFinite !== "hold" && outOfRange !== "hold") {
    complaints.add(
      ["source", "values", "holdFor"],
      " needs a value that is held: add notFinite: hold or outOfRange: hold, or take it out",
    );
  }
}

/** What a file says of itself, or decides by waiting, the config need not say. */
function checkFileSource(source: ParsedSource, complaints: Complaints): void {
  for (const key of ["framing", "crc"] as const) {
    if (source[key] === undefined) continue;
    complaints.add(
      ["source", key],
      " belongs to bytes as a device sends them, a file holds samples: take it out",
    );
  }
  if (source.rate !== undefined) {
    complaints.add(
      ["source", "rate"],
      " belongs to samples that come by themselves, a file's come as fast as they are taken: take it out",
    );
  }
  const whenFull = source.queue?.whenFull;
  if (whenFull !== undefined && whenFull !== "pause") {
    complaints.add(
      ["source", "queue", "whenFull"],
      " must be pause where a file is read, which can wait: take it out",
    );
  }
}

/** The columns of a sample as they are written; undefined where a data file's header is to say. */
export function fieldsOf({ merge, fields }: ParsedSource): FieldDescription[] | undefined {
  return (merge === undefined ? fields : mergedFields(merge))?.map(fieldDescription);
}

/** What no single value shows, but for the columns themselves. */
export function checkSource(
  source: ParsedSource,
  target: { column: string; classes?: number },
  complaints: Complaints,
): void {
  const fields = fieldsOf(source);
  const [origin, ...others] = originsOf(source);
  for (const other of others) {
    complaints.add(
      ["source", other],
      ` stands beside source.${origin}: keep one of them, a daemon has one source`,
    );
  }
  if (source.maxAge !== undefined && origin !== "merge") {
    complaints.add(["source", "maxAge"], " belongs to merge: take it out");
  }
  if (origin === "merge") checkMerge(source, complaints);
  else if (origin !== undefined && fields === undefined) {
    complaints.add(
      ["source"],
      `: the key "fields" is missing; add the columns in the order in which the ${senders[origin]} sends them`,
    );
  }
  if (source.silence !== undefined && (origin === undefined || !canBeOpenedAnew.has(origin))) {
    complaints.add(["source", "silence"], " belongs to serial or tcp, which can be opened anew: take it out");
  }
  if (source.reply !== undefined) checkReply(source.reply, origin, target.classes, complaints);
  if (origin === "file") checkFileSource(source, complaints);
  checkSerial(["source"], source.serial, complaints);
  checkCrc(["source"], source, complaints);
  checkValues(source, fields ?? [], target.column, complaints);
}

/** Whether the columns are named and typed as they must be. */
export function checkFields(source: ParsedSource, complaints: Complaints): void {
  const [origin] = originsOf(source);
  if (origin === "merge") return;
  if (origin !== undefined && origin !== "file") checkTypes(["source"], source, complaints);
  complaints.attempt(() => defineFields(fieldsOf(source) ?? [], "source.fields"));
}

/** A bare name in a list of columns stands for a field that is nothing but its name. */
const fieldDescription = (field: string | FieldDescription): FieldDescription =>
  typeof field === "string" ? { name: field } : field;

/** Fills in the defaults. Paths that are not absolute start at the folder of `file`. */
export function sourceWithDefaults(
  source: ParsedSource,
  target: { classes?: number },
  file: string,
): SourceConfig {
  const { merge } = source;
  const fields = fieldsOf(source);
  return {
    ...deviceWithDefaults(source, file),
    stdin: source.stdin ?? false,
    file: source.file === undefined ? null : resolve(dirname(file), source.file),
    merge:
      merge?.map((device) => ({
        ...deviceWithDefaults(device, file),
        fields: defineFields(device.fields.map(fieldDescription)),
      })) ?? null,
    maximumAgeMs: source.maxAge ?? (parseDuration(sourceDefaults.maximumAge) as number),
    silenceMs: source.silence ?? null,
    fields: fields === undefined ? null : defineFields(fields),
    ignore: source.ignore ?? [],
    rate: source.rate ?? null,
    values: { ...sourceDefaults.values, ...source.values },
    queue: { ...sourceDefaults.queue, whenFull: usualPolicy(source), ...source.queue },
    reply: source.reply === undefined ? null : replyWithDefaults(source.reply, target.classes),
  };
}

function deviceWithDefaults(device: Partial<Devices[number]>, file: string) {
  const { serial, tcp, framing, crc } = device;
  return {
    serial: serial === undefined ? null : serialWithDefaults(serial, file),
    tcp: tcp ?? null,
    framing: framing ?? sourceDefaults.framing,
    crc: crc === 32 ? (32 as const) : sourceDefaults.crc,
  };
}

/** A file or a pipe can wait until there is room; what a device measures goes on. */
const usualPolicy = (source: ParsedSource): RingPolicy =>
  source.file !== undefined || source.stdin !== undefined ? "pause" : sourceDefaults.queue.whenFull;

function serialWithDefaults(serial: ParsedSerial, file: string): SerialConfig {
  const { path, vendor, product, serialNumber = null } = serial;
  return {
    // One or the other, as was checked.
    port: path === undefined ? ({ vendor, product, serialNumber } as UsbDevice) : portPath(path, file),
    baudRate: serial.baudRate ?? sourceDefaults.baudRate,
    readEveryMs: serial.readEvery ?? (parseDuration(sourceDefaults.readEvery) as number),
  };
}

/** A relative path starts at the config's folder; Windows' `COM3` is a name, not a path. */
function portPath(path: string, file: string): string {
  return /^COM\d+$/i.test(path) ? path : resolve(dirname(file), path);
}
