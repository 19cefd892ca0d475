import { expect, test } from "vitest";
import { checkEveryMs, createEffortWatch } from "../../src/daemon/effort-watch.ts";
import type { LogEntry } from "../../src/daemon/log.ts";
import { SampleReader } from "../../src/daemon/sample-reader.ts";
import type { Effort } from "../../src/learner/effort.ts";
import { defineFields } from "../../src/samples/decoding/fields.ts";
import { createLineDecoder } from "../../src/samples/decoding/lines.ts";
import { SampleRing } from "../../src/samples/ring.ts";
import { createSteadyClock } from "../../src/samples/sources/clock.ts";
import type { Receive } from "../../src/samples/sources/source.ts";

const chunk = Buffer.from("1,0\n".repeat(40));

/** A daemon whose clock stands still but for its samples, each of which takes `cost` ms at the effort of the moment. */
async function daemon(cost: Record<Effort, number>) {
  let effort: Effort = "high";
  let now = 0;
  let isPaused = false;
  let receive: Receive = () => {};
  const source = {
    counts: { bytes: 0, opens: 0, losses: 0, droppedWrites: 0 },
    async open(taker: Receive) {
      receive = taker;
    },
    close: async () => {},
  };
  const ring = new SampleRing(2, 100, "drop-oldest");
  const clock = createSteadyClock({ uptime: () => now / 1000 });
  const fields = defineFields([{ name: "a" }, { name: "label" }]);
  const decoder = createLineDecoder(fields, ring, { startsAtLine: true });
  const take = () => {
    now += cost[effort];
  };
  const reader = new SampleReader({ source, decoder, ring, fields, clock: null }, take, clock);
  await reader.open();
  const entries: LogEntry[] = [];
  const steps: [from: Effort, to: Effort][] = [];
  const check = createEffortWatch({
    ring,
    dropped: () => reader.dropped,
    busyMs: reader.busyMs,
    clock,
    isPaused: () => isPaused,
    effort: () => effort,
    setEffort: (next) => {
      steps.push([effort, next]);
      effort = next;
    },
    log: (entry) => void entries.push(entry),
  });
  return {
    steps,
    entries,
    pause() {
      isPaused = true;
    },
    /** Checks so often; forty samples come every 50 ms, `idleMs` of which go by without any work. */
    run(checks: number, idleMs: number) {
      for (let done = 0, due = now + checkEveryMs; done < checks; ) {
        now += idleMs;
        receive(chunk, chunk.length);
        if (now < due) continue;
        check();
        due = now + checkEveryMs;
        done++;
      }
    },
  };
}

test("learning that is too slow for its samples steps down after half a minute, and says so once a step", async () => {
  const slow = await daemon({ high: 5, normal: 3, low: 3 });
  slow.run(5, 0.1);
  expect(slow.steps).toEqual([]);
  slow.run(1, 0.1);
  expect(slow.steps).toEqual([["high", "normal"]]);
  slow.run(5, 0.1);
  expect(slow.entries).toHaveLength(1);
  slow.run(60, 0.1);
  expect(slow.steps).toEqual([
    ["high", "normal"],
    ["normal", "low"],
  ]);
  expect(slow.entries.map(({ text }) => text)[1]).toBe(
    "learning fell behind the samples for 30 s: effort steps down from normal to low and stays there; training.effort: high brings it back",
  );
});

test("learning that is fast enough at a lower effort stays there", async () => {
  const fast = await daemon({ high: 5, normal: 0.01, low: 0 });
  fast.run(100, 50);
  expect(fast.steps).toEqual([]);
  const slow = await daemon({ high: 5, normal: 0.01, low: 0 });
  slow.run(6, 0.1);
  slow.run(60, 50);
  expect(slow.steps).toEqual([["high", "normal"]]);
});

test("samples that are dropped in a pause, or because the machine stood still, change nothing", async () => {
  const paused = await daemon({ high: 5, normal: 5, low: 5 });
  paused.pause();
  paused.run(30, 0.1);
  expect(paused.steps).toEqual([]);
  // In each check a disk stalls the process for most of the time, and the ring overflows.
  const stalled = await daemon({ high: 5, normal: 5, low: 5 });
  stalled.run(30, 4000);
  expect(stalled.steps).toEqual([]);
  // The machine stands still while a sample is learned from, which looks as if that took so long.
  const suspended = await daemon({ high: 16_000, normal: 16_000, low: 16_000 });
  suspended.run(30, 0.1);
  expect(suspended.steps).toEqual([]);
});

test("a ring that empties is no reason to step down, however busy learning is; discarded datagrams are one", () => {
  const ring = { length: 100, capacity: 100 };
  const busyMs = Float64Array.of(0);
  let now = 0;
  let dropped = 0;
  const steps: Effort[] = [];
  const check = createEffortWatch({
    ring,
    dropped: () => dropped,
    busyMs,
    clock: { now: () => now, systemAhead: () => 0 },
    isPaused: () => false,
    effort: () => "high",
    setEffort: (next) => void steps.push(next),
    log: () => {},
  });
  const checks = (count: number, change: number) => {
    for (let done = 0; done < count; done++) {
      now += checkEveryMs;
      busyMs[0] = now;
      ring.length += change;
      check();
    }
  };
  checks(8, -5);
  expect(steps).toEqual([]);
  checks(6, 0);
  expect(steps).toEqual(["normal"]);
  ring.length = 0;
  for (let done = 0; done < 6; done++) {
    dropped++;
    checks(1, 0);
  }
  expect(steps).toEqual(["normal", "normal"]);
});
