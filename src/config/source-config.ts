/** The key `source` of a config, in full: where samples come from, and what they are. */
import { dirname, resolve } from "node:path";
import { defineFields, type Field } from "../samples/decoding/fields.ts";
import type { UsbDevice } from "../samples/ports/port-survey.ts";
import type { RingPolicy } from "../samples/ring.ts";
import type { ValuePolicies } from "../samples/sample-validator.ts";
import { parseDuration } from "../wording/quantities.ts";
import { type ReplyConfig, replyWithDefaults } from "./reply-config.ts";
import {
  type Devices,
  fieldDescription,
  fieldsOf,
  type ParsedSerial,
  type ParsedSource,
} from "./source-schema.ts";

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
  framing: "frames" | "lines";
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
