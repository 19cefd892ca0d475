/** A daemon that is restarted after any sample goes on as if it had not been. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/checkpoint/format.ts";
import { checkpointOf } from "../../src/continuing/learner-checkpoint.ts";
import { resume } from "../../src/continuing/resume.ts";
import { createAlarm } from "../../src/device/alarm.ts";
import { createRandom } from "../../src/engine/model/random.ts";
import { pathOf } from "./path.ts";

const source = `
source:
  tcp: { host: 127.0.0.1, port: 9 }
  framing: lines
  fields:
    - { name: a, range: [-5, 5], stuck: 3 }
    - { name: b }
    - { name: label }
  values: { missing: hold, outOfRange: clamp, stuck: alarm, holdFor: 4 }
  reply: { send: [alarm], alarm: { ALARM, atLeast: 1ms } }
`;
const ofClass = source.replace("ALARM", "class: 1, on: 0.5, off: 0.2");
const ofError = source.replace("ALARM", "on: 2, off: 0.5");
const kinds = {
  "an ensemble for classes": `${ofClass}target: { column: label, classes: 3 }\ngpio: { alarm: { pin: 5, class: 2 } }\n`,
  "an ensemble for numbers": `${ofError}target: { column: label }\ngpio: { alarm: 5 }\n`,
  "a network for classes": `${ofClass}target: { column: label, classes: 3 }\nmodel: {}\ngpio: { alarm: { pin: 5, of: drift } }\n`,
  "a network for numbers": `${ofError}target: { column: label }\nmodel: {}\ngpio: { alarm: 5 }\n`,
};

// The shortest time of an alarm ends by a timer.
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Rows with values out of range, missing ones, ones that stick, missing labels, and a relation that ends. */
function rows(count: number): Float64Array[] {
  const random = createRandom(7);
  let a = 0;
  return Array.from({ length: count }, (_, i) => {
    if (i % 11 > 3) a = 8 * random.uniform() - 4;
    const b = random.uniform();
    const label = i < 500 ? Number(a > 0) : Math.floor(3 * random.uniform());
    if (i % 17 === 0) return Float64Array.of(99, b, label);
    if (i % 23 < 2) return Float64Array.of(Number.NaN, b, label);
    return Float64Array.of(a, b, i % 29 === 0 ? Number.NaN : label);
  });
}

/** What a path does with its samples, and what it remembers at the end; restarted after every `every` samples. */
function run(config: string, samples: readonly Float64Array[], every = Number.POSITIVE_INFINITY) {
  let piece = pathOf(config);
  const told: unknown[] = [];
  const board: boolean[] = [];
  const openBoard = () => {
    piece.path.boardAlarm = createAlarm({ on: 0.6, off: 0.2, atLeastMs: 1 }, () => {});
  };
  openBoard();
  const keepTold = () => told.push(...piece.entries.splice(0).map(({ event, text }) => `${event}: ${text}`));
  for (const [index, sample] of samples.entries()) {
    piece.take(sample);
    board.push(piece.path.boardAlarm?.active ?? false);
    vi.advanceTimersByTime(10);
    if ((index + 1) % every !== 0) continue;
    keepTold();
    const state = piece.path.state();
    const bytes = Buffer.concat(encodeCheckpoint({ ...checkpointOf(piece.learner), daemonState: state }));
    piece.path.boardAlarm?.close();
    piece = pathOf(config);
    const checkpoint = decodeCheckpoint(bytes, "memory");
    resume(piece.learner, checkpoint, "memory");
    piece.path.restore(checkpoint.daemonState ?? null);
    piece.path.stations.learnerWatch.begin();
    openBoard();
    // An alarm that is on again is said again, to the device too.
    piece.entries.splice(0);
    vi.advanceTimersByTime(10);
  }
  keepTold();
  const { createdAt, ...learner } = checkpointOf(piece.learner);
  const { validator, driftWatch } = piece.path.stations;
  return structuredClone({
    ...{ learner, told, board, state: piece.path.state() },
    ...{ faults: validator.report(), skipped: validator.skipped, drifts: driftWatch.drifts },
  });
}

/** After how many samples a restart comes: more of them in the long suite. */
const everies = process.env["RIVULET_TEST_LONG"]
  ? [...Array(13).keys(), 16, 28, 39].map((i) => i + 1)
  : [1, 17];

describe.each(Object.entries(kinds))("with %s", (_, config) => {
  test("every bit is as without restarts, be they after each sample or after every 50th", {
    timeout: 0,
  }, () => {
    const samples = rows(900);
    const whole = run(config, samples);
    expect(whole.faults.length).toBeGreaterThan(0);
    expect(new Set(whole.board)).toEqual(new Set([true, false]));
    expect(run(config, samples, 50)).toEqual(whole);
    const few = samples.slice(0, 40);
    const short = run(config, few);
    for (const every of everies) expect(run(config, few, every)).toEqual(short);
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

test("the state of another daemon is refused, and that of an earlier version begins anew what it lacks", () => {
  const { path } = pathOf(kinds["an ensemble for numbers"]);
  const state = path.state() as Record<string, never>;
  expect(() => path.restore({ ...state, validator: new Float64Array(3) as never })).toThrow(
    "expected those of 3 fields; restore a matching state",
  );
  path.restore({ taken: 12, labels: null });
  expect(path.taken).toBe(12);
});
