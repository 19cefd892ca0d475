/**
 * Feeds every decoder random and damaged streams: `npm run fuzz -- [--minutes N] [--seed N]`. Nothing may throw but a
 * RivuletError of the file reader, take longer than a second over a stream, put a value that is not finite into the
 * ring, lose count of its bytes, or make memory grow. Ends with 1 at the first fault, with the seed that repeats it.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { RivuletError } from "../../src/errors/errors.ts";
import { RecordingDecoder } from "../../src/recording/decoder.ts";
import { BlockEncoder, encodeHeader } from "../../src/recording/format.ts";
import { cobs } from "../../src/samples/decoding/cobs.ts";
import type { Decoder } from "../../src/samples/decoding/decoder.ts";
import { defineFields } from "../../src/samples/decoding/fields.ts";
import { createFrameDecoder, createFrameEncoder } from "../../src/samples/decoding/frames.ts";
import { createLineDecoder } from "../../src/samples/decoding/lines.ts";
import type { Stuffing } from "../../src/samples/decoding/stuffing.ts";
import { readRows } from "../../src/samples/decoding/text-file.ts";
import type { Framing } from "../../src/samples/framings/framing.ts";
import { detailsOf, type FramingName, framings } from "../../src/samples/framings/framings.ts";
import { slipStuffing } from "../../src/samples/framings/slip.ts";
import { recognize } from "../../src/samples/recognition/recognize.ts";
import { SampleRing } from "../../src/samples/ring.ts";
import { clockFields, plainClock, SampleClock } from "../../src/samples/sample-clock.ts";
import { mutated, noise, Random } from "./random.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    seed: { type: "string", default: String(Date.now() % 1e6) },
  },
});
const minutes = Number(values.minutes);
const firstSeed = Number(values.seed);
if (!(minutes > 0) || !Number.isInteger(firstSeed)) {
  console.error(
    "--minutes must be a number above 0 and --seed a whole number, such as --minutes 0.5 --seed 7",
  );
  process.exit(2);
}

const longestMs = 1000;
/** What the heap may grow by from the first tenth of the time to the end, rounds of the garbage collector apart. */
const mostGrowthBytes = 16 << 20;

const fields = defineFields([
  { name: "temperature", type: "i16", scale: 0.01 },
  { name: "vibration", type: "f32" },
  { name: "label", type: "u8" },
]);
type Row = readonly [string, string, string];
const lineFormats: Record<string, (row: Row, index: number) => string> = {
  commas: (row) => row.join(","),
  semicolons: (row) => row.join(";"),
  tabs: (row) => row.join("\t"),
  blanks: (row) => row.join(" "),
  "header and commas": (row, index) =>
    index % 7 === 0 ? "time,label,vibration,temperature" : `12:00,${row.join(",")}`,
  "JSON objects": ([t, v, l]) =>
    `{"id":"p","temperature":${t},"vibration":${v},"more":{"a":[1,"]"]},"label":${l}}`,
  "JSON arrays": (row) => `[${row.join(", ")}]`,
  "pairs with commas": ([t, v, l]) => `temperature:${t},vibration:${v},label:${l}`,
  "decimal commas": (row) => row.map((cell) => cell.replace(".", ",")).join(";"),
  "vertical bars with units": ([t, v, l]) => `${t} C|${v}%|${l}`,
  tuples: (row) => `(${row.join(", ")})`,
  "equals signs": ([t, v, l]) => `temperature=${t} vibration=${v} x=y label=${l}`,
  turns: ([t, v, l]) => `temperature\t${t}\tvibration\t${v}\tlabel\t${l}`,
  "InfluxDB lines": ([t, v, l]) => `pump,place=a temperature=${t},vibration=${v},label=${l} 1700000000`,
  "pairs with blanks": ([t, v, l]) => `temperature: ${t}\tvibration: ${v} x:y label: ${l}`,
};

interface Tally {
  streams: number;
  bytes: number;
  samples: number;
  refused: number;
  slowestMs: number;
}
const tallies = new Map<string, Tally>();
const folder = mkdtempSync(join(tmpdir(), "rivulet-fuzz-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

/** A number as a device may print it. */
function numberText(random: Random): string {
  const value = (random.below(2 ** 31) - 2 ** 30) / 10 ** random.below(12);
  return random.pick([
    String(value),
    value.toFixed(random.below(8)),
    value.toExponential(random.below(18)),
    String(random.below(9)),
  ]);
}

function goodLines(random: Random, name: string, newline = "\r\n"): Uint8Array {
  const lines = Array.from({ length: 1 + random.below(40) }, (_, index) =>
    lineFormats[name]([numberText(random), numberText(random), numberText(random)], index),
  );
  return Buffer.from(lines.map((line) => line + newline).join(""));
}

function goodFrames(random: Random, options: { crc: 16 | 32; stuffing: Stuffing }): Uint8Array {
  const encoder = createFrameEncoder(fields, options);
  const count = 1 + random.below(40);
  const target = new Uint8Array(count * encoder.maximumBytes);
  let end = 0;
  for (let index = 0; index < count; index++) {
    const row = [random.below(600) - 300, random.below(2 ** 30) / 7, random.below(256)];
    end = encoder.encode(row, index, random.below(2 ** 31) * 2, target, end);
  }
  return target.subarray(0, end);
}

/** One decoder for the whole run: what one stream leaves behind is what the next one meets. */
interface Subject {
  decoder: Decoder;
  /** Where a column behind the fields is the time of a sample. */
  clock?: SampleClock;
  ring: SampleRing;
  good: (random: Random) => Uint8Array;
}
const subjects: Record<string, Subject> = {};
function addSubject(name: string, create: (ring: SampleRing) => Decoder, good: Subject["good"]): void {
  const ring = new SampleRing(fields.length, 16, "pause");
  subjects[name] = { ring, decoder: create(ring), good };
}
/** How a device may write the time of a sample: its columns, and the cells of a time. */
const clocks: Record<string, { columns: string[]; cells: (random: Random) => string[] }> = {
  "ISO 8601": { columns: ["at"], cells: (random) => [dateText(random)] },
  seconds: { columns: ["at"], cells: (random) => [String(random.below(2 ** 31))] },
  "a count": { columns: ["ms"], cells: (random) => [numberText(random)] },
  "two columns": { columns: ["day", "hour"], cells: (random) => dateText(random).slice(0, 19).split("T") },
};
const dateText = (random: Random) => new Date(random.below(2 ** 31) * 1000).toISOString();
for (const [name, { columns, cells }] of Object.entries(clocks)) {
  const time = plainClock(columns);
  const all = [...fields, ...clockFields(time)];
  const ring = new SampleRing(all.length, 16, "pause");
  subjects[`lines, clock of ${name}`] = {
    ring,
    decoder: createLineDecoder(all, ring),
    clock: new SampleClock(time),
    good: (random) =>
      Buffer.from(
        Array.from({ length: 1 + random.below(40) }, () => {
          const row = [numberText(random), numberText(random), numberText(random), ...cells(random)];
          return `${row.join(",")}\n`;
        }).join(""),
      ),
  };
}
for (const crc of [16, 32] as const) {
  for (const stuffing of [cobs, slipStuffing]) {
    addSubject(
      `frames, ${stuffing.name}, CRC-${crc}`,
      (ring) => createFrameDecoder(fields, ring, { crc, stuffing }),
      (random) => goodFrames(random, { crc, stuffing }),
    );
  }
}
for (const name of Object.keys(lineFormats)) {
  addSubject(
    `lines, ${name}`,
    (ring) => createLineDecoder(fields, ring),
    (random) => goodLines(random, name),
  );
}

const binaryDefaults = Object.fromEntries(
  Object.entries(detailsOf("binary") ?? {}).map(([key, setting]) => [key, setting.default]),
);

/** Samples of framings that other makers invented, good ones as far as their checksums go. */
const foreign: [FramingName, Record<string, unknown>, (row: Row) => Uint8Array][] = [
  [
    "blocks",
    { begin: "", end: "--" },
    ([t, v, l]) => Buffer.from(`temperature: ${t} C\nvibration=${v}\nlabel\t${l}\n--\n`),
  ],
  ["teleplot", {}, ([t, v, l]) => Buffer.from(`>temperature:${t}\n>vibration:1:${v}|g\n>label:${l}\n`)],
  [
    "p1",
    {},
    ([t, v, l]) => Buffer.from(`/X\r\ntemperature(${t})\r\nvibration(${v}*g)\r\nlabel(${l})\r\n!\r\n`),
  ],
  [
    "ve-direct",
    {},
    ([t, v, l]) => summed(`\r\ntemperature\t${t}\r\nvibration\t${v}\r\nlabel\t${l}\r\nChecksum\t`),
  ],
  ["nmea", {}, ([t, v, l]) => sentence(`XXABC,${t},${v},${l}`)],
  [
    "binary",
    { ...binaryDefaults, start: [0x42, 0x4d], length: "u8", checksum: "sum8" },
    () => summed("BM\x08ABCDEFG"),
  ],
];

/** Bytes whose sum is a multiple of 256. */
function summed(text: string): Uint8Array {
  const bytes = Buffer.from(text, "latin1");
  return Buffer.concat([bytes, Buffer.of((256 - (bytes.reduce((sum, byte) => sum + byte, 0) & 255)) & 255)]);
}

function sentence(text: string): Uint8Array {
  const sum = Buffer.from(text).reduce((total, byte) => total ^ byte, 0);
  return Buffer.from(`$${text}*${sum.toString(16).padStart(2, "0")}\r\n`);
}

for (const [name, details, sample] of foreign) {
  addSubject(
    name,
    (ring) => {
      const named =
        name === "nmea" ? fields.map((field, index) => ({ ...field, name: `ABC.${index + 1}` })) : fields;
      const options = { startsAtLine: false, refuseReplies: false, passNonFinite: false, crc: 16 as const };
      return (framings[name] as Framing).createDecoder(named, ring, { ...options, details });
    },
    (random) =>
      Buffer.concat(
        Array.from({ length: 1 + random.below(40) }, () =>
          sample([numberText(random), numberText(random), numberText(random)]),
        ),
      ),
  );
}

function streamFrom(random: Random, good: () => Uint8Array): Uint8Array {
  if (random.below(4) === 0) return noise(random, random.below(6000));
  return mutated(random, good());
}

function decodeStream(
  { decoder, ring, clock }: Subject,
  bytes: Uint8Array,
  random: Random,
): { samples: number; refused: number } {
  const before = { ...decoder.counts };
  if (random.below(20) === 0) decoder.reset();
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + 1 + random.below(random.below(3) === 0 ? 4096 : 30));
    const after = decoder.decode(bytes, at, end, 0);
    if (after <= at && ring.length === 0)
      throw new Error(`no byte was taken in from ${at} of ${bytes.length}`);
    at = after;
    while (ring.length > 0) {
      const front = ring.front();
      for (let field = 0; field < fields.length; field++) {
        if (!Number.isFinite(ring.values[front + field]))
          throw new Error("a value in the ring is not finite");
      }
      clock?.observeFront(ring, fields.length);
      if (!Number.isFinite(ring.measuredAt[ring.frontSlot])) throw new Error("a time is not finite");
      ring.release();
    }
  }
  const { counts } = decoder;
  if (counts.bytes - before.bytes !== bytes.length) throw new Error("bytes were lost count of");
  return {
    samples: counts.samples - before.samples,
    refused: counts.damaged + counts.rejected - before.damaged - before.rejected,
  };
}

const header = encodeHeader({ name: "fuzz", createdAt: "2026-01-01T00:00:00Z", source: "fuzz", fields });

function goodRecording(random: Random): Uint8Array {
  const blocks: Uint8Array[] = [];
  const encoder = new BlockEncoder(fields, 1 + random.below(20));
  const row = new Float64Array(fields.length);
  const count = 1 + random.below(100);
  for (let index = 0; index < count; index++) {
    row.set([random.below(600) - 300, random.below(2 ** 30) / 7, random.below(256)]);
    const deviceTime = random.below(9) === 0 ? Number.NaN : index;
    if (encoder.add(row, 0, 1e12 + index, index, deviceTime)) continue;
    blocks.push(encoder.take());
    encoder.add(row, 0, 1e12 + index, index, deviceTime);
  }
  return Buffer.concat([...blocks, encoder.take()]);
}

/** A recording is one file from its header on, so each stream has a decoder of its own. */
function readRecording(bytes: Uint8Array, random: Random): Result {
  const ring = new SampleRing(fields.length, 16, "pause");
  const decoder = new RecordingDecoder(null, () => ring, "fuzz");
  try {
    const result = decodeStream({ decoder, ring, good: goodRecording }, bytes, random);
    decoder.finish();
    return result;
  } catch (error) {
    if (error instanceof RivuletError) return { samples: 0, refused: 1 };
    throw error;
  }
}

async function readFileOf(bytes: Uint8Array, random: Random): Promise<{ samples: number; refused: number }> {
  const path = join(folder, "rows.csv");
  let content = bytes;
  if (random.below(4) === 0) {
    content = gzipSync(bytes);
    if (random.below(2) === 0) content = mutated(random, content);
  }
  writeFileSync(path, content);
  let samples = 0;
  try {
    await readRows(path, () => {
      samples++;
    });
    return { samples, refused: 0 };
  } catch (error) {
    if (error instanceof RivuletError) return { samples, refused: 1 };
    throw error;
  }
}

async function round(seed: number): Promise<void> {
  const random = new Random(seed);
  for (const [name, subject] of Object.entries(subjects)) {
    const bytes = streamFrom(random, () => subject.good(random));
    await count(name, seed, bytes, () => decodeStream(subject, bytes, random));
  }
  const damaged = streamFrom(random, () => goodRecording(random));
  const recording = random.below(8) === 0 ? mutated(random, header) : Buffer.concat([header, damaged]);
  await count("recordings", seed, recording, () => readRecording(recording, random));
  const kind = random.pick(["commas", "semicolons", "tabs"]);
  const separator = { commas: ",", semicolons: ";", tabs: "\t" }[kind] as string;
  const names = Buffer.from(`${["temperature", "vibration", "label"].join(separator)}\n`);
  const rows = streamFrom(random, () => Buffer.concat([names, goodLines(random, kind, "\n")]));
  const file = random.below(2) === 0 ? rows : Buffer.concat([names, rows]);
  await count("CSV files", seed, file, () => readFileOf(file, random));
  const subject = random.pick(Object.values(subjects));
  const any = streamFrom(random, () => subject.good(random));
  await count("recognition", seed, any, () => {
    const { framing } = recognize(any, random.below(2) === 0);
    return { samples: framing === null ? 0 : 1, refused: framing === null ? 1 : 0 };
  });
}

type Result = { samples: number; refused: number };

async function count(
  name: string,
  seed: number,
  bytes: Uint8Array,
  work: () => Result | Promise<Result>,
): Promise<void> {
  const tally = tallies.get(name) ?? { streams: 0, bytes: 0, samples: 0, refused: 0, slowestMs: 0 };
  tallies.set(name, tally);
  const begin = process.cpuUsage();
  try {
    const { samples, refused } = await work();
    tally.samples += samples;
    tally.refused += refused;
  } catch (error) {
    fail(name, seed, error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  // Time of this process, so that a busy machine does not look like a hang.
  const { user, system } = process.cpuUsage(begin);
  const milliseconds = (user + system) / 1000;
  tally.streams++;
  tally.bytes += bytes.length;
  tally.slowestMs = Math.max(tally.slowestMs, milliseconds);
  if (milliseconds > longestMs) fail(name, seed, `${bytes.length} bytes took ${milliseconds.toFixed(0)} ms`);
}

function fail(name: string, seed: number, fault: string): never {
  console.error(
    `${name}: ${fault}\nafter the rounds from seed ${firstSeed} to ${seed}: npm run fuzz -- --seed ${firstSeed}`,
  );
  process.exit(1);
}

function residentHeap(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
}

const begin = performance.now();
const end = begin + 60_000 * minutes;
let seed = firstSeed;
let settled: number | undefined;
while (performance.now() < end) {
  await round(seed++);
  if (settled === undefined && performance.now() > begin + 6000 * minutes) settled = residentHeap();
}
const growth = residentHeap() - (settled ?? residentHeap());
console.log("subject                       streams  million bytes    samples    refused  slowest ms");
for (const [name, tally] of tallies) {
  const cells = [
    name.padEnd(26),
    String(tally.streams).padStart(10),
    (tally.bytes / 1e6).toFixed(1).padStart(14),
    String(tally.samples).padStart(10),
    String(tally.refused).padStart(10),
    tally.slowestMs.toFixed(0).padStart(11),
  ];
  console.log(cells.join(" "));
}
console.log(
  `${seed - firstSeed} rounds from seed ${firstSeed} in ${minutes} min; the heap grew by ${(growth / 1024).toFixed(0)} KiB`,
);
if (growth > mostGrowthBytes) fail("all", seed, `the heap grew by ${growth} bytes`);
