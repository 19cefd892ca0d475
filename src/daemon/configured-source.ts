/** The beginning of the way in, as a config describes it: where bytes come from, and what makes samples of them. */
import { RivuletError } from "../errors.ts";
import type { Decoder } from "../samples/decoder.ts";
import type { Field } from "../samples/fields.ts";
import { createFileSource } from "../samples/file-source.ts";
import { createFrameDecoder } from "../samples/frames.ts";
import { createLineDecoder } from "../samples/lines.ts";
import { usbDeviceName } from "../samples/port-finder.ts";
import { SampleRing } from "../samples/ring.ts";
import { createSerialSource } from "../samples/serial.ts";
import type { Source, SourceState } from "../samples/source.ts";
import { createStandardInput } from "../samples/standard-input.ts";
import { createTcpSource } from "../samples/tcp.ts";
import type { Config, SerialConfig } from "./config.ts";
import { FileDecoder } from "./file-decoder.ts";
import type { Log } from "./log.ts";

/** What the intake needs, and what it says of itself. */
export interface ConfiguredSource {
  source: Source;
  decoder: Decoder;
  ring: SampleRing;
  fields: readonly Field[];
  /** Where the samples come from, in words. */
  place: string;
  /** How the source stands. */
  state: () => SourceState;
}

/** How a source takes it that its device is away. */
export interface Patience {
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
  { waitForPort, reopenCeilingMs }: Patience = {},
): ConfiguredSource {
  const { serial, tcp, stdin, file, silenceMs, fields, queue } = config.source;
  if (fields === null || (serial === null && tcp === null && !stdin && file === null)) {
    throw new RivuletError(
      `${config.file} names no source to read: add source: { serial: { path: /dev/ttyUSB0 } }, tcp, stdin or file, and source.fields`,
    );
  }
  const ring = new SampleRing(fields.length, queue.samples, queue.whenFull);
  let state: SourceState = "opening";
  const onState = (next: SourceState, text: string) => {
    state = next;
    const problem = next === "waiting" || next === "silent";
    log({ event: `${serial === null ? "source" : "port"}-${next}`, text, problem });
  };
  const common = { ring, fields, state: () => state };
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
    return { source, decoder, place: file, ...common };
  }
  const decoder = decoderFor(config, fields, ring);
  if (stdin) {
    return { source: createStandardInput({ onState }), decoder, place: "standard input", ...common };
  }
  const lasting = {
    ...(reopenCeilingMs !== undefined && { reopenCeilingMs }),
    silenceMs: silenceMs ?? undefined,
    onState,
    onReconnect: () => decoder.reset(),
  };
  if (tcp !== null) {
    const source = createTcpSource({ ...tcp, ...lasting });
    return { source, decoder, place: `${tcp.host}:${tcp.port}`, ...common };
  }
  const settings = serial as SerialConfig;
  const source = createSerialSource({ ...settings, ...lasting, waitForPort });
  const { port } = settings;
  const place = typeof port === "string" ? port : `the ${usbDeviceName(port)}`;
  return { source, decoder, place, ...common };
}

function decoderFor({ source }: Config, fields: readonly Field[], ring: SampleRing): Decoder {
  // A pipe begins where a line begins; a port and a connection are joined in mid-line.
  if (source.framing === "lines") return createLineDecoder(fields, ring, { startsAtLine: source.stdin });
  return createFrameDecoder(fields, ring, { crc: source.crc });
}
