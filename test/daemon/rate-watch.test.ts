import { expect, test } from "vitest";
import type { LogEntry } from "../../src/daemon/log.ts";
import { createRateWatch } from "../../src/daemon/rate-watch.ts";
import { createSteadyClock } from "../../src/samples/sources/clock.ts";

test("a rate far from the declared one is reported once, and once when it is right again", () => {
  const hands = { system: 1_000_000, uptime: 5 };
  const clock = createSteadyClock({ system: () => hands.system, uptime: () => hands.uptime });
  const entries: LogEntry[] = [];
  const source = { samples: 0, breaks: 1 };
  const watch = createRateWatch(
    50,
    clock,
    () => source,
    (entry) => entries.push(entry),
  );
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
