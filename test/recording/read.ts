import { readFileSync } from "node:fs";
import { RecordingDecoder } from "../../src/recording/decoder.ts";
import { SampleRing } from "../../src/samples/ring.ts";

/** All that is in a recording of a few samples. */
export function readRecording(path: string) {
  let ring = new SampleRing(1, 1, "pause");
  const decoder = new RecordingDecoder(
    null,
    (columns) => {
      ring = new SampleRing(columns.length, 1 << 16, "pause");
      return ring;
    },
    path,
  );
  const bytes = readFileSync(path);
  decoder.decode(bytes, 0, bytes.length);
  const rows: number[][] = [];
  const sequences: number[] = [];
  const deviceTimes: number[] = [];
  for (; ring.length > 0; ring.release()) {
    const front = ring.front();
    rows.push([...ring.values.subarray(front, front + ring.width)]);
    sequences.push(ring.sequences[ring.frontSlot]);
    deviceTimes.push(ring.deviceTimes[ring.frontSlot]);
  }
  const { header, counts, unfinishedBytes } = decoder;
  return { header, rows, sequences, deviceTimes, unfinishedBytes, damaged: counts.damaged };
}
