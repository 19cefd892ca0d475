/** A file of bytes as a device sends them, in the framing that a config names. */
import type { Config } from "../../config/config.ts";
import type { DataFile } from "../../library/data-files.ts";
import type { Decoder } from "../../samples/decoding/decoder.ts";
import type { OnRefused } from "../../samples/decoding/refusals.ts";
import type { Framing } from "../../samples/framings/framing.ts";
import { framings } from "../../samples/framings/framings.ts";
import { SampleRing } from "../../samples/ring.ts";
import { clockFields, SampleClock } from "../../samples/sample-clock.ts";
import { readBytes } from "../../samples/sources/file-bytes.ts";
import { shownBytesOf } from "../../wording/safe.ts";

const ringSamples = 1024;

/**
 * The samples of such a file; null where the config names no framing but lines, or where the beginning of the file is not
 * of its framing: a config of a port serves for recordings and for CSV files too.
 */
export async function framedFile(path: string, config: Config): Promise<DataFile | null> {
  const { fields, framing } = config.source;
  if (fields === null || framing === "lines" || config.source.merge !== null) return null;
  for await (const chunk of readBytes(path)) {
    const { decoder, ring } = createReading(config, () => {});
    for (let at = 0; at < chunk.length; ) {
      at = decoder.decode(chunk, at, chunk.length, Number.NaN);
      while (ring.length > 0) ring.release();
    }
    const { samples, damaged } = decoder.counts;
    return samples > 0 && samples >= damaged ? new FramedFile(path, config) : null;
  }
  return null;
}

interface Reading {
  decoder: Decoder;
  ring: SampleRing;
  clock: SampleClock | null;
}

function createReading({ source }: Config, onRefused: OnRefused): Reading {
  const { time, fields } = source;
  const sent = [...(fields ?? []), ...(time === null ? [] : clockFields(time))];
  const ring = new SampleRing(sent.length, ringSamples, "pause");
  const decoding = { ...source, startsAtLine: true, refuseReplies: false, passNonFinite: true, onRefused };
  const decoder = (framings[source.framing] as Framing).createDecoder(sent, ring, decoding);
  return { decoder, ring, clock: time && new SampleClock(time) };
}

class FramedFile implements DataFile {
  readonly name: string;
  readonly unit = "sample";
  readonly correctable = false;
  damage: DataFile["damage"] = {};
  readonly #config: Config;

  constructor(path: string, config: Config) {
    this.name = path;
    this.#config = config;
  }

  async columns(): Promise<string[]> {
    return (this.#config.source.fields ?? []).map(({ name }) => name);
  }

  async read(...[columns, onRow]: Parameters<DataFile["read"]>): ReturnType<DataFile["read"]> {
    const names = await this.columns();
    const places = columns.map((name) => names.indexOf(name));
    const row = new Float64Array(columns.length);
    const refused: string[] = [];
    const { decoder, ring, clock } = createReading(this.#config, ({ reason, bytes, length }) =>
      refused.push(`${reason.what}: ${shownBytesOf(bytes, length)}`),
    );
    let rows = 0;
    const handOn = () => {
      for (; ring.length > 0; ring.release()) {
        const front = ring.front();
        const slot = ring.frontSlot;
        // Frames have a clock of their own.
        const times = clock === null ? ring.deviceTimes : ring.measuredAt;
        clock?.observeFront(ring, names.length);
        for (let column = 0; column < row.length; column++) {
          row[column] = places[column] < 0 ? Number.NaN : ring.values[front + places[column]];
        }
        onRow(row, 0, ++rows, times, slot);
      }
    };
    for await (const chunk of readBytes(this.name)) {
      for (let at = 0; at < chunk.length; handOn()) at = decoder.decode(chunk, at, chunk.length, Number.NaN);
    }
    const { damaged } = decoder.counts;
    this.damage = { damaged, refused, ...(clock === null ? {} : { clock: clock.report() }) };
    return { rows, ...this.damage };
  }
}
