import { expect, onTestFinished, test, vi } from "vitest";
import { SampleReader } from "../../src/daemon/sample-reader.ts";
import { defineFields } from "../../src/samples/decoding/fields.ts";
import { createLineDecoder } from "../../src/samples/decoding/lines.ts";
import { type RingPolicy, SampleRing } from "../../src/samples/ring.ts";
import { createSteadyClock } from "../../src/samples/sources/clock.ts";
import type { Receive, Source } from "../../src/samples/sources/source.ts";
import { until } from "../until.ts";

/** A reader of lines "n,0" from a source that the test speaks for. */
async function reader(capacity: number, policy: RingPolicy, observeMs = 0, clock = createSteadyClock()) {
  let receive: Receive = () => {};
  const source: Source = {
    counts: { bytes: 0, opens: 0, losses: 0, droppedWrites: 0 },
    async open(taker) {
      receive = taker;
    },
    async close() {},
  };
  const fields = defineFields([{ name: "n" }, { name: "label" }]);
  const ring = new SampleRing(2, capacity, policy);
  const decoder = createLineDecoder(fields, ring, { startsAtLine: true });
  const observed: number[] = [];
  const times: number[] = [];
  const observe = (values: Float64Array, offset: number) => {
    observed.push(values[offset]);
    times.push(ring.times[ring.frontSlot]);
    for (const end = performance.now() + observeMs; performance.now() < end; );
  };
  const way = new SampleReader({ source, decoder, ring, fields, clock: null }, observe, clock);
  await way.open();
  /** Sends samples with the numbers from `first` to before `end`, as one chunk. */
  const send = (first: number, end: number) => {
    const chunk = Buffer.from(numbers(first, end).reduce((text, n) => `${text}${n},0\n`, ""));
    receive(chunk, chunk.length);
  };
  return { way, ring, observed, times, send };
}

/** The same by a clock on which each sample takes so long; of 0.05 ms, a slice of ten holds some two hundred. */
async function busyReader(capacity: number, sampleMs = 0.05) {
  let observed: number[] = [];
  const clock = createSteadyClock({ uptime: () => (sampleMs * observed.length) / 1000 });
  const bench = await reader(capacity, "drop-oldest", 0, clock);
  observed = bench.observed;
  return bench;
}

const numbers = (first: number, end: number) => Array.from({ length: end - first }, (_, i) => first + i);

test("observes samples in the order in which they came", async () => {
  const { observed, send } = await reader(1000, "drop-oldest");
  send(0, 300);
  send(300, 500);
  await until(() => observed.length === 500);
  expect(observed).toEqual(numbers(0, 500));
});

test("observes what still waits when it is closed, and nothing that comes later", async () => {
  const { way, observed, send } = await reader(1000, "drop-oldest", 1);
  send(0, 300);
  expect(observed.length).toBeLessThan(300);
  const closed = way.close();
  send(300, 400);
  await closed;
  expect(observed).toEqual(numbers(0, 300));
});

test.each([
  [20, 1],
  [5, 2],
  [1, 10],
])(
  "gives way to reading once samples of %i ms have taken 10 ms, after %i of them",
  async (milliseconds, count) => {
    const { observed, send } = await busyReader(1000, milliseconds);
    send(0, 100);
    expect(observed).toHaveLength(count);
    await until(() => observed.length === 100);
  },
);

test("discards what cannot be observed in the time that closing may take, and counts it", async () => {
  // A tenth of a second goes by from look to look.
  let seconds = 0;
  const uptime = () => {
    seconds += 0.1;
    return seconds;
  };
  const { way, ring, observed, send } = await reader(1000, "drop-oldest", 0, createSteadyClock({ uptime }));
  send(0, 1000);
  const before = observed.length;
  await way.close(500);
  expect(observed.length).toBeGreaterThan(before);
  expect(ring.dropped).toBeGreaterThan(500);
  expect(observed).toEqual(numbers(0, 1000 - ring.dropped));
  expect(ring.length).toBe(0);
});

test("keeps the newest samples of a chunk larger than the ring, where the oldest are to be dropped", async () => {
  const { way, ring, observed, send } = await reader(10, "drop-oldest");
  send(0, 100);
  await way.close();
  expect(observed).toEqual(numbers(90, 100));
  expect(ring.dropped).toBe(90);
});

test("keeps the oldest samples, where the newest are to be dropped", async () => {
  const { way, ring, observed, send } = await reader(10, "drop-newest");
  send(0, 100);
  await way.close();
  expect(observed).toEqual(numbers(0, 10));
  expect(ring.dropped).toBe(90);
});

test("drops none of a chunk larger than the ring, where it is to pause", async () => {
  const { way, ring, observed, send } = await reader(10, "pause");
  send(0, 100);
  await way.close();
  expect(observed).toEqual(numbers(0, 100));
  expect(ring.dropped).toBe(0);
});

/** Lets all that is scheduled have its turn, one after the other; gives how many turns there were. */
function turns(): number {
  let count = 0;
  for (; vi.getTimerCount() > 0 && count < 100; count++) vi.advanceTimersToNextTimer();
  return count;
}

test("observes before it reads on once the ring is more than half full, so that a burst is not dropped", async () => {
  vi.useFakeTimers({ toFake: ["setImmediate", "clearImmediate"] });
  onTestFinished(() => void vi.useRealTimers());
  const { ring, observed, send } = await busyReader(600);
  const handedOn: number[] = [];
  for (let first = 0; first < 6 * 300; first += 300) {
    const before = observed.length;
    send(first, first + 300);
    handedOn.push(observed.length - before);
  }
  // A slice after each chunk, and one before the fifth too, when 337 of 600 places are taken.
  expect(handedOn).toEqual([223, 224, 224, 192, 448, 192]);
  expect(ring.dropped).toBe(0);
});

test("observes in turns what is left after a chunk, and then schedules nothing any more", async () => {
  vi.useFakeTimers({ toFake: ["setImmediate", "clearImmediate"] });
  onTestFinished(() => void vi.useRealTimers());
  const { observed, send } = await busyReader(1000);
  send(0, 500);
  send(500, 1000);
  expect(observed).toHaveLength(447);
  expect(vi.getTimerCount()).toBe(1);
  expect(turns()).toBe(3);
  expect(observed).toEqual(numbers(0, 1000));
  send(1000, 1250);
  expect(turns()).toBe(1);
  expect(observed).toEqual(numbers(0, 1250));
});

test("gives samples times that keep order and distance while the system's clock is set", async () => {
  const hands = { system: 1_000_000, uptime: 3 };
  const clock = createSteadyClock({ system: () => hands.system, uptime: () => hands.uptime });
  const { way, times, send } = await reader(100, "pause", 0, clock);
  for (const jumpMs of [0, 86_400_000, -999_000_000, 0]) {
    send(0, 1);
    hands.system += 20 + jumpMs;
    hands.uptime += 0.02;
  }
  await way.close();
  expect(times).toEqual([1_000_000, 1_000_020, 1_000_040, 1_000_060]);
});
