import { expect, test } from "vitest";
import { pathOf } from "./path.ts";

const config = `name: x
source: { tcp: { host: 127.0.0.1, port: 1 }, framing: lines, fields: [a, b] }
anomaly: { alarmsPerWeek: 2 }
`;
const minuteMs = 60_000;

/** A path whose clock is set by hand. */
function pathAt(time: { now: number }) {
  return pathOf(config, [], { now: () => time.now, systemAhead: () => 0 });
}

test("a pause for a time ends by itself, and a restart keeps what is left of it", () => {
  const time = { now: 1e12 };
  const { path, take } = pathAt(time);
  const rows = () => path.stations.anomalyWatch?.detector.rows;
  take(Float64Array.of(1, 2));
  const { progress } = path;
  path.pauseFor(30 * minuteMs);
  expect(path.progress).toBeGreaterThan(progress);
  take(Float64Array.of(80, 2));
  time.now += 29 * minuteMs;
  expect([path.endPauseIfOver(), path.isPaused, path.pauseLeftMs, rows()]).toEqual([
    false,
    true,
    minuteMs,
    1,
  ]);

  const later = { now: 2e12 };
  const next = pathAt(later);
  next.path.restore(structuredClone(path.state()));
  expect([next.path.isPaused, next.path.pauseLeftMs]).toEqual([true, minuteMs]);
  later.now += minuteMs;
  expect([next.path.endPauseIfOver(), next.path.isPaused, next.path.endPauseIfOver()]).toEqual([
    true,
    false,
    false,
  ]);
  next.take(Float64Array.of(1, 2));
  expect(next.path.stations.anomalyWatch?.detector.rows).toBe(2);
});

test("a pause without a time lasts until it is ended, also where one with a time was before", () => {
  const time = { now: 1e12 };
  const { path } = pathAt(time);
  path.pauseFor(minuteMs);
  path.isPaused = true;
  time.now += 2 * minuteMs;
  expect([path.endPauseIfOver(), path.isPaused, path.pauseLeftMs]).toEqual([false, true, null]);
});

test("where there is no target, samples of a pause are counted as such, and none as without a label", () => {
  const { path, learner, take } = pathAt({ now: 1e12 });
  take(Float64Array.of(1, 2));
  path.isPaused = true;
  for (let row = 0; row < 5; row++) take(Float64Array.of(1, 2));
  expect([learner.samplesSeen, path.passedInPause, learner.unlabelled]).toEqual([1, 5, 0]);
});
