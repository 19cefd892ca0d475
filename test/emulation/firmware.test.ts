/** The committed firmware, run freely: what devices/firmware/README.md says about it. */
import { beforeAll, describe, expect, test } from "vitest";
import { demoFirmware } from "../../src/emulation/demo-firmware.ts";
import { startMicrocontroller } from "../../src/emulation/microcontroller.ts";
import { assertComplete, decodeStream, type Frame } from "./frames.ts";

const secondsInAll = 30;
const labelIndex = demoFirmware.fields.findIndex(({ name }) => name === demoFirmware.label);
const steadyLed = 0;
const wornLed = 2;

let stream: Uint8Array;
let frames: Frame[];

beforeAll(async () => {
  stream = (await startMicrocontroller(demoFirmware.path)).run(secondsInAll * 1000).slice();
  frames = decodeStream(stream);
});

/** How far a reading is from its operating point, -1 to 1: the README's numbers. */
const deviation = ({ values: [temperature, flow, pressure, vibration] }: Frame) => ({
  temperature: (temperature - 35) / 5,
  flow: (flow - 6) / 3,
  pressure: (pressure - 101) / 15,
  vibration: (vibration - 0.5) / 0.3,
});

/**
 * Whether steady means that flow and pressure go together, for samples that no noise can make doubtful;
 * undefined for the others. Noise and wander together stay below 0.28.
 */
function together(frame: Frame): boolean | undefined {
  const { flow, pressure } = deviation(frame);
  const label = frame.values[labelIndex];
  if (label === wornLed || Math.abs(flow) < 0.28 || Math.abs(pressure) < 0.28) return undefined;
  return (flow > 0 === pressure > 0) === (label === steadyLed);
}

describe("the pump firmware", () => {
  test("cuts off what went before with a zero byte, then sends nothing but whole frames", () => {
    expect(stream[0]).toBe(0);
    expect(stream.lastIndexOf(0)).toBeGreaterThan(stream.length - demoFirmware.bytesPerSample);
    expect(frames.length).toBe(secondsInAll * demoFirmware.samplesPerSecond - 1);
    assertComplete(frames);
  });

  test("stamps each sample with the time of its stroke", () => {
    const period = 1000 / demoFirmware.samplesPerSecond;
    expect(frames.map(({ milliseconds }) => milliseconds)).toEqual(
      frames.map((_, index) => (index + 1) * period),
    );
  });

  test("leaves half of what its baud rate carries free", () => {
    const bytesPerSecond = demoFirmware.bytesPerSample * demoFirmware.samplesPerSecond;
    expect(bytesPerSecond).toBeLessThan(demoFirmware.baudRate / 10 / 2);
    expect(stream.length / frames.length).toBeCloseTo(demoFirmware.bytesPerSample, 2);
  });

  test("gives each class about a third of the samples, before and after the drift", () => {
    for (
      let start = 0;
      start + demoFirmware.samplesPerRule <= frames.length;
      start += demoFirmware.samplesPerRule
    ) {
      const part = frames.slice(start, start + demoFirmware.samplesPerRule);
      for (const label of demoFirmware.classes.keys()) {
        const share = part.filter(({ values }) => values[labelIndex] === label).length / part.length;
        expect(share).toBeGreaterThan(0.28);
        expect(share).toBeLessThan(0.4);
      }
    }
  });

  test("turns its rule round after every 2500 samples, from one sample to the next", () => {
    const wrong = frames.flatMap((frame, index) => {
      const rule = together(frame);
      const expected = Math.floor(index / demoFirmware.samplesPerRule) % 2 === 0;
      return rule === undefined || rule === expected ? [] : [index];
    });
    expect(wrong).toEqual([]);
    // Half of all samples are beyond doubt, so the change is where it is said to be to within a few samples.
    expect(frames.filter((frame) => together(frame) !== undefined).length).toBeGreaterThan(frames.length / 4);
  });

  test("calls a bearing worn that shakes, the sooner the further its temperature is off", () => {
    for (const frame of frames) {
      const { temperature, vibration } = deviation(frame);
      const strain = vibration + Math.abs(temperature) / 2 - 0.547;
      if (Math.abs(strain) > 0.33) expect(frame.values[labelIndex] === wornLed).toBe(strain > 0);
    }
  });

  test("shows no single sensor which class it is, and no linear rule steady from slipping", () => {
    const part = frames
      .slice(0, demoFirmware.samplesPerRule)
      .filter(({ values }) => values[labelIndex] !== wornLed);
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    for (const quantity of ["temperature", "flow", "pressure", "vibration"] as const) {
      const steady = part
        .filter(({ values }) => values[labelIndex] === steadyLed)
        .map((frame) => deviation(frame)[quantity]);
      const slipping = part
        .filter(({ values }) => values[labelIndex] !== steadyLed)
        .map((frame) => deviation(frame)[quantity]);
      expect(Math.abs(mean(steady) - mean(slipping))).toBeLessThan(0.1);
    }
  });
});
