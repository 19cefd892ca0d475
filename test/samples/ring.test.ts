import fc from "fast-check";
import { expect, test } from "vitest";
import { type RingPolicy, SampleRing } from "../../src/samples/ring.ts";

const policies: RingPolicy[] = ["drop-oldest", "drop-newest", "pause"];

/** Puts a sample whose every number is `value`; false when the ring does not take it. */
function put(ring: SampleRing, value: number): boolean {
  const at = ring.reserve();
  if (at < 0) return false;
  for (let index = 0; index < ring.width; index++) ring.values[at + index] = value;
  ring.commit(1000 + value, value);
  return true;
}

function takeAll(ring: SampleRing): number[] {
  const taken: number[] = [];
  while (ring.length > 0) {
    taken.push(ring.values[ring.front()]);
    ring.release();
  }
  return taken;
}

function filled(policy: RingPolicy): SampleRing {
  const ring = new SampleRing(2, 3, policy);
  for (const value of [1, 2, 3]) put(ring, value);
  return ring;
}

test("a full ring that drops the oldest keeps the newest", () => {
  const ring = filled("drop-oldest");
  put(ring, 4);
  expect([takeAll(ring), ring.dropped]).toEqual([[2, 3, 4], 1]);
});

test("a full ring that drops the newest keeps those that waited", () => {
  const ring = filled("drop-newest");
  put(ring, 4);
  expect([takeAll(ring), ring.dropped]).toEqual([[1, 2, 3], 1]);
});

test("a full ring that pauses takes nothing until there is room", () => {
  const ring = filled("pause");
  expect(put(ring, 4)).toBe(false);
  ring.release();
  expect(put(ring, 5)).toBe(true);
  expect([takeAll(ring), ring.dropped]).toEqual([[2, 3, 5], 0]);
});

test.each(policies)("a reserved slot that is not committed leaves no trace (%s)", (policy) => {
  const ring = filled(policy);
  const at = ring.reserve();
  if (at >= 0) ring.values[at] = 99;
  expect([takeAll(ring), ring.dropped]).toEqual([[1, 2, 3], 0]);
});

test("a sample keeps its time and sequence number", () => {
  const ring = filled("drop-oldest");
  put(ring, 4);
  expect([ring.times[ring.frontSlot], ring.sequences[ring.frontSlot]]).toEqual([1002, 2]);
});

test("an empty ring has no front and nothing to release", () => {
  const ring = new SampleRing(1, 1, "pause");
  expect(ring.front()).toBe(-1);
  expect(() => ring.release()).toThrow("empty");
});

test("refuses a width or capacity that holds nothing", () => {
  expect(() => new SampleRing(0, 8, "pause")).toThrow("found a sample ring of width 0, expected");
  expect(() => new SampleRing(2, 1.5, "pause")).toThrow("found a sample ring of capacity 1.5, expected");
});

test("behaves like a plain list, for any way of writing and reading", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...policies),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 3 }),
      fc.array(fc.constantFrom("put", "put", "put", "abandon", "take", "give up"), { maxLength: 100 }),
      (policy, capacity, width, actions) => {
        const ring = new SampleRing(width, capacity, policy);
        const model: number[] = [];
        let dropped = 0;
        for (const [value, action] of actions.entries()) {
          if (action === "put") {
            const isFull = model.length === capacity;
            expect(put(ring, value)).toBe(!(isFull && policy === "pause"));
            if (!isFull || policy === "drop-oldest") model.push(value);
            if (isFull && policy !== "pause") dropped++;
            if (model.length > capacity) model.shift();
          } else if (action === "abandon") {
            const at = ring.reserve();
            if (at >= 0) ring.values.fill(-1, at, at + width);
          } else if (action === "give up") {
            ring.discardAll();
            dropped += model.length;
            model.length = 0;
          } else if (model.length > 0) {
            const front = ring.front();
            const oldest = model.shift() as number;
            expect([...ring.values.subarray(front, front + width)]).toEqual(Array(width).fill(oldest));
            expect(ring.sequences[ring.frontSlot]).toBe(oldest);
            expect(ring.times[ring.frontSlot]).toBe(1000 + oldest);
            ring.release();
          }
          expect([ring.length, ring.dropped]).toEqual([model.length, dropped]);
        }
        expect(takeAll(ring)).toEqual(model);
      },
    ),
  );
});

test("says what its arrays take before they are there", () => {
  const { values, times, measuredAt, sequences, deviceTimes } = new SampleRing(2, 5, "pause");
  const taken = [values, times, measuredAt, sequences, deviceTimes].reduce(
    (sum, { byteLength }) => sum + byteLength,
    0,
  );
  expect(SampleRing.bytesFor(2, 5)).toBe(taken);
});
