/** A sample path without a device: samples are put into its ring, and what it does with them can be seen. */
import { type Config, parseConfig } from "../../src/config/config.ts";
import { configuredLearner } from "../../src/config/configured-learner.ts";
import type { ConfiguredSource } from "../../src/daemon/configured-source.ts";
import { createSamplePath } from "../../src/daemon/create-sample-path.ts";
import type { LogEntry } from "../../src/daemon/log.ts";
import type { PrequentialLearner } from "../../src/learner/prequential-learner.ts";
import type { Field } from "../../src/samples/decoding/fields.ts";
import { SampleRing } from "../../src/samples/ring.ts";
import { SampleClock } from "../../src/samples/sample-clock.ts";
import { steadyClock } from "../../src/samples/sources/clock.ts";

/**
 * The path of a config whose source is never opened. The clock of the device, if the config names one, is behind the fields of
 * a sample. Samples come every 10 ms, after the `before` that have come already.
 */
export function pathOf(
  given: string | Config,
  beside: readonly PrequentialLearner[] = [],
  clock = steadyClock,
  before = 0,
) {
  const config = typeof given === "string" ? parseConfig(given, "c.yaml") : given;
  const fields = config.source.fields as Field[];
  const { time } = config.source;
  const deviceClock = time && new SampleClock(time);
  const ring = new SampleRing(fields.length + (time?.columns.length ?? 0), 1, "pause");
  const source = {
    counts: { bytes: 0, opens: 1, losses: 0, droppedWrites: 0 },
    open: async () => {},
    close: async () => {},
    write: () => true,
  };
  const input = {
    wayBack: source,
    ring,
    fields,
    clock: deviceClock,
    place: "a test",
  } as unknown as ConfiguredSource;
  const names = fields.map(({ name }) => name);
  const column = config.target?.column;
  const columns = column === undefined || names.includes(column) ? names : [...names, column];
  const learner = configuredLearner(config, columns);
  const entries: LogEntry[] = [];
  const log = (entry: LogEntry) => void entries.push(entry);
  const path = createSamplePath(config, { input, learner, beside, log, clock });
  let samples = before;
  /** Sends the sample whose numbers stand in `row` along the path. Allocates nothing. */
  function take(row: Float64Array): void {
    const at = ring.reserve();
    for (let i = 0; i < row.length; i++) ring.values[at + i] = row[i];
    ring.commit(10 * samples, samples & 0xffff);
    samples++;
    deviceClock?.observeFront(ring, fields.length);
    path.take(ring.values, ring.front());
    ring.release();
  }
  return { path, learner, take, entries, input, log };
}
