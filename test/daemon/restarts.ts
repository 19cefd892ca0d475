/** Devices that restart: of each kind of learner, feature and output, with what happens to them from outside. */
import { vi } from "vitest";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/checkpoint/format.ts";
import { type Config, parseConfig } from "../../src/config/config.ts";
import { checkpointOf } from "../../src/continuing/learner-checkpoint.ts";
import { modelOf, readModel } from "../../src/continuing/model-file.ts";
import { resume } from "../../src/continuing/resume.ts";
import { Outputs } from "../../src/daemon/outputs/outputs.ts";
import type { PredictionOutput } from "../../src/daemon/outputs/prediction.ts";
import { createAlarm } from "../../src/device/alarm.ts";
import { createRandom } from "../../src/engine/model/random.ts";
import { hasEffort } from "../../src/learner/effort.ts";
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

const past = "{ lags: { of: [a, b], at: [1, 2, 3] } }, standardize";
const low = "training: { effort: low }\n";

/** Those that are run for long enough to know drifts, and what is normal, in the short suite too. */
export const longKinds: Record<string, string> = {
  "an ensemble for classes": `${ofClass}${classes}gpio: { alarm: { pin: 5, class: 2 } }\n`,
  "an ensemble for numbers": `${ofError}${numbers}gpio: { alarm: 5 }\n`,
  "a network for classes": `${ofClass}${classes}model: {}\ngpio: { alarm: { pin: 5, of: drift } }\n`,
  "a network for numbers": `${ofError}${numbers}model: {}\ngpio: { alarm: 5 }\n`,
};
export const otherKinds: Record<string, string> = {
  "windows of two sizes, a relation and lags before an ensemble": `${rated}${classes}${pastOf("label")}`,
  "windows, a relation and lags before a network": `${rated}${numbers}model: {}\n${pastOf("label")}`,
  "indicators, differences and a profile before an ensemble": `${absent}${numbers}features: [{ differences: { of: [b], at: [1, 4] } }, { profile: { of: [label], by: hourOfDay } }, standardize]\n`,
  "a forecast": `${rated}target: { forecast: b, horizon: 5, interval: 0.9 }\n`,
  "a forecast with features of its own": `${rated}${low}target: { forecast: b, horizon: 2 }\nfeatures: [{ lags: { of: [a, b], at: [1, 2] } }, standardize]\n`,
  "anomalies of windows without a target": `${rated}features: [{ window: { of: [a, b], size: 8, every: 4, take: [logSd, mean] } }, { relation: { of: [a_mean], given: [b_mean] } }]\nanomaly: { alarmsPerWeek: 100 }\n`,
  "anomalies beside an ensemble with late labels": `${rated}${low}${classes}anomaly: { alarmsPerWeek: 100 }\nlabels: { keep: 1h, samples: 16 }\n`,
  "late labels of windows": `${rated}${low}${classes}labels: { keep: 1h, samples: 16 }\nfeatures: [{ window: { of: [a, b], size: 8, every: 4, take: [mean, max] } }, standardize]\n`,
  "an ensemble with a guest for classes": `${unanswered}${classes}${models}labels: { keep: 1h, samples: 16 }\n`,
  "an ensemble with a guest for numbers": `${unanswered}${numbers}${models}`,
  "two networks side by side": `${unanswered}${numbers}model: { layers: [{ dense: 6 }, batchNorm, { dropout: 0.1 }, tanh], optimizer: { rmsprop: { centered: true, momentum: 0.5 } }, schedule: { plateau: { window: 9, patience: 1 } }, clip: { norm: 1 } }\ntraining: { batchSize: 3 }\n${models}`,
};
/** Those that differ from others in one part, which needs no more than a run from the middle of a stream. */
export const partKinds: Record<string, string> = {
  "an ensemble that learns with less effort from a sample on": `${unanswered}${classes}`,
  "an ensemble of rare classes with names": `${ofClass.replace("class: 1", "class: middle")}target: { column: label, classes: [low, middle, high] }\ntraining: { balance: true, replay: { balance: classes } }\npredictions: { stdout: true }\n`,
  "an ensemble with layers of its own": `${unanswered}${numbers}model: { ensemble: true, layers: [{ dense: 6 }, relu] }\n`,
  "a recurrent network over a series": `${unanswered}${numbers}features: [${past}]\nmodel: { inputShape: [4, 2], layers: [{ gru: { hidden: 3, carry: true } }, { dense: 4 }, layerNorm, elu], loss: logCosh, optimizer: radam }\n`,
  "a convolution over a series that is trained in parts of a batch": `${unanswered}${classes}features: [${past}]\nmodel: { inputShape: [2, 4], layers: [{ conv1d: { outputs: 3, kernel: 2 } }, tanh, flatten, dense], optimizer: adamW, schedule: { cosine: { updates: 90 } } }\ntraining: { batchSize: 6 }\nmemory: { batch: 2, recompute: true }\n`,
  "sequences by a column": `${rated}${numbers}model: {}\nsequence: { by: b }\nfeatures: [{ window: { of: [a], size: 4, every: 2, take: [mean, rms, crest] } }, { lags: { of: [a_mean], at: [1] } }, standardize]\n`,
  "sequences by time, of which each is a row": `${rated}${low}${numbers}sequence: { gap: 50ms }\nfeatures: [{ window: { of: [a, b], size: 16, every: sequence, take: [mean, sd, crossings] } }, standardize]\n`,
  "windows by time": `${rated}${low}${classes}features: [{ window: { of: [a, b], size: 16, every: 70ms, take: [min, logRms, envelope] } }, clock: [hourOfDay], standardize]\n`,
  "missing values in a forecast": `${absent}${low}target: { forecast: b, horizon: 3 }\n`,
  "anomalies of single samples": `${rated}anomaly: { alarmsPerWeek: 100, coolDown: 100ms, memory: 1d }\npredictions: { stdout: true }\n`,
  "an alarm of anomalies": `${rated}${low}${numbers}anomaly: { alarmsPerWeek: 100 }\npredictions: { stdout: true, alarm: { of: anomaly, atLeast: 1ms } }\n`,
  "an alarm of drift with late labels": `${rated}${low}${classes}labels: { keep: 1h, samples: 32 }\npredictions: { stdout: true, alarm: { of: drift, atLeast: 1ms } }\n`,
};

/** Rows with values out of range, missing ones, ones that stick, missing labels, and a relation that ends. */
export function rows(count: number): Float64Array[] {
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

/** A clock that stands at the time of the first sample, and shows the same wall time in each run. */
export const clock = { now: () => 0, systemAhead: () => 1_760_000_000_000 };

const configs = new Map<string, Config>();

/** The config of a kind, which is read once. */
function configOf(kind: string): Config {
  const text = kinds[kind];
  const known = configs.get(text) ?? parseConfig(text, "c.yaml");
  configs.set(text, known);
  return known;
}

export const kinds: Record<string, string> = { ...longKinds, ...otherKinds, ...partKinds };

/** The model that another device has learned, where the config takes one. */
function learnedElsewhere(kind: string) {
  if (!kinds[kind].includes("models:")) return null;
  const { learner, take } = pathOf(configOf(kind), [], clock);
  for (const row of rows(300)) take(row);
  const { bytes } = modelOf(
    decodeCheckpoint(Buffer.concat(encodeCheckpoint(checkpointOf(learner))), "other"),
  );
  return { model: readModel(bytes, "other").model, version: 1, digest: "0", bytes };
}

const learnedModels = new Map<string, ReturnType<typeof learnedElsewhere>>();

function modelFor(kind: string) {
  if (!learnedModels.has(kind)) learnedModels.set(kind, learnedElsewhere(kind));
  return learnedModels.get(kind) ?? null;
}

/** Part of a run: from a start, or from a checkpoint, to the next restart. The clock of the alarms is vi's. */
export class Life {
  /** What was said since the start: events, states of the alarms, answers and predictions that went out. */
  readonly told: unknown[] = [];
  readonly #kind: string;
  readonly #piece: ReturnType<typeof pathOf>;

  /**
   * @param bytes the checkpoint of the life before
   * @param taken how many samples the lives before have taken
   */
  constructor(kind: string, bytes: Uint8Array | null = null, taken = 0) {
    this.#kind = kind;
    this.#piece = pathOf(configOf(kind), [], clock, taken);
    if (bytes !== null) this.resume(bytes);
    this.#openAlarms();
    // An alarm that is on again is said again, to the device too.
    this.#piece.entries.splice(0);
    vi.advanceTimersByTime(10);
  }

  /** Goes on from a checkpoint instead. */
  resume(bytes: Uint8Array): void {
    const { path, learner } = this.#piece;
    const checkpoint = decodeCheckpoint(bytes, "memory");
    resume(learner, checkpoint, "memory");
    path.restore(checkpoint.daemonState ?? null);
    const { learnerWatch, anomalyWatch, modelIntake } = path.stations;
    learnerWatch.begin();
    anomalyWatch?.begin();
    modelIntake?.begin();
  }

  #openAlarms(): void {
    const { path, learner, log } = this.#piece;
    path.boardAlarm = createAlarm({ on: 0.6, off: 0.2, atLeastMs: 1 }, () => {});
    const { predictions } = configOf(this.#kind);
    if (predictions === null) return;
    const output: PredictionOutput = {
      ...{ name: "test", isActive: true, sent: 0, dropped: 0 },
      send: (_record, line) => void this.told.push(line),
      close: () => {},
    };
    const { scores, anomalyWatch } = path.stations;
    path.outputs = new Outputs([output], predictions.alarm, learner, scores, anomalyWatch, log);
  }

  /** Takes the sample with this index of a stream, after what happens from outside before it. */
  take(index: number, sample: Float64Array): void {
    const { path, learner, take, entries } = this.#piece;
    this.#meddle(index);
    // Where none is given, that of before is no answer.
    learner.prediction.fill(Number.NaN);
    take(sample);
    this.told.push(path.boardAlarm?.active, ...learner.prediction);
    vi.advanceTimersByTime(10);
    this.told.push(...entries.splice(0).map(({ event, text }) => `${event}: ${text}`));
  }

  /** A model, late labels, what is normal, a pause, less effort. */
  #meddle(index: number): void {
    const { path, learner } = this.#piece;
    const model = index === 9 ? modelFor(this.#kind) : null;
    if (model !== null) path.takeModel(model);
    const { lateLabels, anomalyWatch } = path.stations;
    const label = { label: (index % 3) as number, id: `${index}` };
    if (index % 5 === 4 && !path.isPaused)
      lateLabels?.post(JSON.stringify({ sequence: index - 1, ...label }));
    if (index % 8 === 7) lateLabels?.flush();
    if (anomalyWatch?.isOpen && index % 50 === 0) path.takeAsNormal();
    if (index % 120 === 30) path.isPaused = true;
    if (index % 120 === 34) path.isPaused = false;
    if (this.#kind.includes("less effort") && hasEffort(learner) && index === 480) path.setEffort("normal");
    if (this.#kind.includes("less effort") && hasEffort(learner) && index === 500) path.setEffort("low");
  }

  /** The checkpoint of this moment: all that the next life knows. */
  save(): Uint8Array {
    const daemonState = this.#piece.path.state();
    const checkpoint = { ...checkpointOf(this.#piece.learner), createdAt: "2026-01-01T00:00:00.000Z" };
    return Buffer.concat(encodeCheckpoint({ ...checkpoint, daemonState }));
  }

  /** Counts that are shown. */
  report() {
    const { validator, driftWatch } = this.#piece.path.stations;
    return { faults: validator.report(), skipped: validator.skipped, drifts: driftWatch.drifts };
  }

  end(): void {
    this.#piece.path.boardAlarm?.close();
    this.#piece.path.outputs?.alarm?.close();
  }
}

/** What lives do with their samples, each `every` samples long, and what the last one remembers. */
export function run(kind: string, samples: readonly Float64Array[], every = Number.POSITIVE_INFINITY) {
  let life = new Life(kind);
  const told: unknown[] = [];
  const restart = (taken: number) => {
    const bytes = life.save();
    life.end();
    told.push(...life.told);
    life = new Life(kind, bytes, taken);
  };
  for (const [index, sample] of samples.entries()) {
    life.take(index, sample);
    if ((index + 1) % every === 0) restart(index + 1);
  }
  // What is kept in rings begins with its oldest then.
  restart(samples.length);
  life.end();
  return structuredClone({ told, checkpoint: decodeCheckpoint(life.save(), "memory"), ...life.report() });
}
