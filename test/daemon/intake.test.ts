import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { Intake } from "../../src/daemon/intake.ts";
import { defineFields } from "../../src/samples/fields.ts";
import { createLineDecoder } from "../../src/samples/lines.ts";
import { type RingPolicy, SampleRing } from "../../src/samples/ring.ts";
import type { Source } from "../../src/samples/source.ts";

/** An intake at a source that sends what the test tells it to; `seen` holds what was observed. */
async function opened(capacity: number, policy: RingPolicy) {
  let receive: (chunk: Uint8Array) => void = () => {};
  const source: Source = {
    counts: { bytes: 0, opens: 0, losses: 0, droppedWrites: 0 },
    async open(receiver) {
      receive = receiver;
    },
    async close() {},
  };
  const fields = defineFields([{ name: "value" }]);
  const ring = new SampleRing(1, capacity, policy);
  const decoder = createLineDecoder(fields, ring, { startsAtLine: true });
  const seen: number[] = [];
  const intake = new Intake(source, decoder, ring, (values, offset) => seen.push(values[offset]));
  await intake.open();
  /** One chunk with the numbers from `first` to `last`, a line each. */
  const send = (first: number, last: number) => {
    const lines = Array.from({ length: last - first + 1 }, (_, index) => `${first + index}\n`);
    receive(Buffer.from(lines.join("")));
  };
  return { intake, ring, seen, send };
}

const numbers = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

test("hands on every sample in order", async () => {
  const { ring, seen, send } = await opened(1000, "drop-oldest");
  send(1, 500);
  send(501, 600);
  while (ring.length > 0) await nextTurn();
  expect(seen).toEqual(numbers(1, 600));
});

test("learns nothing while a chunk is being read, so that reading never waits for learning", async () => {
  const { ring, seen, send } = await opened(1000, "drop-oldest");
  send(1, 100);
  expect([seen.length, ring.length]).toEqual([0, 100]);
  await nextTurn();
  expect(seen.length).toBeGreaterThan(0);
});

test.each([
  ["drop-oldest", numbers(71, 100)],
  ["drop-newest", numbers(1, 30)],
] as const)("keeps what %s keeps when a chunk holds more than the ring", async (policy, kept) => {
  const { ring, seen, send } = await opened(30, policy);
  send(1, 100);
  while (ring.length > 0) await nextTurn();
  expect(seen).toEqual(kept);
  expect(ring.dropped).toBe(70);
});

test("loses nothing under pause, however small the ring", async () => {
  const { ring, seen, send } = await opened(7, "pause");
  send(1, 100);
  send(101, 200);
  while (ring.length > 0) await nextTurn();
  expect(seen).toEqual(numbers(1, 200));
  expect(ring.dropped).toBe(0);
});

test("hands on what had arrived when it is closed", async () => {
  const { intake, seen, send } = await opened(1000, "drop-oldest");
  send(1, 50);
  await intake.close();
  expect(seen).toEqual(numbers(1, 50));
});

test("takes in nothing once it is closed", async () => {
  const { intake, ring, seen, send } = await opened(1000, "drop-oldest");
  await intake.close();
  send(1, 10);
  await nextTurn();
  expect([seen.length, ring.length]).toEqual([0, 0]);
});
