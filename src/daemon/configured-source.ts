/** The beginning of the way in, as a config describes it: where bytes come from, and what makes samples of them. */
import { RivuletError } from "../errors.ts";
import type { Decoder } from "../samples/decoder.ts";
import type { Field } from "../samples/fields.ts";
import { createFrameDecoder } from "../samples/frames.ts";
import { createLineDecoder } from "../samples/lines.ts";
import { SampleRing } from "../samples/ring.ts";
import { createSerialSource } from "../samples/serial.ts";
import type { Source } from "../samples/source.ts";
import type { Config } from "./config.ts";
import type { Log } from "./log.ts";

/** What the intake needs, and what it says of itself. */
export interface ConfiguredSource {
  source: Source;
  decoder: Decoder;
  ring: SampleRing;
  fields: readonly Field[];
  /** Where the samples come from, in words. */
  place: string;
}

/**
 * Everything is allocated, nothing is opened yet. Changes of state go to the log.
 * @throws RivuletError where the config names no source
 */
export function configuredSource(config: Config, log: Log): ConfiguredSource {
  const { serial, fields, queue } = config.source;
  if (serial === null || fields === null) {
    throw new RivuletError(
      `${config.file} names no port to read: add source: { serial: { path: /dev/ttyUSB0 } } and source.fields`,
    );
  }
  const ring = new SampleRing(fields.length, queue.samples, queue.whenFull);
  const decoder = decoderFor(config, fields, ring);
  const source = createSerialSource({
    ...serial,
    onState: (state, text) => {
      log({ event: `port-${state}`, text, problem: state === "waiting" || state === "silent" });
    },
    onReconnect: () => decoder.reset(),
  });
  return { source, decoder, ring, fields, place: serial.path };
}

function decoderFor({ source }: Config, fields: readonly Field[], ring: SampleRing): Decoder {
  if (source.framing === "lines") return createLineDecoder(fields, ring);
  return createFrameDecoder(fields, ring, { crc: source.crc });
}
