import { createFrameDecoder, createFrameEncoder } from "../../../src/samples/decoding/frames.ts";
import { SampleRing } from "../../../src/samples/ring.ts";
import { allFields, feedInChunks } from "../streams.ts";

const frameCount = 50_000;

const encoder = createFrameEncoder(allFields, { crc: 32 });
const stream = new Uint8Array(frameCount * encoder.maximumBytes);
let end = 0;
for (let index = 0; index < frameCount; index++) {
  // Clocks, checksums and sequence numbers beyond 2^31 would be boxed if they were kept as plain numbers.
  const values = [
    index / 7,
    index / 3,
    index % 100,
    index % 200,
    index % 30_000,
    index,
    -index,
    4_000_000_000 + index,
  ];
  end = encoder.encode(values, index, 3_000_000_000 + index, stream, end);
}
const bytes = stream.subarray(0, end);
const ring = new SampleRing(allFields.length, 64, "drop-oldest");
const decoder = createFrameDecoder(allFields, ring, { crc: 32 });
/** No multiple of the frame: frames are cut everywhere. */
const sizes = [4095];

/** A million frames. */
export default function repeat(): void {
  const before = decoder.counts.samples;
  for (let turn = 0; turn < 20; turn++) feedInChunks(decoder, bytes, sizes);
  if (decoder.counts.samples - before !== 20 * frameCount) throw new Error("not every frame was decoded");
}
