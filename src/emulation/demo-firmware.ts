/** The firmware of the demo, devices/firmware/pump, as plain data; its README describes the task to learn. */
import { fileURLToPath } from "node:url";

export const demoFirmware = {
  path: fileURLToPath(new URL("../../devices/firmware/pump/pump.hex", import.meta.url)),
  /** In the order of the frame; value = raw * scale + offset. */
  fields: [
    { name: "temperature", type: "i16", scale: 0.01, offset: 0, unit: "°C" },
    { name: "flow", type: "u16", scale: 0.01, offset: 0, unit: "mL/min" },
    { name: "pressure", type: "u16", scale: 0.01, offset: 80, unit: "kPa" },
    { name: "vibration", type: "u16", scale: 0.001, offset: 0, unit: "g" },
    { name: "label", type: "u8", scale: 1, offset: 0, unit: "" },
  ],
  /** The field that holds the class. */
  label: "label",
  /** Names of the classes 0, 1, 2. */
  classes: ["steady", "slipping", "worn"],
  baudRate: 115200,
  samplesPerSecond: 250,
  /** Number of samples after which the rule for the label changes, each time. */
  samplesPerRule: 2500,
  /** Bytes of one sample on the wire. */
  bytesPerSample: 21,
} as const;
