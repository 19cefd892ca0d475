import { FieldStatistics } from "../../src/daemon/field-statistics.ts";
import { EventOutput } from "../../src/daemon/outputs/event-output.ts";
import { Outputs } from "../../src/daemon/outputs/outputs.ts";
import { EventStream } from "../../src/status/event-stream.ts";
import { SharedBytes } from "../../src/status/shared-bytes.ts";
import { pathOf } from "./path.ts";

const { path, learner, take } = pathOf(`
source:
  tcp: { host: 127.0.0.1, port: 9 }
  framing: lines
  rate: 100
  fields: [load, heat]
  reply: { send: [prediction], every: sample }
target: { forecast: load, horizon: 20 }
timeZone: Europe/Berlin
`);
const counts = { requests: 0, refused: 0, slowReaders: 0, errors: 0, watching: 0 };
const unheard = new EventOutput(new EventStream(counts, () => new SharedBytes()));
path.outputs = new Outputs([unheard], null, learner, path.stations.scores, null, () => {});
path.fieldStatistics = new FieldStatistics(2);
const row = new Float64Array(2);

/** Twenty thousand samples along their path, each answered with a forecast. */
export default function repeat(): void {
  for (let i = 0; i < 20_000; i++) {
    row[0] = i % 50 === 49 ? Number.NaN : 20.5 * Math.sin((i * Math.PI) / 24) + (i % 13) * 1.25;
    row[1] = (i % 7) * 1e6 + 0.5;
    take(row);
  }
}

// The optimizing compiler works beside this thread, and on a busy machine after it.
for (let turn = 0; turn < 3; turn++) {
  repeat();
  await new Promise((resolve) => setTimeout(resolve, 100));
}
