/** The beginning of the way in, as a config describes it: where bytes come from, and what makes samples of them. */

import type { Config } from "../config/config.ts";
import type { DeviceConfig, FramingConfig, SerialConfig, SourceConfig } from "../config/source-config.ts";
import { RivuletError } from "../errors/errors.ts";
import type { Decoder } from "../samples/decoding/decoder.ts";
import type { Field } from "../samples/decoding/fields.ts";
import { createFrameDecoder } from "../samples/decoding/frames.ts";
import { createLineDecoder } from "../samples/decoding/lines.ts";
import { usbDeviceName } from "../samples/ports/port-finder.ts";
import { SampleRing } from "../samples/ring.ts";
import { createFileSource } from "../samples/sources/file-source.ts";
import { mergeDevices } from "../samples/sources/merge.ts";
import { createSerialSource } from "../samples/sources/serial.ts";
import type { Source, SourceState } from "../samples/sources/source.ts";
import { createStandardInput } from "../samples/sources/standard-input.ts";
import { createTcpSource } from "../samples/sources/tcp.ts";
import { FileDecoder } from "./file-decoder.ts";
import type { Log } from "./log.ts";

/** What the intake needs, and what it says of itself. Samples come as they were sent, values that are not finite too. */
export interface ConfiguredSource {
  source: Source;
  /** The source by which replies go: the same, or the first of several devices. */
  wayBack: Source;
  decoder: Decoder;
  ring: SampleRing;
  fields: readonly Field[];
  /** Where the samples come from, in words. */
  place: string;
  /** How the source stands. */
  state: () => SourceState;
}

/** How a source takes it that its device is away. */
export interface ReconnectOptions {
  /**
   * Begin without a serial port that is not there, not permitted or in use, and wait for it; default: that is an error.
   * A connection is waited for in any case.
   */
  waitForPort?: boolean;
  /** Longest delay between two attempts to open it. */
  reopenCeilingMs?: number;
}

/**
 * Everything is allocated, nothing is opened yet. Changes of state go to the log.
 * @throws RivuletError where the config names no source
 */
export function configuredSource(
  config: Config,
  log: Log,
  reconnect: ReconnectOptions = {},
): ConfiguredSource {
  const { serial, tcp, stdin, file, merge, silenceMs, fields, queue, reply } = config.source;
  if (fields === null || (serial === null && tcp === null && !stdin && file === null && merge === null)) {
    throw new RivuletError(
      "config.no-source",
      `${config.file} names no source to read: add source: { serial: { path: /dev/ttyUSB0 } }, tcp, stdin or file, and source.fields`,
    );
  }
  const ring = new SampleRing(fields.length, queue.samples, queue.whenFull);
  const lasting = { ...reconnect, silenceMs: silenceMs ?? undefined };
  if (merge !== null) return mergedSource(config.source, merge, ring, fields, lasting, log);
  const { state, onState } = trackState(serial === null ? "source" : "port", log);
  const common = { ring, fields, state };
  if (file !== null) {
    const decoder = new FileDecoder(file, fields, ring);
    const source = createFileSource({
      path: file,
      prepare: () => decoder.prepare(),
      onEnd: () => decoder.finish(),
      onState: (next, text) => {
        const torn = decoder.tornBytes;
        onState(next, next === "ended" && torn > 0 ? `${text}; its last ${torn} bytes are torn` : text);
      },
    });
    return { source, wayBack: source, decoder, place: file, ...common };
  }
  const decoder = decoderFor(config.source, fields, ring, {
    startsAtLine: stdin,
    refuseReplies: reply !== null,
  });
  if (stdin) {
    const source = createStandardInput({ onState });
    return { source, wayBack: source, decoder, place: "standard input", ...common };
  }
  const source = deviceSource(config.source, { ...lasting, onState, onReconnect: () => decoder.reset() });
  return { source, wayBack: source, decoder, place: placeOf(config.source), ...common };
}

function mergedSource(
  { maximumAgeMs, reply }: SourceConfig,
  devices: readonly DeviceConfig[],
  ring: SampleRing,
  fields: readonly Field[],
  lasting: ReconnectOptions & { silenceMs?: number },
  log: Log,
): ConfiguredSource {
  const tracked = devices.map(({ serial }) => trackState(serial === null ? "source" : "port", log));
  const merged = devices.map((device, index) => {
    const deviceRing = new SampleRing(device.fields.length, 1, "pause");
    const decoder = decoderFor(device, device.fields, deviceRing, { refuseReplies: reply !== null });
    const { onState } = tracked[index];
    const source = deviceSource(device, { ...lasting, onState, onReconnect: () => decoder.reset() });
    return { source, decoder, ring: deviceRing };
  });
  const places = devices.map(placeOf);
  const onIncomplete = (device: number | null) => {
    const text =
      device === null
        ? `samples of ${places[0]} are complete`
        : `no sample of ${places[device]} for ${maximumAgeMs / 1000} s: those of ${places[0]} are left out`;
    log({ event: device === null ? "complete" : "incomplete", text, problem: device !== null });
  };
  return {
    ...mergeDevices(merged, ring, { maximumAgeMs, onIncomplete }),
    ...{ wayBack: merged[0].source, ring, fields, place: places.join(" and ") },
    // Together they are as well as the one that is worst off.
    state: () => tracked.map(({ state }) => state()).find((state) => state !== "open") ?? "open",
  };
}

/** The state of a source as it is told, each change in one line of the log. */
function trackState(what: "port" | "source", log: Log) {
  let state: SourceState = "opening";
  return {
    state: () => state,
    onState(next: SourceState, text: string) {
      state = next;
      log({ event: `${what}-${next}`, text, problem: next === "waiting" || next === "silent" });
    },
  };
}

interface DeviceOptions extends ReconnectOptions {
  silenceMs?: number;
  onState: (state: SourceState, text: string) => void;
  onReconnect: () => void;
}

type Origin = Pick<DeviceConfig, "serial" | "tcp">;

function deviceSource({ serial, tcp }: Origin, options: DeviceOptions): Source {
  const { waitForPort, ...lasting } = options;
  if (tcp !== null) return createTcpSource({ ...tcp, ...lasting });
  return createSerialSource({ ...(serial as SerialConfig), ...lasting, waitForPort });
}

function placeOf({ serial, tcp }: Origin): string {
  if (tcp !== null) return `${tcp.host}:${tcp.port}`;
  const { port } = serial as SerialConfig;
  return typeof port === "string" ? port : `the ${usbDeviceName(port)}`;
}

function decoderFor(
  { framing, crc }: FramingConfig,
  fields: readonly Field[],
  ring: SampleRing,
  // A pipe begins where a line begins; a port and a connection are joined in mid-line.
  options: { startsAtLine?: boolean; refuseReplies: boolean },
): Decoder {
  const passNonFinite = true;
  if (framing === "lines") return createLineDecoder(fields, ring, { ...options, passNonFinite });
  return createFrameDecoder(fields, ring, { crc, passNonFinite });
}
