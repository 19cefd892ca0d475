import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { RecordedEvent, StoredEvent } from "../../src/recording/events.ts";
import { encodeEvents } from "../../src/recording/events.ts";
import { playRecording } from "../../src/recording/play.ts";
import { RecordingFile } from "../../src/recording/recording-file.ts";
import { defineFields } from "../../src/samples/decoding/fields.ts";
import { temporaryFolder } from "../checkpoint/folder.ts";

const fields = defineFields([{ name: "x", type: "f64" }], "fields");
const header = { name: "bench", createdAt: "2026-01-01T00:00:00.000Z", source: "a test", fields };

/** Writes samples 11, 12 ... with events after some of them; the time of each sample parts blocks where it leaps. */
async function recordingOf(events: RecordedEvent[], samples: number, leapAfter: number[] = []) {
  const path = join(temporaryFolder(), "a.rec");
  const recording = new RecordingFile(path, { ...header, hasEvents: true }, 11);
  let time = 1000;
  const add = (after: number) => {
    for (const event of events) if (event.after === after) recording.event(event);
  };
  add(10);
  for (let sample = 11; sample < 11 + samples; sample++) {
    time += leapAfter.includes(sample - 1) ? 1e6 : 1;
    recording.append(Float64Array.of(sample), 0, time, sample, Number.NaN);
    add(sample);
  }
  await recording.close();
  return path;
}

/** What is played, in order: samples as numbers, events as their kinds with the number after which they come. */
async function played(path: string) {
  const order: (number | string)[] = [];
  const numbers: number[] = [];
  const result = await playRecording(
    path,
    (values, offset, _, number) => {
      order.push(values[offset]);
      numbers.push(number);
    },
    { onEvent: ({ kind, after, ...rest }) => order.push([kind, after, ...Object.values(rest)].join(" ")) },
  );
  return { order, numbers, ...result };
}

const events: RecordedEvent[] = [
  { kind: "begin", after: 10, learned: 7 },
  { kind: "label", after: 12, sample: 11, label: 1 },
  { kind: "label", after: 12, sample: 4, label: -2.5 },
  { kind: "pause", after: 14 },
  { kind: "effort", after: 14, effort: "low" },
  { kind: "resume", after: 16 },
];
const expected = [
  ...["begin 10 7", 11, 12, "label 12 11 1", "label 12 4 -2.5", 13, 14, "pause 14", "effort 14 low", 15, 16],
  "resume 16",
];

test.each([[[]], [[12]], [[11, 13, 15]]])(
  "events are played between the samples between which they took effect, blocks parted after %j",
  async (leaps) => {
    const { order, numbers, samples, damaged } = await played(await recordingOf(events, 6, leaps));
    expect(order).toEqual(expected);
    expect(numbers).toEqual([11, 12, 13, 14, 15, 16]);
    expect([samples, damaged]).toEqual([6, 0]);
  },
);

test("a recording without events is of version 1, as before, and its samples are numbered from 1", async () => {
  const path = join(temporaryFolder(), "b.rec");
  const recording = new RecordingFile(path, header);
  for (let i = 0; i < 3; i++) recording.append(Float64Array.of(i), 0, 1000 + i, i, Number.NaN);
  await recording.close();
  expect(readFileSync(path)[34]).toBe(1);
  expect(readFileSync(await recordingOf([], 1))[34]).toBe(2);
  expect((await played(path)).numbers).toEqual([1, 2, 3]);
});

test("where a block of samples is damaged, the others keep their numbers and their events", async () => {
  const path = await recordingOf(events, 6, [13]);
  const bytes = readFileSync(path);
  const at = bytes.indexOf("RVLB");
  bytes[at + 30] ^= 1;
  writeFileSync(path, bytes);
  const { order, numbers, damaged } = await played(path);
  expect(numbers).toEqual([14, 15, 16]);
  expect(order).toEqual([
    ...expected.filter((entry) => typeof entry === "string").slice(0, 3),
    ...expected.slice(6),
  ]);
  expect(damaged).toBe(1);
});

test("a damaged block of events is counted, and what follows is read", async () => {
  const path = await recordingOf(events, 6, [13]);
  const bytes = readFileSync(path);
  const at = bytes.indexOf("RVLE");
  bytes[at + 20] ^= 1;
  writeFileSync(path, bytes);
  const { order, damaged } = await played(path);
  expect(damaged).toBe(1);
  expect(order.slice(-4)).toEqual(["effort 14 low", 15, 16, "resume 16"]);
  expect(order.filter((entry) => typeof entry === "number")).toEqual([11, 12, 13, 14, 15, 16]);
});

test("an event of a kind that is not known is counted and passed over", async () => {
  const path = await recordingOf([], 2);
  const later = { kind: "merge", after: 12, with: 3 } as unknown as StoredEvent;
  appendFileSync(path, encodeEvents(13, [later, { kind: "pause", after: 12 }]));
  const { order, unknownEvents } = await played(path);
  expect([order, unknownEvents]).toEqual([[11, 12, "pause 12"], 1]);
});

test("an event whose samples a power cut has taken is not played", async () => {
  const path = await recordingOf([{ kind: "pause", after: 13 }], 4);
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.subarray(0, bytes.length - 3));
  const { order, tornBytes } = await played(path);
  expect(order).toEqual([]);
  expect(tornBytes).toBeGreaterThan(0);
});
