import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { type DeviceRow, Fleet } from "../../src/sync/host/fleet.ts";
import { ObjectFolder } from "../../src/sync/host/object-folder.ts";
import { folderWith } from "../rivulet.ts";

const nameOf = (index: number) => `pump-${String(index).padStart(2, "0")}`;

/** The folder of a host whose later documents are read sooner. */
class UnevenFolder extends ObjectFolder {
  reading = 0;
  mostReading = 0;
  count = 0;

  override async read(key: string, mostBytes: number): Promise<Buffer | null> {
    this.mostReading = Math.max(this.mostReading, ++this.reading);
    const turns = 40 - this.count++;
    const bytes = await super.read(key, mostBytes);
    for (let each = 0; each < turns; each++) await turn();
    this.reading--;
    return bytes;
  }
}

/** The folder of a host with 40 devices. */
function folderOfForty(): string {
  const files: Record<string, string> = { "devices/none/other.json": "{}" };
  for (let index = 0; index < 40; index++) {
    const status = {
      format: "rivulet-status",
      version: 1,
      device: nameOf(index),
      counter: index,
      every: 1000,
    };
    files[`devices/${nameOf(index)}/status.json`] = JSON.stringify(status);
  }
  return folderWith(files);
}

test("the documents of many devices are read some at a time, and come by name", async () => {
  const objects = new UnevenFolder(folderOfForty(), { isReadOnly: true });
  const fleet = new Fleet(objects);
  const rows = await fleet.rows(Date.now());
  const expected = Array.from({ length: 40 }, (_, index) => [nameOf(index), index, false]);
  expect(rows.map(({ device, status, isSilent }) => [device, status.counter, isSilent])).toEqual(expected);
  expect(objects.mostReading).toBe(16);
  await fleet.rows(Date.now());
  expect(objects.count).toBe(40);
});

test("devices are shown one after the other as all at once, and none is remembered", async () => {
  const objects = new UnevenFolder(folderOfForty(), { isReadOnly: true });
  const fleet = new Fleet(objects);
  const now = Date.now();
  const visited: DeviceRow[] = [];
  for await (const row of fleet.each(now)) visited.push(row);
  expect(visited.map(({ device }) => device)).toEqual(Array.from({ length: 40 }, (_, at) => nameOf(at)));
  expect(objects.count).toBe(40);
  expect(visited).toEqual(await fleet.rows(now));
  expect(objects.count).toBe(80);
});
