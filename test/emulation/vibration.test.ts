/** The motor of devices/firmware/vibration on the emulated ATmega328P, watched as devices/examples/vibration.yaml says. */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { loadConfig } from "../../src/config/config.ts";
import { planAnomaly } from "../../src/config/plan-anomaly.ts";
import { planFeaturesOf } from "../../src/config/plan-config.ts";
import { startMicrocontroller } from "../../src/emulation/microcontroller.ts";
import type { Field } from "../../src/samples/decoding/fields.ts";
import { createFrameDecoder } from "../../src/samples/decoding/frames.ts";
import { SampleRing } from "../../src/samples/ring.ts";

const devices = new URL("../../devices/", import.meta.url);
const config = loadConfig(fileURLToPath(new URL("examples/vibration.yaml", devices)));
const fields = config.source.fields as Field[];
const columns = fields.map(({ name }) => name);

test("a bearing that knocks shows in every window's kurtosis and envelope, and nothing is lost on the line", async () => {
  const board = await startMicrocontroller(
    fileURLToPath(new URL("firmware/vibration/vibration.hex", devices)),
  );
  const ring = new SampleRing(fields.length, 4096, "pause");
  const decoder = createFrameDecoder(fields, ring);
  const planned = planFeaturesOf(config, columns);
  const extraction = planned.create?.();
  if (extraction === undefined) throw new Error("found no windows in the example");
  expect(planAnomaly(config, columns, 0)?.columns).toEqual(planned.columns);
  /** The rows of features of so many seconds. */
  const windowsOf = (seconds: number): Record<string, number>[] => {
    const bytes = board.run(1000 * seconds);
    decoder.decode(bytes, 0, bytes.length, 0);
    const rows: Record<string, number>[] = [];
    for (; ring.length > 0; ring.release()) {
      if (extraction.push(ring.values, ring.front()))
        rows.push(Object.fromEntries(planned.columns.map((name, i) => [name, extraction.row[i]])));
    }
    return rows;
  };
  const sound = windowsOf(2);
  board.receive(Buffer.from("1"));
  windowsOf(0.5);
  const knocking = windowsOf(2);
  expect(sound.length).toBeGreaterThanOrEqual(5);
  expect(knocking.length).toBeGreaterThanOrEqual(5);
  for (const name of ["x_kurtosis", "x_envelope", "x_logSd", "z_logSd"]) {
    const most = Math.max(...sound.map((row) => row[name]));
    expect(Math.min(...knocking.map((row) => row[name])), name).toBeGreaterThan(most);
  }
  const { damaged, missing, samples } = decoder.counts;
  expect({ damaged, missing }).toEqual({ damaged: 0, missing: 0 });
  expect(samples).toBeGreaterThan(4.5 * 800 - 32);
});
