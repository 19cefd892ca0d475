/** The key `source` of a config with every default: where samples come from, and their columns. */
import { defineFields, type Field, type FieldDescription } from "../samples/decoding/fields.ts";
import { unwanted } from "../samples/decoding/line-reading.ts";
import { type FramingChoice, framingSettings } from "../samples/framings/framings.ts";
import type { UsbDevice } from "../samples/ports/port-survey.ts";
import type { RingPolicy } from "../samples/ring.ts";
import type { ClockColumns } from "../samples/sample-clock.ts";
import type { ValuePolicies } from "../samples/sample-validator.ts";
import type { AlarmTask } from "./alarm-config.ts";
import type { KeyPath } from "./document.ts";
import { type ReplyConfig, replyWithDefaults } from "./reply-config.ts";
import { isHeaderClock } from "./source-checks.ts";
import {
  clockOf,
  type Framed,
  fieldDescription,
  fieldsOf,
  framingOf,
  type ParsedSource,
  placesOf,
  sourceDefaults,
} from "./source-schema.ts";
import type { SourceKind } from "./sources/source-kind.ts";
import {
  kindOf,
  type Origins,
  type SourceName,
  sourceNames,
  sourcesThat,
  type WrittenOrigins,
} from "./sources/sources.ts";

/** One of several devices; exactly one of its origins is not null. */
export interface DeviceConfig extends FramingChoice, Origins {
  /** The columns in the order in which they are sent. */
  fields: Field[];
  /** The names of all columns of a line by place, `_` for one that is not wanted; undefined where all are. */
  columns?: string[];
}

/**
 * A source with every default. At most one of the origins and `merge` is not null; all are null where a data file is
 * named on the command line instead.
 */
export interface SourceConfig extends FramingChoice, Origins {
  /** Several devices, each with its own framing, whose samples are merged by time. */
  merge: DeviceConfig[] | null;
  /** Largest age of a sample that completes one of another device. */
  maximumAgeMs: number;
  /** Time without a byte after which a device is opened again; null: never. */
  silenceMs: number | null;
  /** The columns in the order in which they are sent or merged; `null` where the header of a data file names them. */
  fields: Field[] | null;
  /** The names of all columns of a line by place, `_` for one that is not wanted; undefined where all are. */
  columns?: string[];
  /** The columns of the device's clock, which are no fields; null: a sample has the time of its arrival. */
  time: ClockColumns | null;
  /** Columns that are neither features nor target, by name or by place. */
  ignore: (string | number)[];
  /** Expected samples per second; the log warns of a very different rate; null: any. */
  rate: number | null;
  /** What happens to samples with values that cannot be true. */
  values: ValuePolicies;
  /** The ring between reading and learning. */
  queue: { samples: number; whenFull: RingPolicy };
  /** Replies to the device about its samples; null: none. */
  reply: ReplyConfig | null;
}

/**
 * Fills in the defaults of a source.
 *
 * @param target null where nothing is predicted
 * @param file path of the config; relative paths in it start at its folder
 */
export function sourceWithDefaults(
  source: ParsedSource,
  target: { column: string; classes?: number; names?: string[] } | null,
  task: AlarmTask,
  file: string,
): SourceConfig {
  const { merge } = source;
  const fields = fieldsOf(source);
  const { names, classes } = target ?? {};
  // A sample without its target is predicted all the same.
  const asTarget = { optional: true, ...(names && { classes: names, mostClasses: classes }) };
  const define = (descriptions: readonly FieldDescription[]) =>
    defineFields(
      descriptions.map((field) => {
        // Who only watches leaves a missing value out, not the sample.
        if (target === null) return { ...field, optional: true };
        return field.name === target.column ? { ...field, ...asTarget } : field;
      }),
    );
  return {
    ...deviceWithDefaults(source, file),
    merge:
      merge?.map((device) => ({
        ...deviceWithDefaults(device, file),
        fields: define(device.fields.map(fieldDescription).filter(({ name }) => name !== unwanted)),
        columns: placesOf(device.fields),
      })) ?? null,
    maximumAgeMs: source.maxAge ?? sourceDefaults.maxAge,
    silenceMs: source.silence ?? null,
    fields: fields === undefined ? null : define(fields),
    columns: source.fields && placesOf(source.fields, source.ignore, source.time !== undefined),
    time: clockWithin(source),
    ignore: source.ignore ?? [],
    rate: source.rate ?? null,
    values: valuesWithDefaults(source.values ?? {}),
    queue: { ...sourceDefaults.queue, whenFull: usualPolicy(source), ...source.queue },
    reply: source.reply === undefined ? null : replyWithDefaults(source.reply, task),
  };
}

/** The clock of a source; frames that have one may name it. */
function clockWithin(source: ParsedSource): ClockColumns | null {
  const clock = clockOf(source.time);
  return clock !== null && isHeaderClock(source, clock) ? { ...clock, unit: "ms", isInHeader: true } : clock;
}

function valuesWithDefaults({ notFinite, ...values }: NonNullable<ParsedSource["values"]>): ValuePolicies {
  return { ...sourceDefaults.values, ...(notFinite === undefined ? {} : { missing: notFinite }), ...values };
}

function deviceWithDefaults(device: WrittenOrigins & Framed, file: string): FramingChoice & Origins {
  const origins = sourceNames.map((name) => {
    const written = device[name];
    return [name, written === undefined ? null : kindOf(name).complete(written, file)];
  });
  const settings = Object.entries(framingSettings).map(([key, setting]) => [
    key,
    device[key as keyof Framed] ?? setting.default,
  ]);
  return {
    ...Object.fromEntries([...origins, ...settings]),
    // A file holds text or a recording, unless it is said how its bytes are framed.
    ...framingOf(device.framing ?? (device.file === undefined ? undefined : "lines")),
  };
}

/** The default of queue.whenFull: a file or a pipe can wait until there is room, a device cannot. */
const usualPolicy = (source: ParsedSource): RingPolicy =>
  sourcesThat(({ canWait }) => canWait).some((name) => source[name] !== undefined) ? "pause" : "drop-oldest";

/** Where the samples of a config or of one of its devices come from: the kind of source, and its value. */
export interface Origin {
  name: SourceName;
  kind: SourceKind;
  value: unknown;
}

/** Returns the origin that a source or a device names; null where there is none. */
export function originOf(origins: Origins): Origin | null {
  const name = sourceNames.find((candidate) => origins[candidate] !== null);
  return name === undefined ? null : { name, kind: kindOf(name), value: origins[name] };
}

/** A serial port that a config names. */
export interface ConfiguredPort {
  /** Path of the key that names it. */
  at: KeyPath;
  port: string | UsbDevice;
  /** Index of its device among those that are merged; 0 where there is one device. */
  device: number;
}

/** Returns the serial ports of a source. */
export function portsOf(source: SourceConfig): ConfiguredPort[] {
  const devices: Origins[] = source.merge ?? [source];
  return devices.flatMap((origins, device) => {
    const origin = originOf(origins);
    const port = origin?.kind.port?.(origin.value);
    if (origin === null || port === undefined) return [];
    const around = source.merge === null ? ["source"] : ["source", "merge", device];
    return [{ at: [...around, origin.name, "path"], port, device }];
  });
}
