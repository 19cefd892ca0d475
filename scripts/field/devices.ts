/**
 * Takes ten kinds of device from `rivulet sniff` to a learned model, each emulated over a pseudo-terminal, as a new user
 * would: `npm run devices`. Then the example of a motor's vibration, from its first sample to an alarm; `npm run devices --
 * vibration` runs that alone. Prints the ends of the transcripts; ends with 1 where a device is not learned from, or the
 * alarm does not come.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openPseudoTerminal } from "../../src/emulation/pseudo-terminal.ts";
import { checksum, crcByName, createCrc } from "../../src/samples/decoding/crc.ts";
import { defineFields } from "../../src/samples/decoding/fields.ts";
import { createFrameEncoder } from "../../src/samples/decoding/frames.ts";
import { watchVibration } from "./vibration.ts";

const program = fileURLToPath(new URL("../../dist/bin/rivulet.cjs", import.meta.url));
const everyMs = 20;
const sniffSeconds = 4;
const runMs = 6000;
/** A device that sends fewer samples in this time is not learned from. */
const fewestSamples = 20;

/** What a device sends in the step with this number, counted from 0. */
type Device = (step: number) => string | Uint8Array;

const temp = (i: number) => (20 + 3 * Math.sin(i / 20)).toFixed(2);
const hum = (i: number) => (45 - 4 * Math.sin(i / 20)).toFixed(1);
const label = (i: number) => (Math.sin(i / 20) > 0 ? 1 : 0);

const meterCrc = createCrc(crcByName["crc16-arc"]);

function telegram(i: number): string {
  const text = `/ISK5\\2M550T-1012\r\n\r\n1-0:1.7.0(0${(1 + label(i)).toFixed(3)}*kW)\r\n1-0:32.7.0(23${i % 7}.${i % 10}*V)\r\n!`;
  const sum = checksum(meterCrc, Buffer.from(text), 0, text.length) & 0xffff;
  return `${text}${sum.toString(16).toUpperCase().padStart(4, "0")}\r\n`;
}

/** A block of a solar charger; its last byte makes the sum a multiple of 256. */
function chargerBlock(i: number): Uint8Array {
  const text = `\r\nPID\t0xA042\r\nV\t${12500 + 13 * (i % 40)}\r\nI\t${-300 + 40 * (i % 30)}\r\nCS\t${label(i) * 3}\r\nChecksum\t`;
  const bytes = [...Buffer.from(text)];
  const sum = bytes.reduce((total, byte) => (total + byte) & 255, 0);
  return Uint8Array.from([...bytes, (256 - sum) & 255]);
}

function sentence(body: string): string {
  const sum = [...Buffer.from(body)].reduce((total, byte) => total ^ byte, 0);
  return `$${body}*${sum.toString(16).toUpperCase().padStart(2, "0")}\r\n`;
}

const position = (i: number) =>
  sentence(
    `GPRMC,1200${String(i % 60).padStart(2, "0")}.00,A,4807.${100 + (i % 90)},N,01131.${200 + (i % 70)},E,${(i % 20) / 2 + 1}.4,084.4,230394,003.1,W`,
  );

function dustFrame(i: number): Uint8Array {
  const words = Array.from({ length: 13 }, (_, place) => 5 + place + ((i * (place + 3)) % 17));
  const bytes = Buffer.alloc(32);
  bytes.set([0x42, 0x4d, 0, 28]);
  for (const [place, word] of words.entries()) bytes.writeUInt16BE(word, 4 + 2 * place);
  bytes.writeUInt16BE(bytes.subarray(0, 30).reduce((sum, byte) => sum + byte, 0) & 0xffff, 30);
  return bytes;
}

const encoder = createFrameEncoder(
  defineFields([{ name: "x" }, { name: "y" }, { name: "label", type: "u8" }]),
);
function packedFrame(i: number): Uint8Array {
  const target = new Uint8Array(encoder.maximumBytes);
  return target.slice(
    0,
    encoder.encode([Number(temp(i)), Number(hum(i)), label(i)], i, everyMs * i, target, 0),
  );
}

const devices: Record<string, Device> = {
  "sketch with a header": (i) => `${i === 0 ? "temp,hum,label\r\n" : ""}${temp(i)},${hum(i)},${label(i)}\r\n`,
  "serial plotter, units": (i) => `Temp:${temp(i)}C,Hum:${hum(i)}%,state:${label(i) ? "ON" : "OFF"}\r\n`,
  "ESP32, nested JSON": (i) =>
    `${i % 50 === 9 ? "I (312) wifi: connected\r\n" : ""}{"ts":${1.7e12 + everyMs * i},"dht":{"t":${temp(i)},"h":${hum(i)}},"label":${label(i)}}\n`,
  "MicroPython tuples": (i) => `(${temp(i)}, ${hum(i)}, ${label(i)})\r\n`,
  "logger, decimal commas": (i) =>
    `10.03.2024 18:00:${String(i % 60).padStart(2, "0")};${temp(i).replace(".", ",")};${hum(i).replace(".", ",")};${["idle", "run"][label(i)]}\r\n`,
  "solar charger": chargerBlock,
  "smart meter": telegram,
  "GPS receiver": position,
  "dust sensor": dustFrame,
  "Rivulet's frames": packedFrame,
};

/** Runs the program to its end, or ends it after a time; resolves with what it printed. */
async function run(words: string[], cwd: string, endAfterMs?: number) {
  const child = spawn(process.execPath, [program, ...words], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const timer = endAfterMs === undefined ? undefined : setTimeout(() => child.kill("SIGTERM"), endAfterMs);
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  clearTimeout(timer);
  return { code, stdout, stderr };
}

/** Takes a device from its port to a model; returns what is wrong, or null. */
async function learnFrom(name: string, device: Device): Promise<string | null> {
  const terminal = openPseudoTerminal();
  const heard = Buffer.alloc(64);
  let step = 0;
  const timer = setInterval(() => {
    if (terminal.read(heard) >= 0) terminal.write(Buffer.from(device(step++)));
  }, everyMs);
  const folder = mkdtempSync(join(tmpdir(), "rivulet-device-"));
  try {
    console.log(`\n== ${name}\n$ rivulet sniff ${terminal.path} > device.yaml`);
    const sniffed = await run(["sniff", terminal.path, "--seconds", String(sniffSeconds)], folder);
    if (sniffed.code !== 0) return `sniff: ${sniffed.stderr.trim()}`;
    const lines = sniffed.stdout.trimEnd().split("\n");
    console.log([...lines.slice(1, 3), lines.at(-1)].join("\n"));
    // A new user takes the guess where the config watches for anomalies in its place.
    const text = sniffed.stdout.replace(
      /^(?:features:.*\n(?: .*\n)*)?anomaly: .*\n# target: (\{[^}]*\}).*$/m,
      "target: $1",
    );
    writeFileSync(join(folder, "device.yaml"), text);
    console.log("$ rivulet run device.yaml");
    const ran = await run(["run", "device.yaml", "--json"], folder, runMs);
    const totals = ran.stdout.split("\n").find((line) => line.includes('"event":"totals"'));
    if (totals === undefined) return `run: ${ran.stderr.trim()}`;
    const { text: said, samples } = JSON.parse(totals);
    console.log(said);
    if (samples < fewestSamples) return `only ${samples} samples`;
    const inspected = await run(["inspect", "checkpoints/device"], folder);
    console.log(
      `$ rivulet inspect checkpoints/device\n${inspected.stdout.split("\n").slice(0, 4).join("\n")}`,
    );
    return inspected.code === 0 ? null : `inspect: ${inspected.stderr.trim()}`;
  } finally {
    clearInterval(timer);
    terminal.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

let faults = 0;
if (process.argv[2] !== "vibration") {
  for (const [name, device] of Object.entries(devices)) {
    const fault = await learnFrom(name, device);
    if (fault === null) continue;
    faults++;
    console.log(`!! ${fault}`);
  }
  console.log(
    `\n${Object.keys(devices).length - faults} of ${Object.keys(devices).length} devices learned from`,
  );
}
const missed = await watchVibration();
if (missed !== null) console.log(`!! ${missed}`);
process.exitCode = faults > 0 || missed !== null ? 1 : 0;
