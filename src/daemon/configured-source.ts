/** The beginning of the way in, as a config describes it: where bytes come from, and what makes samples of them. */

import type { Config } from "../config/config.ts";
import { type DeviceConfig, type Origin, originOf, type SourceConfig } from "../config/source-config.ts";
import type { PreparedSource, PrepareSource, ReconnectOptions } from "../config/sources/source-kind.ts";
import { kindOf, preparations, sourceNames } from "../config/sources/sources.ts";
import { RivuletError } from "../errors/errors.ts";
import type { Decoder } from "../samples/decoding/decoder.ts";
import type { Field } from "../samples/decoding/fields.ts";
import { type FramingChoice, framings } from "../samples/framings/framings.ts";
import { SampleRing } from "../samples/ring.ts";
import { clockFields, SampleClock } from "../samples/sample-clock.ts";
import { mergeDevices } from "../samples/sources/merge.ts";
import type { Source, SourceState } from "../samples/sources/source.ts";
import { anyOf } from "../wording/alternatives.ts";
import type { Log } from "./log.ts";
import { contradictionLog, refusalLog, WatchedDecoder } from "./watched-decoder.ts";

/** What a sample reader needs of a source. Samples come as they were sent, values that are not finite too. */
export interface ConfiguredSource {
  source: Source;
  /** The source by which replies go: the same, or the first of several devices. */
  wayBack: Source;
  decoder: Decoder;
  ring: SampleRing;
  fields: readonly Field[];
  /** The clock of the device, whose columns are after the fields in the ring; null: samples have the time of arrival. */
  clock: SampleClock | null;
  /** Where the samples come from, in words. */
  place: string;
  /** The present state of the source. */
  state: () => SourceState;
  /** What was last reported of it while it is not open, in a sentence; null while it is, and before the first report. */
  trouble: () => string | null;
  /** The decoders of the devices, which report what they do not understand; empty for a source of samples. */
  watched: readonly WatchedDecoder[];
}

/**
 * Prepares the source that a config names: everything is allocated, nothing is opened yet. Changes of state go to the log.
 * @throws RivuletError where the config names no source
 */
export function configuredSource(
  config: Config,
  log: Log,
  reconnect: ReconnectOptions = {},
): ConfiguredSource {
  const { merge, silenceMs, fields, queue, time } = config.source;
  const origin = originOf(config.source);
  if (fields === null || (origin === null && merge === null)) {
    const [first, ...others] = sourceNames;
    throw new RivuletError(
      "config.no-source",
      `${config.file} names no source to read: add source: { ${kindOf(first).example} }, ${anyOf(others)}, and source.fields`,
    );
  }
  const sent = [...fields, ...(time === null ? [] : clockFields(time))];
  const ring = new SampleRing(sent.length, queue.samples, queue.whenFull);
  const lasting = { ...reconnect, silenceMs: silenceMs ?? undefined };
  if (merge !== null) return mergedSource(config.source, merge, ring, fields, lasting, log);
  const found = origin as Origin;
  const { state, trouble, onState } = trackState(found.kind.event, log);
  const refuseReplies = config.source.reply !== null;
  const watched: WatchedDecoder[] = [];
  const options = { ...lasting, onState, watched, log };
  const prepared = prepare(found, config.source, sent, ring, refuseReplies, options);
  const { source } = prepared;
  const place = found.kind.place(found.value);
  const clock = time && new SampleClock(time);
  return { ...prepared, wayBack: source, place, ring, fields, clock, state, trouble, watched };
}

function mergedSource(
  { maximumAgeMs, reply }: SourceConfig,
  devices: readonly DeviceConfig[],
  ring: SampleRing,
  fields: readonly Field[],
  lasting: ReconnectOptions & { silenceMs?: number },
  log: Log,
): ConfiguredSource {
  // Each has one, as was checked.
  const origins = devices.map((device) => originOf(device) as Origin);
  const tracked = origins.map(({ kind }) => trackState(kind.event, log));
  const watched: WatchedDecoder[] = [];
  const merged = devices.map((device, index) => {
    const deviceRing = new SampleRing(device.fields.length, 1, "pause");
    const options = { ...lasting, onState: tracked[index].onState, watched, log };
    const { fields: columns } = device;
    return {
      ...prepare(origins[index], device, columns, deviceRing, reply !== null, options),
      ring: deviceRing,
    };
  });
  const places = origins.map(({ kind, value }) => kind.place(value));
  const onIncomplete = (device: number | null) => {
    const text =
      device === null
        ? `samples of ${places[0]} are complete`
        : `no sample of ${places[device]} for ${maximumAgeMs / 1000} s: those of ${places[0]} are left out`;
    log({ event: device === null ? "complete" : "incomplete", text, problem: device !== null });
  };
  return {
    ...mergeDevices(merged, ring, { maximumAgeMs, onIncomplete }),
    ...{ wayBack: merged[0].source, ring, fields, clock: null, watched, place: places.join(" and ") },
    // The merged state is the worst of the devices.
    state: () => tracked.map(({ state }) => state()).find((state) => state !== "open") ?? "open",
    trouble: () => tracked.find(({ state }) => state() !== "open")?.trouble() ?? null,
  };
}

/** The state of a source as it is reported, each change in one line of the log. */
function trackState(what: "port" | "source", log: Log) {
  let state: SourceState = "opening";
  let latest: string | null = null;
  return {
    state: () => state,
    trouble: () => (state === "open" ? null : latest),
    onState(next: SourceState, text: string) {
      state = next;
      latest = text;
      log({ event: `${what}-${next}`, text, problem: next === "waiting" || next === "silent" });
    },
  };
}

interface DeviceOptions extends ReconnectOptions {
  silenceMs?: number;
  onState: (state: SourceState, text: string) => void;
  /** Receives the decoder. */
  watched: WatchedDecoder[];
  log: Log;
}

/** Prepares one device: its source, and the decoder that its framing names. */
function prepare(
  { name, kind, value }: Origin,
  choice: FramingChoice & { columns?: readonly string[] },
  fields: readonly Field[],
  ring: SampleRing,
  refuseReplies: boolean,
  { watched, log, ...options }: DeviceOptions,
): PreparedSource {
  const framing = framings[choice.framing];
  const { startsAtLine } = kind;
  const prepareKind = preparations[name] as PrepareSource<unknown>;
  return prepareKind(value, {
    ...options,
    ...{ fields, ring, columns: choice.columns, decimal: choice.decimal === "auto" ? null : choice.decimal },
    ...{ delimiter: framing.delimiter, isFramed: choice.framing !== "lines" },
    // Values that are not finite are for the validator to judge.
    createDecoder: () => {
      const place = kind.place(value);
      const onRefused = refusalLog(place, log);
      const onContradiction = contradictionLog(place, log);
      const decoding = {
        ...{ ...choice, startsAtLine, refuseReplies, passNonFinite: true },
        ...{ onRefused, onContradiction },
      };
      const expected = {
        ...{ framing: choice.framing, startsAtLine, fields: fields.map((field) => field.name) },
        baudRate: kind.port === undefined ? null : (value as { baudRate: number }).baudRate,
      };
      const decoder = new WatchedDecoder(framing.createDecoder(fields, ring, decoding), expected, place, log);
      watched.push(decoder);
      return decoder;
    },
  });
}
