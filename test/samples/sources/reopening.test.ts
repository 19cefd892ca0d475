import { describe, expect, test } from "vitest";
import { BackOff, type ReopenOptions, StateReporter } from "../../../src/samples/sources/reopening.ts";
import type { SourceState } from "../../../src/samples/sources/source.ts";

describe("the delay before the next attempt", () => {
  const delays = (options: ReopenOptions, attempts: number) => {
    const backOff = new BackOff(options);
    return Array.from({ length: attempts }, () => backOff.next());
  };

  test.each<[string, ReopenOptions, number[]]>([
    ["by itself", {}, [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]],
    ["as it is set", { reopenAfterMs: 7, reopenCeilingMs: 20 }, [7, 14, 20, 20]],
    ["with no time to grow", { reopenAfterMs: 50, reopenCeilingMs: 50 }, [50, 50, 50]],
  ])("doubles up to its ceiling, %s", (_, options, expected) => {
    expect(delays(options, expected.length)).toEqual(expected);
  });

  test("starts again once bytes have arrived", () => {
    const backOff = new BackOff({ reopenAfterMs: 10 });
    expect([backOff.next(), backOff.next()]).toEqual([10, 20]);
    backOff.reset();
    expect([backOff.next(), backOff.next()]).toEqual([10, 20]);
  });
});

test("a state is reported once, and again for another reason", () => {
  const told: [SourceState, string][] = [];
  const reporter = new StateReporter({ onState: (state, sentence) => told.push([state, sentence]) });
  reporter.report("open", "", "open");
  reporter.report("waiting", "lost", "lost");
  reporter.report("waiting", "busy", "busy");
  reporter.report("waiting", "busy", "still busy");
  reporter.report("open", "", "open again");
  reporter.report("open", "", "still open");
  expect(told).toEqual([
    ["open", "open"],
    ["waiting", "lost"],
    ["waiting", "busy"],
    ["open", "open again"],
  ]);
  expect(reporter).toMatchObject({ state: "open", reason: "" });
});
