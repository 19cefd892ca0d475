/** A table with a clock column reads back to the same times, through ports and files, however the clock is written. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { csvFile } from "../../../src/library/data-files.ts";
import { defineFields, type Field } from "../../../src/samples/decoding/fields.ts";
import { createLineDecoder } from "../../../src/samples/decoding/lines.ts";
import { SampleRing } from "../../../src/samples/ring.ts";
import { clockFields, plainClock, SampleClock } from "../../../src/samples/sample-clock.ts";
import { folderWith } from "../../rivulet.ts";
import { trials } from "../../trials.ts";
import { chunkSizes, feedInChunks } from "../streams.ts";

const iso = (time: number) => new Date(time).toISOString();
/** How the clock of a row may be written: its columns, its cells, and the milliseconds that these leave out. */
const clocks: Record<string, { columns: string[]; cells: (time: number) => string[]; step: number }> = {
  "ISO 8601": { columns: ["at"], cells: (time) => [iso(time)], step: 1 },
  "ISO 8601 with an offset": {
    columns: ["at"],
    cells: (time) => [iso(time + 5_400_000).replace("Z", "+01:30")],
    step: 1,
  },
  seconds: { columns: ["at"], cells: (time) => [String(time / 1000)], step: 1000 },
  milliseconds: { columns: ["at"], cells: (time) => [String(time)], step: 1 },
  microseconds: { columns: ["at"], cells: (time) => [String(1000 * time)], step: 1 },
  "two columns": {
    columns: ["day", "hour"],
    cells: (time) => [iso(time).slice(0, 10), iso(time).slice(11, 19)],
    step: 1000,
  },
  "two columns, the day first": {
    columns: ["day", "hour"],
    cells: (time) => [iso(time).slice(0, 10).split("-").reverse().join("."), iso(time).slice(11, 19)],
    step: 1000,
  },
};

const begin = Date.UTC(2003, 0, 1);
const end = Date.UTC(2090, 0, 1);
const tableOf = ({ columns, cells, step }: (typeof clocks)[string]) =>
  fc
    .record({
      times: fc.array(fc.integer({ min: begin / step, max: end / step }), { minLength: 2, maxLength: 20 }),
      ends: fc.array(fc.constantFrom("\n", "\r\n", "\r"), { minLength: 1 }),
      separator: fc.constantFrom(",", ";", "\t"),
    })
    .map(({ times, ends, separator }) => {
      const rows = [
        ["a", ...columns, "b"],
        ...times.map((time, i) => [String(i / 4), ...cells(step * time), String(i)]),
      ];
      return {
        text: rows.map((row, i) => row.join(separator) + ends[i % ends.length]).join(""),
        times: times.map((time) => step * time),
      };
    });

test.each(Object.entries(clocks))("written as %s", async (_, clock) => {
  const path = join(folderWith(), "data.txt");
  const time = plainClock(clock.columns);
  await fc.assert(
    fc.asyncProperty(tableOf(clock), chunkSizes, async ({ text, times }, sizes) => {
      const fields: Field[] = [...defineFields([{ name: "a" }, { name: "b" }]), ...clockFields(time)];
      const ring = new SampleRing(fields.length, 100, "drop-oldest");
      const decoder = createLineDecoder(fields, ring, { startsAtLine: true });
      feedInChunks(decoder, Buffer.from(text), sizes);
      const port = new SampleClock(time);
      const heard: number[] = [];
      for (; ring.length > 0; ring.release()) {
        port.observeFront(ring, 2);
        heard.push(ring.measuredAt[ring.frontSlot]);
      }
      expect(heard).toEqual(times);
      writeFileSync(path, text);
      const read: number[] = [];
      const file = csvFile(path, { time });
      await file.read(["a", "b"], (_values, _offset, _place, at = new Float64Array(1), slot = 0) =>
        read.push(at[slot]),
      );
      expect(read).toEqual(times);
    }),
    { numRuns: trials(20, 1000) },
  );
});
