/**
 * Writes devices/examples/pump.csv: what the firmware in devices/firmware/pump sends, as the frame decoder reads it,
 * for the README's examples to run on. The emulator has no clock, so the file is the same each time.
 */
import { writeFileSync } from "node:fs";
import { demoFirmware } from "../src/emulation/demo-firmware.ts";
import { startMicrocontroller } from "../src/emulation/microcontroller.ts";
import { createFrameDecoder } from "../src/samples/decoding/frames.ts";
import { SampleRing } from "../src/samples/ring.ts";

/** The file's text: a header and the first `rows` samples of the firmware. */
export async function recordPump(rows: number): Promise<string> {
  const { fields, path } = demoFirmware;
  const ring = new SampleRing(fields.length, rows, "drop-newest");
  const decoder = createFrameDecoder(fields, ring);
  const board = await startMicrocontroller(path);
  while (ring.length < rows) {
    const bytes = board.run(100);
    decoder.decode(bytes, 0, bytes.length, 0);
  }
  const lines = [fields.map(({ name }) => name).join(",")];
  for (; ring.length > 0; ring.release()) {
    const row = ring.values.subarray(ring.front(), ring.front() + fields.length);
    // Three decimals are what the finest scale has; the rest is binary rounding.
    lines.push(Array.from(row, (value) => Number(value.toFixed(3))).join(","));
  }
  return `${lines.join("\n")}\n`;
}

if (import.meta.filename === process.argv[1]) {
  writeFileSync(new URL("../devices/examples/pump.csv", import.meta.url), await recordPump(4000));
}
