import { expect, test } from "vitest";
import { createClockWatch } from "../../src/daemon/clock-watch.ts";
import type { LogEntry } from "../../src/daemon/log.ts";
import { createSteadyClock } from "../../src/samples/sources/clock.ts";

test("a system clock that is set is reported once, each time", () => {
  const system = { ms: 1_000_000 };
  const clock = createSteadyClock({ system: () => system.ms, uptime: () => 5 });
  const entries: LogEntry[] = [];
  const look = createClockWatch(clock, (entry) => entries.push(entry));
  system.ms += 4000; // what a clock may be off by
  look();
  expect(entries).toEqual([]);
  system.ms += 3 * 86_400_000;
  for (let i = 0; i < 5; i++) look();
  expect(entries).toEqual([
    {
      event: "clock-set",
      text: "the system's clock was set forward by 3 d; the times of samples go on as they were until the next start",
      details: { jumpMs: 3 * 86_400_000 + 4000 },
    },
  ]);
  system.ms -= 90_000;
  for (let i = 0; i < 5; i++) look();
  expect(entries.slice(1).map(({ text }) => text)).toEqual([
    "the system's clock was set back by 1 min 30 s; the times of samples go on as they were until the next start",
  ]);
});
