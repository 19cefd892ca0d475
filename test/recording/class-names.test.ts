import { join } from "node:path";
import { expect, test } from "vitest";
import { recordingFile } from "../../src/library/data-files.ts";
import { playRecording } from "../../src/recording/play.ts";
import { RecordingFile } from "../../src/recording/recording-file.ts";
import { defineFields, type Field } from "../../src/samples/decoding/fields.ts";
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
