import { expect, test } from "vitest";
import type { LogEntry } from "../../src/daemon/log.ts";
import { createClockWatch, createRateWatch } from "../../src/daemon/watches.ts";
import { createSteadyClock } from "../../src/samples/sources/clock.ts";

function bench() {
  const hands = { system: 1_000_000, uptime: 5 };
  const clock = createSteadyClock({ system: () => hands.system, uptime: () => hands.uptime });
  const entries: LogEntry[] = [];
  return { hands, clock, entries, log: (entry: LogEntry) => entries.push(entry) };
}

test("a system clock that is set is reported once, each time", () => {
  const { hands, clock, entries, log } = bench();
  const look = createClockWatch(clock, log);
  hands.system += 4000; // what a clock may be off by
  look();
  expect(entries).toEqual([]);
  hands.system += 3 * 86_400_000;
  for (let i = 0; i < 5; i++) look();
  expect(entries).toEqual([
    {
      event: "clock-set",
      text: "the system's clock was set forward by 3 d; the times of samples go on as they were until the next start",
      details: { jumpMs: 3 * 86_400_000 + 4000 },
    },
  ]);
  hands.system -= 90_000;
  for (let i = 0; i < 5; i++) look();
  expect(entries.slice(1).map(({ text }) => text)).toEqual([
    "the system's clock was set back by 1 min 30 s; the times of samples go on as they were until the next start",
  ]);
});

test("a rate far from the declared one is reported once, and once when it is right again", () => {
  const { hands, clock, entries, log } = bench();
  const source = { samples: 0, breaks: 1 };
  const watch = createRateWatch(50, clock, () => source, log);
  for (const came of [500, 100, 100, 123, 500, 500]) {
    hands.uptime += 10;
    hands.system += 86_400_000; // a clock that is set all the time does not matter
    source.samples += came;
    watch.check();
  }
  expect(entries.map(({ event, text, problem }) => [event, text, problem])).toEqual([
    [
      "rate-far",
      "10 samples a second come, and source.rate declares 50; see what the device does, or correct it",
      true,
    ],
    [
      "rate-right",
      "50 samples a second come, as source.rate declares again; 3 windows were far from it",
      false,
    ],
  ]);
  expect(watch.status()).toEqual({ declared: 50, measured: 50, farWindows: 3, isFar: false });
});
