import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { recordingFile } from "../../src/library/data-files.ts";
import { ClassTranslation } from "../../src/recording/class-names.ts";
import { RecordingDecoder } from "../../src/recording/decoder.ts";
import { eventMark } from "../../src/recording/events.ts";
import { FileDecoder } from "../../src/recording/file-decoder.ts";
import { playRecording } from "../../src/recording/play.ts";
import { RecordingFile } from "../../src/recording/recording-file.ts";
import { defineFields, type Field } from "../../src/samples/decoding/fields.ts";
import { SampleRing } from "../../src/samples/ring.ts";
import { temporaryFolder } from "../checkpoint/folder.ts";

/** A recording of the classes 0, 1, 2 ... of a stream that brings their names as it goes. */
async function recordingOf(field: { classes: string[]; mostClasses?: number }, brings: string[] = []) {
  const path = join(temporaryFolder(), "a.rec");
  const fields = defineFields([{ name: "x" }, { name: "state", type: "u8", ...field }]) as Field[];
  const header = { name: "bench", createdAt: "2026-01-01T00:00:00.000Z", source: "a test", fields };
  const recording = new RecordingFile(path, header);
  const { classes = [] } = fields[1];
  const all = [...classes, ...brings];
  for (let i = 0; i < all.length; i++) {
    if (i === classes.length) classes.push(all[i]);
    recording.append(Float64Array.of(i, i), 0, 1000 + 1e6 * i, i, Number.NaN);
  }
  await recording.close();
  return path;
}

async function statesIn(path: string, classes?: string[], mostClasses?: number) {
  const states: number[] = [];
  const named = [{ name: "state", ...(classes && { classes }), ...(mostClasses && { mostClasses }) }];
  const { fields } = await playRecording(path, (values, offset) => states.push(values[offset]), {
    columns: ["state"],
    named,
  });
  return { states, names: fields[1].classes };
}

test("a recording says what its classes are called, also those that the stream brought", async () => {
  const fixed = await recordingOf({ classes: ["idle", "run"] });
  expect(await statesIn(fixed)).toEqual({ states: [0, 1], names: ["idle", "run"] });
  const growing = await recordingOf({ classes: ["idle"], mostClasses: 4 }, ["run", "fault"]);
  expect(await statesIn(growing)).toEqual({ states: [0, 1, 2], names: ["idle", "run", "fault"] });
  expect(await recordingFile(growing).classNames?.("state")).toEqual(["idle", "run", "fault"]);
  expect(await recordingFile(growing).classNames?.("x")).toBeUndefined();
});

test("a class has the number that its reader gives its name, and none where it knows no such name", async () => {
  const path = await recordingOf({ classes: ["idle", "run", "fault"] });
  expect((await statesIn(path, ["Run", "idle"])).states).toEqual([1, 0, -1]);
  const names = ["fault"];
  expect((await statesIn(path, names, 3)).states).toEqual([1, 2, 0]);
  expect(names).toEqual(["fault", "idle", "run"]);
});

test("a class whose name is in a damaged block is unknown, and those behind it keep their names", async () => {
  const path = await recordingOf({ classes: ["idle"], mostClasses: 4 }, ["run", "fault"]);
  const bytes = readFileSync(path);
  bytes[bytes.indexOf("run", bytes.indexOf(Buffer.from(eventMark)))] ^= 1;
  writeFileSync(path, bytes);
  expect(await statesIn(path)).toEqual({ states: [0, 1, 2], names: ["idle", "", "fault"] });
  expect((await statesIn(path, ["fault", "run", "idle"])).states).toEqual([2, -1, 0]);
});

test("a value that is not a class is passed on as it is, and a class without any name is unknown", () => {
  const translation = new ClassTranslation(["idle", "run"], { name: "state", classes: ["run", "idle"] });
  expect([0, 0.5, -1, Number.NaN, 2].map((value) => translation.read(value))).toEqual([
    ...[1, 0.5, -1],
    ...[Number.NaN, -1],
  ]);
});

test("labels that come late are of the names of their classes, also of one that no sample has had", async () => {
  const path = join(temporaryFolder(), "a.rec");
  const classes = ["run"];
  const fields = defineFields([
    { name: "x" },
    { name: "state", type: "u8", classes, mostClasses: 4 },
  ]) as Field[];
  const header = { name: "bench", createdAt: "2026-01-01T00:00:00.000Z", source: "a test", fields };
  const recording = new RecordingFile(path, header);
  recording.append(Float64Array.of(1, Number.NaN), 0, 1000, 1, Number.NaN);
  recording.event({ kind: "label", after: 1, sample: 1, label: 0 });
  fields[1].classes?.push("idle");
  recording.event({ kind: "label", after: 1, sample: 1, label: 1 });
  await recording.close();
  const labels: number[] = [];
  const data = recordingFile(path, { fields: [{ name: "state", classes: ["idle", "run"] }] });
  await data.read(["x", "state"], () => {}, {
    optional: "state",
    onEvent: (event) => event.kind === "label" && labels.push(event.label),
  });
  expect(labels).toEqual([1, 0]);
});

test("a source that reads a recording keeps none of its events", async () => {
  const path = await recordingOf({ classes: ["idle"], mostClasses: 4 }, ["run", "fault"]);
  const fields = defineFields([{ name: "x" }, { name: "state", type: "u8" }]) as Field[];
  const decoding = vi.spyOn(RecordingDecoder.prototype, "decode");
  const decoder = new FileDecoder(path, fields, new SampleRing(2, 8, "pause"));
  await decoder.prepare();
  const bytes = readFileSync(path);
  decoder.decode(bytes, 0, bytes.length, 0);
  const [{ events, numbers }] = decoding.mock.contexts as RecordingDecoder[];
  expect([decoder.counts.samples, events, numbers]).toEqual([3, [], []]);
  decoding.mockRestore();
});
