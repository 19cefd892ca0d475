/**
 * The config: one YAML file that says what is measured, what is to be learned from it and where it is kept.
 * Everything is checked here, before anything is opened or allocated; each complaint names file, line and key.
 */
import { readFileSync } from "node:fs";
import { basename, dirname, extname, resolve } from "node:path";
import * as v from "valibot";
import type { GpioConfig } from "../device/gpio/gpio.ts";
import { plan } from "../engine/plan.ts";
import { mostShards, mostThreads } from "../engine/shards.ts";
import { RivuletError } from "../errors.ts";
import { createPipeline } from "../features/pipeline.ts";
import { modelFor } from "../learner/model.ts";
import { mostClasses } from "../learner/target.ts";
import { nearest, suggestion } from "../nearest.ts";
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
import { type Complaints, createComplaints } from "./complaints.ts";
import { type KeyPath, pathName, readDocument } from "./document.ts";
import { checkGpio, gpioSchema, gpioWithDefaults } from "./gpio-config.ts";
import { parseDuration, parseSize } from "./quantities.ts";
import { reasonOf } from "./reasons.ts";
import { checkReply, type ReplyConfig, replySchema, replyWithDefaults } from "./reply-config.ts";
import { finiteNumber, map, must, oneOf, quantity, text, wholeNumber } from "./schema.ts";

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

/** What is predicted: a class, or a number. */
export type TargetConfig = { column: string; classes: number } | { column: string; standardize: boolean };

export interface Config {
  /** The file it came from, as the user named it: for messages. */
  file: string;
  name: string;
  source: SourceConfig;
  target: TargetConfig;
  /** Transforms in the order in which they apply, as written; the pipeline checks them. */
  features: unknown[];
  /** Parts of the network as written; null: the learner chooses by the task. */
  model: {
    inputShape: unknown;
    layers: unknown[] | null;
    optimizer: unknown;
    loss: unknown;
    clip: unknown;
    schedule: unknown;
  };
  training: {
    batchSize: number;
    seed: number;
    deterministic: boolean;
    /** Threads that `rivulet fit` trains on; null: the calling one, and batches are not cut unless shards says so. */
    workers: number | null;
    /** Parts of a batch that threads work on; null: as many as are usual where there are workers. */
    shards: number | null;
  };
  memory: {
    budgetBytes: number | null;
    /** Compute activations a second time instead of keeping them. */
    recompute: boolean;
    /** Samples that the network works on at a time; null: the batch. */
    batch: number | null;
  };
  checkpoint: { directory: string; everyMs: number; keep: number };
  gpio: GpioConfig | null;
}

/**
 * The columns of a sample as the learner takes it: those of source.fields, and behind them the target where only
 * buttons tell it. Null where a data file's header is to say.
 */
export function sampleColumns({ source, target }: Config): string[] | null {
  if (source.fields === null) return null;
  const names = source.fields.map(({ name }) => name);
  return names.includes(target.column) ? names : [...names, target.column];
}

/** The devices that samples come from: one, or several that are merged. None has a port or a connection where a file or a pipe is read. */
export const devicesOf = ({ source }: Config): Pick<DeviceConfig, "serial" | "tcp">[] =>
  source.merge ?? [source];

const fieldTypes = Object.keys(fieldBytes) as FieldType[];
const framings = ["frames", "lines"] as const;
const queuePolicies = ["drop-oldest", "drop-newest", "pause"] as const satisfies RingPolicy[];

/** Every default in one place, but for those of the network, which the learner chooses. A relative checkpoint directory starts at the config's folder. */
export const defaults = {
  baudRate: 115_200,
  readEvery: "20ms",
  framing: "frames",
  crc: 16,
  queue: { samples: 1024, whenFull: "drop-oldest" },
  maximumAge: "10s",
  values: { notFinite: "skip", outOfRange: "skip", stuck: "alarm" },
  features: ["standardize"],
  training: { batchSize: 1, seed: 1, deterministic: false, workers: null, shards: null },
  checkpoint: { every: "10min", keep: 5, directory: (name: string) => `checkpoints/${name}` },
} as const;

const fieldName = text("a column's name");
const enoughColumns = "a list of at least two columns (something to learn from, and the target)";
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
const verbatim = ["vendor", "product", "serialNumber"].flatMap((key) => [
  ["source", "serial", key],
  ["source", "merge", "*", "serial", key],
]);

const durationText = "a duration with its unit such as 30s or 10min, up to 24d";
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

const configSchema = map(
  {
    name: v.optional(
      v.pipe(
        v.string(must("a short text")),
        v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, must("letters, digits, dots, dashes or underscores")),
      ),
    ),
    source: v.optional(
      map({
        ...deviceOrigins,
        stdin: v.optional(v.literal(true, must("true"))),
        file: v.optional(text("the path of a recording or a CSV file")),
        silence: v.optional(quantity(durationText, parseDuration)),
        ...framingKeys,
        fields: v.optional(fieldList),
        merge: v.optional(
          v.pipe(v.array(deviceMap, must(severalDevices)), v.minLength(2, must(severalDevices))),
        ),
        maxAge: v.optional(quantity(durationText, parseDuration)),
        ignore: v.optional(v.array(fieldName, must("a list of columns"))),
        rate: v.optional(v.pipe(finiteNumber, v.gtValue(0, must("a number above 0")))),
        values: v.optional(
          map({
            notFinite: v.optional(oneOf(notFinitePolicies)),
            outOfRange: v.optional(oneOf(outOfRangePolicies)),
            stuck: v.optional(oneOf(stuckPolicies)),
          }),
        ),
        queue: v.optional(
          map({ samples: v.optional(wholeNumber(1, 2 ** 24)), whenFull: v.optional(oneOf(queuePolicies)) }),
        ),
        reply: v.optional(replySchema),
      }),
    ),
    target: map(
      {
        column: text("a column's name"),
        classes: v.optional(wholeNumber(2, mostClasses)),
        standardize: v.optional(v.boolean(must("true or false"))),
      },
      { column: "column: the name of the column to predict" },
    ),
    features: v.optional(v.array(v.unknown(), must("a list of transforms such as [standardize]"))),
    model: v.optional(
      map({
        inputShape: v.optional(v.unknown()),
        layers: v.optional(
          v.pipe(
            v.array(v.unknown(), must("a list of layers such as [{dense: 16}, relu, dense]")),
            v.minLength(1, must("a list of at least one layer")),
          ),
        ),
        optimizer: v.optional(v.unknown()),
        loss: v.optional(v.unknown()),
        clip: v.optional(v.unknown()),
        schedule: v.optional(v.unknown()),
      }),
    ),
    training: v.optional(
      map({
        batchSize: v.optional(wholeNumber(1, 2 ** 20)),
        seed: v.optional(wholeNumber(0, 2 ** 32 - 1)),
        deterministic: v.optional(v.boolean(must("true or false"))),
        workers: v.optional(wholeNumber(1, mostThreads)),
        shards: v.optional(wholeNumber(1, mostShards)),
      }),
    ),
    memory: v.optional(
      map({
        budget: v.optional(quantity("a size with its unit such as 8MiB or 512KiB", parseSize)),
        recompute: v.optional(v.boolean(must("true or false"))),
        batch: v.optional(wholeNumber(1, 2 ** 20)),
      }),
    ),
    checkpoint: v.optional(
      map({
        directory: v.optional(text("the path of a folder")),
        every: v.optional(quantity(durationText, parseDuration)),
        keep: v.optional(wholeNumber(1, 10_000)),
      }),
    ),
    gpio: v.optional(gpioSchema),
  },
  { target: "what to predict, such as target: { column: label, classes: 3 }" },
);

type Parsed = v.InferOutput<typeof configSchema>;
type ParsedSerial = NonNullable<NonNullable<Parsed["source"]>["serial"]>;

/** What no single value shows: keys that contradict or need each other. */
function checkTogether(parsed: Parsed, complaints: Complaints): void {
  const { source, target, gpio } = parsed;
  const fields = source?.merge === undefined ? source?.fields : mergedFields(source.merge);
  const descriptions = fields?.map(fieldDescription);
  const names = new Set(descriptions?.map(({ name }) => name));
  if (gpio !== undefined) checkGpio(gpio, target.classes, complaints);
  // Buttons can tell what the port does not send.
  const sent = gpio?.label === undefined || names.has(target.column);
  if (sent && fields?.length === 1) {
    complaints.add(["source", "fields"], must(enoughColumns)({ input: fields }));
    return;
  }
  const [origin, ...others] = originsOf(source);
  for (const other of others) {
    complaints.add(
      ["source", other],
      ` stands beside source.${origin}: keep one of them, a daemon has one source`,
    );
  }
  if (source?.maxAge !== undefined && origin !== "merge") {
    complaints.add(["source", "maxAge"], " belongs to merge: take it out");
  }
  if (origin === "merge") checkMerge(source, complaints);
  else if (origin !== undefined && fields === undefined) {
    complaints.add(
      ["source"],
      `: the key "fields" is missing; add the columns in the order in which the ${senders[origin]} sends them`,
    );
  }
  if (source?.silence !== undefined && (origin === undefined || !canBeOpenedAnew.has(origin))) {
    complaints.add(["source", "silence"], " belongs to serial or tcp, which can be opened anew: take it out");
  }
  if (source?.reply !== undefined) checkReply(source.reply, origin, target.classes, complaints);
  if (origin === "file") checkFileSource(source, complaints);
  checkSerial(["source"], source?.serial, complaints);
  if (source !== undefined) checkCrc(["source"], source, complaints);
  checkValues(source, descriptions ?? [], target.column, complaints);
  if (target.classes !== undefined && target.standardize !== undefined) {
    complaints.add(
      ["target", "standardize"],
      " belongs to a number, and target.classes says it is a class: keep one",
    );
  }
  const inputs = fields ? fields.length - Number(sent) : inputsOf(parsed.model?.inputShape);
  checkNetwork(parsed, inputs, complaints);
  if (descriptions === undefined) return;
  if (origin === "serial" || origin === "tcp" || origin === "stdin") {
    checkTypes(["source"], source ?? {}, complaints);
  }
  if (origin !== "merge") complaints.attempt(() => defineFields(descriptions, "source.fields"));
  if (sent && !names.has(target.column)) {
    complaints.add(
      ["target", "column"],
      `: "${target.column}" is no column of source.fields; ${suggestion(target.column, names)}`,
    );
  }
}

type Fields = v.InferOutput<typeof fieldList>;
type Framed = { framing?: "frames" | "lines"; crc?: number; fields?: Fields };
type Devices = v.InferOutput<typeof deviceMap>[];

function checkCrc(path: KeyPath, { crc, framing }: Framed, complaints: Complaints): void {
  if (crc !== undefined && framing === "lines") {
    complaints.add([...path, "crc"], " belongs to frames: take it out, or choose framing: frames");
  }
}

function checkTypes(path: KeyPath, { framing, fields = [] }: Framed, complaints: Complaints): void {
  if ((framing ?? defaults.framing) !== "frames") return;
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

function checkMerge(source: Parsed["source"], complaints: Complaints): void {
  for (const key of ["fields", "framing", "crc"] as const) {
    if (source?.[key] === undefined) continue;
    complaints.add(["source", key], " belongs to each device of source.merge: move it there");
  }
  const devices = source?.merge ?? [];
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
    if (source?.reply === undefined) return;
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
const originsOf = (source: Parsed["source"]) => origins.filter((origin) => source?.[origin] !== undefined);

/** Policies must have something to apply to. */
function checkValues(
  source: Parsed["source"],
  descriptions: readonly FieldDescription[],
  target: string,
  complaints: Complaints,
): void {
  const { outOfRange, stuck } = source?.values ?? {};
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
}

/** What a file says of itself, or decides by waiting, the config need not say. */
function checkFileSource(source: Parsed["source"], complaints: Complaints): void {
  for (const key of ["framing", "crc"] as const) {
    if (source?.[key] === undefined) continue;
    complaints.add(
      ["source", key],
      " belongs to bytes as a device sends them, a file holds samples: take it out",
    );
  }
  if (source?.rate !== undefined) {
    complaints.add(
      ["source", "rate"],
      " belongs to samples that come by themselves, a file's come as fast as they are taken: take it out",
    );
  }
  const whenFull = source?.queue?.whenFull;
  if (whenFull !== undefined && whenFull !== "pause") {
    complaints.add(
      ["source", "queue", "whenFull"],
      " must be pause where a file is read, which can wait: take it out",
    );
  }
}

/** Features that a sample must have for a written shape, or 1 where that says nothing. */
function inputsOf(inputShape: unknown): number {
  const sides = Array.isArray(inputShape) ? inputShape : [];
  const inputs = sides.reduce((product: number, side) => product * Number(side), 1);
  return Number.isInteger(inputs) && inputs >= 1 ? inputs : 1;
}

/** Lets the parts that read them check transforms and network, for `inputs` columns to learn from. */
function checkNetwork(parsed: Parsed, inputs: number, complaints: Complaints): void {
  const { column, classes, standardize = true } = parsed.target;
  const target = classes === undefined ? { column, standardize } : { column, classes };
  complaints.attempt(() => createPipeline(parsed.features ?? defaults.features, inputs));
  complaints.attempt(() => plan(modelFor(target, parsed.model ?? {}, inputs)));
}

/** A bare name in a list of columns stands for a field that is nothing but its name. */
const fieldDescription = (field: string | FieldDescription): FieldDescription =>
  typeof field === "string" ? { name: field } : field;

function withDefaults(parsed: Parsed, file: string): Config {
  const name = parsed.name ?? basename(file, extname(file));
  const { source, target, checkpoint } = parsed;
  const merge = source?.merge;
  const fields = merge === undefined ? source?.fields : mergedFields(merge);
  return {
    file,
    name,
    source: {
      ...deviceWithDefaults(source ?? {}, file),
      stdin: source?.stdin ?? false,
      file: source?.file === undefined ? null : resolve(dirname(file), source.file),
      merge:
        merge?.map((device) => ({
          ...deviceWithDefaults(device, file),
          fields: definedFields(device.fields),
        })) ?? null,
      maximumAgeMs: source?.maxAge ?? (parseDuration(defaults.maximumAge) as number),
      silenceMs: source?.silence ?? null,
      fields: fields === undefined ? null : definedFields(fields),
      ignore: source?.ignore ?? [],
      rate: source?.rate ?? null,
      values: { ...defaults.values, ...source?.values },
      queue: { ...defaults.queue, whenFull: usualPolicy(source), ...source?.queue },
      reply: source?.reply === undefined ? null : replyWithDefaults(source.reply),
    },
    target:
      target.classes === undefined
        ? { column: target.column, standardize: target.standardize ?? true }
        : { column: target.column, classes: target.classes },
    features: parsed.features ?? [...defaults.features],
    model: {
      inputShape: parsed.model?.inputShape ?? null,
      layers: parsed.model?.layers ?? null,
      optimizer: parsed.model?.optimizer ?? null,
      loss: parsed.model?.loss ?? null,
      clip: parsed.model?.clip ?? null,
      schedule: parsed.model?.schedule ?? null,
    },
    training: { ...defaults.training, ...parsed.training },
    memory: {
      budgetBytes: parsed.memory?.budget ?? null,
      recompute: parsed.memory?.recompute ?? false,
      batch: parsed.memory?.batch ?? null,
    },
    checkpoint: {
      directory: resolve(dirname(file), checkpoint?.directory ?? defaults.checkpoint.directory(name)),
      everyMs: checkpoint?.every ?? (parseDuration(defaults.checkpoint.every) as number),
      keep: checkpoint?.keep ?? defaults.checkpoint.keep,
    },
    gpio: parsed.gpio === undefined ? null : gpioWithDefaults(parsed.gpio),
  };
}

const definedFields = (fields: Fields) => defineFields(fields.map(fieldDescription));

function deviceWithDefaults(device: Partial<Devices[number]>, file: string) {
  const { serial, tcp, framing, crc } = device;
  return {
    serial: serial === undefined ? null : serialWithDefaults(serial, file),
    tcp: tcp ?? null,
    framing: framing ?? defaults.framing,
    crc: crc === 32 ? (32 as const) : defaults.crc,
  };
}

/** A file or a pipe can wait until there is room; what a device measures goes on. */
const usualPolicy = (source: Parsed["source"]): RingPolicy =>
  source?.file !== undefined || source?.stdin !== undefined ? "pause" : defaults.queue.whenFull;

function serialWithDefaults(serial: ParsedSerial, file: string): SerialConfig {
  const { path, vendor, product, serialNumber = null } = serial;
  return {
    // One or the other, as was checked.
    port: path === undefined ? ({ vendor, product, serialNumber } as UsbDevice) : portPath(path, file),
    baudRate: serial.baudRate ?? defaults.baudRate,
    readEveryMs: serial.readEvery ?? (parseDuration(defaults.readEvery) as number),
  };
}

/** A relative path starts at the config's folder; Windows' `COM3` is a name, not a path. */
function portPath(path: string, file: string): string {
  return /^COM\d+$/i.test(path) ? path : resolve(dirname(file), path);
}

/** Whether the missing key at `path` stands in its map misspelt, which is complained about already. */
function isMisspelt(path: KeyPath, issues: readonly v.BaseIssue<unknown>[]): boolean {
  const map = pathName(path.slice(0, -1));
  return issues.some((issue) => {
    const keys = (issue.path ?? []).map((item) => item.key as string | number);
    const unknown = issue.expected === "never" && pathName(keys.slice(0, -1)) === map;
    return (
      unknown && nearest(String(keys.at(-1)), [String(path.at(-1))]) !== null && keys.at(-1) !== path.at(-1)
    );
  });
}

/**
 * Checks the text of a config and fills in the defaults. `file` names it in messages and anchors its paths.
 * @throws RivuletError with one line for each mistake: file, line, key, what was found and what to do.
 */
export function parseConfig(text: string, file: string): Config {
  const document = readDocument(text, file, verbatim);
  const complaints = createComplaints(document);
  const result = v.safeParse(configSchema, document.data);
  const issues = result.issues ?? [];
  for (const issue of issues) {
    const path = (issue.path ?? []).map((item) => item.key as string | number);
    if (issue.message.startsWith(": ") && isMisspelt(path, issues)) continue;
    // What a map lacks or has too much is told of the map; the line is the offending key's where there is one.
    complaints.add(path, issue.message, issue.message.startsWith(": ") ? path.slice(0, -1) : path);
  }
  if (result.success) checkTogether(result.output, complaints);
  complaints.throwIfAny();
  return withDefaults(result.output as Parsed, file);
}

/** Reads and checks a config file: `parseConfig` with the file's text. */
export function loadConfig(file: string): Config {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new RivuletError(`cannot read the config ${file}: ${reasonOf(error)}`);
  }
  return parseConfig(text, file);
}
