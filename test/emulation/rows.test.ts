/** Several rows in a frame, from the firmware of devices/firmware/motion on the emulated ATmega328P to samples. */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { loadConfig } from "../../src/config/config.ts";
import { startMicrocontroller } from "../../src/emulation/microcontroller.ts";
import type { Field } from "../../src/samples/decoding/fields.ts";
import { createFrameDecoder } from "../../src/samples/decoding/frames.ts";
import { SampleRing } from "../../src/samples/ring.ts";
import { feedInChunks } from "../samples/streams.ts";

const folder = new URL("../../devices/firmware/motion/", import.meta.url);
const fields = loadConfig(fileURLToPath(new URL("motion.yaml", folder))).source.fields as Field[];

test("six axes at 1.6 kHz fit a line of 250,000 baud, each row with its time and number", async () => {
  const board = await startMicrocontroller(fileURLToPath(new URL("motion.hex", folder)));
  const stream = board.run(1000).slice();
  expect(stream.length).toBeLessThan(25_000 * 0.95);
  const ring = new SampleRing(fields.length, 2000, "pause");
  const decoder = createFrameDecoder(fields, ring);
  feedInChunks(decoder, stream, [97]);
  const { samples, damaged, missing } = decoder.counts;
  expect({ damaged, missing }).toEqual({ damaged: 0, missing: 0 });
  // The last frame may be under way.
  expect(samples).toBeGreaterThanOrEqual(1600 - 2 * 16);
  expect(samples % 16).toBe(0);
  expect([...ring.deviceTimes.subarray(0, samples)]).toEqual(
    Array.from({ length: samples }, (_, row) => row * 0.625),
  );
  expect([...ring.sequences.subarray(0, samples)]).toEqual(Array.from({ length: samples }, (_, row) => row));
});
