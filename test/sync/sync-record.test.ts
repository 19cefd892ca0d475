import { expect, test } from "vitest";
import { readSyncRecord, sentCount, settleRecord } from "../../src/sync/sync-record.ts";

const files = (...sequences: number[]) => sequences.map((sequence) => ({ path: `/x/${sequence}`, sequence }));

function recordOf(through: number, done: Record<string, string> = {}) {
  return { ...readSyncRecord("/nowhere", "to", "device"), counter: 1, through, done };
}

test("what is gone counts as sent or as deleted unsent, once", () => {
  const record = recordOf(2, { 3: "ab", 5: "cd", 6: "damaged", 8: "ef" });
  for (let time = 0; time < 2; time++) settleRecord(record, files(8, 9, 11));
  expect(record).toMatchObject({ through: 7, sentBefore: 2, dropped: 3, done: { 8: "ef", 10: "missing" } });
  expect(sentCount(record)).toBe(3);
});

test("what was there before the first run was never due", () => {
  const record = readSyncRecord("/nowhere", "to", "device");
  settleRecord(record, files(40, 41));
  expect(record).toMatchObject({ through: 39, dropped: 0 });
});

test("a file of another folder, with a number far ahead, makes nothing count as deleted", () => {
  const record = recordOf(3, { 4: "ab" });
  settleRecord(record, files(4, 2_000_000_000));
  expect(record).toMatchObject({ through: 3, dropped: 0, done: { 4: "ab" } });
  settleRecord(record, files(2_000_000_000));
  expect(record).toMatchObject({ through: 1_999_999_999, dropped: 0, sentBefore: 1, done: {} });
});

test("a year without a host is counted", () => {
  const record = recordOf(3);
  settleRecord(record, files(52_564));
  expect(record).toMatchObject({ through: 52_563, dropped: 52_560 });
});
