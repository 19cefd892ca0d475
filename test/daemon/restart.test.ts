/** A daemon that is restarted after any sample goes on as if it had not been. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/checkpoint/format.ts";
import { checkpointOf } from "../../src/continuing/learner-checkpoint.ts";
import { modelOf, readModel } from "../../src/continuing/model-file.ts";
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
const classes = "target: { column: label, classes: 3 }\n";
const numbers = "target: { column: label }\n";
const trust = `ed25519:${Buffer.alloc(32).toString("base64")}`;
const models = `sync: { to: "http://127.0.0.1:9/fleet", secretFile: k, models: { group: pumps, trust: "${trust}" } }\n`;
const pastOf = (column: string) => `
timeZone: Europe/Berlin
features:
  - relation: { of: [a], given: [b] }
  - window: { of: [a], size: 8, every: 3, take: [mean, logSd, crossings] }
  - window: { of: [b], size: 32, every: 3, take: [max, kurtosis, bands, envelope] }
  - lags: { of: [b_max, ${column}], at: [1, 2] }
  - differences: { of: [a_mean], at: [3] }
  - clock: [hourOfDay, dayOfWeek]
  - standardize
  - clip: 4
`;
const unanswered = source.replace(/ {2}reply.*\n/, "");
const rated = unanswered.replace("framing: lines", "framing: lines\n  rate: 100");
const absent = rated.replace("missing: hold", "missing: absent, indicator: true").replace(", holdFor: 4", "");

/** Those that are run for long enough to know drifts, and what is normal, in the short suite too. */
const longKinds: Record<string, string> = {
  "an ensemble for classes": `${ofClass}${classes}gpio: { alarm: { pin: 5, class: 2 } }\n`,
  "an ensemble for numbers": `${ofError}${numbers}gpio: { alarm: 5 }\n`,
  "a network for classes": `${ofClass}${classes}model: {}\ngpio: { alarm: { pin: 5, of: drift } }\n`,
  "a network for numbers": `${ofError}${numbers}model: {}\ngpio: { alarm: 5 }\n`,
};
const otherKinds: Record<string, string> = {
  "windows of two sizes, a relation and lags before an ensemble": `${rated}${classes}${pastOf("label")}`,
  "windows, a relation and lags before a network": `${rated}${numbers}model: {}\n${pastOf("label")}`,
  "indicators, differences and a profile before an ensemble": `${absent}${numbers}features: [{ differences: { of: [b], at: [1, 4] } }, { profile: { of: [label], by: hourOfDay } }, standardize]\n`,
  "a forecast": `${rated}target: { forecast: b, horizon: 5, interval: 0.9 }\n`,
  "a forecast with features of its own": `${rated}target: { forecast: b, horizon: 2 }\nfeatures: [{ lags: { of: [a, b], at: [1, 2] } }, standardize]\n`,
  "anomalies of windows without a target": `${rated}features: [{ window: { of: [a, b], size: 8, every: 4, take: [logSd, mean] } }, { relation: { of: [a_mean], given: [b_mean] } }]\nanomaly: { alarmsPerWeek: 100 }\n`,
  "anomalies beside an ensemble with late labels": `${rated}${classes}anomaly: { alarmsPerWeek: 100 }\nlabels: { keep: 1h, samples: 16 }\n`,
  "late labels of windows": `${rated}${classes}labels: { keep: 1h, samples: 16 }\nfeatures: [{ window: { of: [a, b], size: 8, every: 4, take: [mean, max] } }, standardize]\n`,
  "an ensemble with a guest for classes": `${unanswered}${classes}${models}labels: { keep: 1h, samples: 16 }\n`,
  "an ensemble with a guest for numbers": `${unanswered}${numbers}${models}`,
  "two networks side by side": `${unanswered}${numbers}model: { layers: [{ dense: 6 }, batchNorm, { dropout: 0.1 }, tanh], optimizer: { rmsprop: { centered: true, momentum: 0.5 } }, schedule: { plateau: { window: 9, patience: 1 } }, clip: { norm: 1 } }\ntraining: { batchSize: 3 }\n${models}`,
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

/** A clock that shows the same time in each run. */
const clock = { now: () => 1_760_000_000_000, systemAhead: () => 0 };

/** The model that another device has learned, where the config takes one. */
function modelFor(config: string) {
  if (!config.includes("models:")) return null;
  const { learner, take } = pathOf(config, [], clock);
  for (const row of rows(300)) take(row);
  const { bytes } = modelOf(
    decodeCheckpoint(Buffer.concat(encodeCheckpoint(checkpointOf(learner))), "other"),
  );
  return { model: readModel(bytes, "other").model, version: 1, digest: "0", bytes };
}

/** Before the sample with this index, what happens from outside: a model, late labels, what is normal, a pause. */
function meddle(
  { path }: ReturnType<typeof pathOf>,
  index: number,
  model: ReturnType<typeof modelFor>,
): void {
  if (model !== null && index === 9) path.takeModel(model);
  const { lateLabels, anomalyWatch } = path.stations;
  const label = { label: (index % 3) as number, id: `${index}` };
  if (index % 5 === 4 && !path.isPaused) lateLabels?.post(JSON.stringify({ sequence: index - 1, ...label }));
  if (index % 8 === 7) lateLabels?.flush();
  if (anomalyWatch?.isOpen && index % 50 === 0) path.takeAsNormal();
  if (index % 120 === 30) path.isPaused = true;
  if (index % 120 === 34) path.isPaused = false;
}

/** What a path does with its samples, and what it remembers at the end; restarted after every `every` samples. */
function run(config: string, samples: readonly Float64Array[], every = Number.POSITIVE_INFINITY) {
  let piece = pathOf(config, [], clock);
  const model = modelFor(config);
  const told: unknown[] = [];
  const board: boolean[] = [];
  const answers: number[] = [];
  const openBoard = () => {
    piece.path.boardAlarm = createAlarm({ on: 0.6, off: 0.2, atLeastMs: 1 }, () => {});
  };
  openBoard();
  const keepTold = () => told.push(...piece.entries.splice(0).map(({ event, text }) => `${event}: ${text}`));
  const restart = (taken: number) => {
    keepTold();
    const state = piece.path.state();
    const bytes = Buffer.concat(encodeCheckpoint({ ...checkpointOf(piece.learner), daemonState: state }));
    piece.path.boardAlarm?.close();
    piece = pathOf(config, [], clock, taken);
    const checkpoint = decodeCheckpoint(bytes, "memory");
    resume(piece.learner, checkpoint, "memory");
    piece.path.restore(checkpoint.daemonState ?? null);
    const { learnerWatch, anomalyWatch, modelIntake } = piece.path.stations;
    learnerWatch.begin();
    anomalyWatch?.begin();
    modelIntake?.begin();
    openBoard();
    // An alarm that is on again is said again, to the device too.
    piece.entries.splice(0);
    vi.advanceTimersByTime(10);
  };
  for (const [index, sample] of samples.entries()) {
    meddle(piece, index, model);
    // Where none is given, that of before is no answer.
    piece.learner.prediction.fill(Number.NaN);
    piece.take(sample);
    board.push(piece.path.boardAlarm?.active ?? false);
    answers.push(...piece.learner.prediction);
    vi.advanceTimersByTime(10);
    if ((index + 1) % every === 0) restart(index + 1);
  }
  // What is kept in rings begins with its oldest then.
  restart(samples.length);
  keepTold();
  const { createdAt, ...learner } = checkpointOf(piece.learner);
  const { validator, driftWatch } = piece.path.stations;
  return structuredClone({
    ...{ learner, told, board, answers, state: piece.path.state() },
    ...{ faults: validator.report(), skipped: validator.skipped, drifts: driftWatch.drifts },
  });
}

const isLong = process.env["RIVULET_TEST_LONG"] !== undefined;
/** After how many samples a restart comes: more of them in the long suite. */
const everies = isLong ? [...Array(13).keys(), 16, 28, 39].map((i) => i + 1) : [1, 17];

const kinds = { ...longKinds, ...otherKinds };

describe.each(Object.entries(kinds))("with %s", (kind, config) => {
  test("every bit is as without restarts, be they after each sample or after every 50th", {
    timeout: 0,
  }, () => {
    const samples = rows(isLong || kind in longKinds ? 900 : 160);
    const whole = run(config, samples);
    expect(whole.faults.length).toBeGreaterThan(0);
    if (config.includes("alarm: ")) expect(new Set(whole.board)).toEqual(new Set([true, false]));
    expect(new Set(whole.answers).size).toBeGreaterThan(config.includes("target") ? 20 : -1);
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

test("the state of another daemon is refused, and that of an earlier version starts over what it lacks", () => {
  const { path } = pathOf(kinds["an ensemble for numbers"]);
  const state = path.state() as Record<string, never>;
  expect(() => path.restore({ ...state, validator: new Float64Array(3) as never })).toThrow(
    "expected those of 3 fields; restore a matching state",
  );
  path.restore({ taken: 12, labels: null });
  expect(path.taken).toBe(12);
});
