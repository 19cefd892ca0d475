/** A daemon that is restarted after any sample goes on as if it had not been. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/checkpoint/format.ts";
import { checkpointOf } from "../../src/continuing/learner-checkpoint.ts";
import { resume } from "../../src/continuing/resume.ts";
import { createAlarm } from "../../src/device/alarm.ts";
import { createRandom } from "../../src/engine/model/random.ts";
import { pathOf } from "./path.ts";
import { clock, kinds, longKinds, otherKinds, rows, run } from "./restarts.ts";

// The shortest time of an alarm ends by a timer.
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe.each(Object.keys({ ...longKinds, ...otherKinds }))("with %s", (kind) => {
  test("every bit is as without restarts, be they after each sample or after every 50th", {
    timeout: 0,
  }, () => {
    const samples = rows(kind in longKinds ? 900 : 160);
    const whole = run(kind, samples);
    expect(whole.faults.length).toBeGreaterThan(0);
    if (kinds[kind].includes("alarm: ")) expect(whole.told).toEqual(expect.arrayContaining([true, false]));
    const answers = new Set(whole.told.filter((each) => typeof each === "number"));
    expect(answers.size).toBeGreaterThan(kinds[kind].includes("target") ? 20 : -1);
    expect(run(kind, samples, 50)).toEqual(whole);
    const few = samples.slice(0, 40);
    const short = run(kind, few);
    for (const every of [1, 17]) expect(run(kind, few, every)).toEqual(short);
  });
});

test("a pause goes on after a restart", () => {
  const config = kinds["a network for classes"];
  const before = pathOf(config);
  before.take(Float64Array.of(1, 2, 0));
  before.path.isPaused = true;
  const after = pathOf(config);
  after.path.restore(structuredClone(before.path.state()));
  after.take(Float64Array.of(1, 2, 0));
  expect([after.path.isPaused, after.path.passedInPause, after.path.taken]).toEqual([true, 1, 2]);
});

test("the state of another daemon is refused, and that of an earlier version starts over what it lacks", () => {
  const { path } = pathOf(kinds["an ensemble for numbers"]);
  const state = path.state() as Record<string, never>;
  expect(() => path.restore({ ...state, validator: new Float64Array(3) as never })).toThrow(
    "expected those of 3 fields; restore a matching state",
  );
  path.restore({ taken: 12, labels: null });
  expect(path.taken).toBe(12);
});

test("a drift that a late label showed just before a restart still switches the alarm on", () => {
  const config = `
source: { tcp: { host: 127.0.0.1, port: 9 }, framing: lines, fields: [a] }
target: { column: label, classes: 2 }
labels: { keep: 1h, samples: 16 }
training: { effort: low }
gpio: { alarm: { pin: 5, of: drift } }
`;
  const before = pathOf(config, [], clock);
  const { lateLabels } = before.path.stations;
  const random = createRandom(3);
  const hasDrifted = () => (before.path.state() as { hasDrifted: boolean }).hasDrifted;
  for (let i = 0; i < 3000 && !hasDrifted(); i++) {
    before.take(Float64Array.of(i % 2));
    const label = i < 600 ? i % 2 : Math.floor(2 * random.uniform());
    lateLabels?.post(JSON.stringify({ sequence: i + 1, label, id: `${i}` }));
    lateLabels?.flush();
  }
  const after = pathOf(config, [], clock);
  resume(
    after.learner,
    decodeCheckpoint(Buffer.concat(encodeCheckpoint(checkpointOf(before.learner))), "m"),
    "m",
  );
  after.path.restore(structuredClone(before.path.state()));
  const alarm = createAlarm({ on: 1, off: 0.5, atLeastMs: 1000 }, () => {});
  after.path.boardAlarm = alarm;
  after.take(Float64Array.of(0));
  expect(alarm.active).toBe(true);
  alarm.close();
});
