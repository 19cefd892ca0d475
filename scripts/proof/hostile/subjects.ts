/** Real checkpoints of each kind of learner, and what it takes to use one. */
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../../../src/checkpoint/format.ts";
import {
  type AnyDescription,
  checkpointOf,
  learnerFrom,
} from "../../../src/continuing/learner-checkpoint.ts";
import {
  modelOf,
  publishedDescription,
  readModel,
  requireFitting,
} from "../../../src/continuing/model-file.ts";
import { resume } from "../../../src/continuing/resume.ts";
import { createRandom } from "../../../src/engine/model/random.ts";
import { AnomalyDetector } from "../../../src/learner/anomaly/anomaly-detector.ts";
import { createLearner } from "../../../src/learner/create-learner.ts";
import { Ensemble } from "../../../src/learner/ensemble.ts";
import type { EnsembleOptions } from "../../../src/learner/ensemble-plan.ts";
import type { LearnerOptions } from "../../../src/learner/learner-options.ts";
import type { PrequentialLearner } from "../../../src/learner/prequential-learner.ts";
import type { State } from "../../../src/state.ts";
import { sealed } from "./sealed.ts";

/** What came of using a checkpoint. */
export interface Use {
  /** Whether every answer was a finite number. */
  areFinite: boolean;
  /** Mean loss of the last answers, beside that of a constant. */
  loss: number;
  constantLoss: number;
  /** Whether it says that it is worth saving, some time after the change. */
  isHealthy: boolean;
  /** What would be saved afterwards. */
  saved: Checkpoint;
}

/** A checkpoint, and how it is used. */
export interface Subject {
  name: string;
  checkpoint: Checkpoint;
  /** Continues from it. Throws where it is refused. */
  use(checkpoint: Checkpoint, where: string): Use;
}

const learned = 700;
/** Samples after the change; a network alone may need some hundreds to be brought back to what it was. */
const used = { ensemble: 250, network: 1500 };
/** Of these, the last are scored. */
const scored = 120;
/** A learner that is not healthy is not saved: it gets at most this many more samples to recover. */
const mending = 512;
const columns = 3;

/** Writes row `row` of a stream that is always the same: two features, and a class or a number that follows from them. */
function writeRow(row: number, isOfClasses: boolean, out: Float64Array): void {
  const random = createRandom(1000 + row);
  out[0] = 40 + 10 * random.uniform();
  out[1] = random.uniform() - 0.5;
  const level = (out[0] - 45) / 5 + 2 * out[1];
  out[2] = isOfClasses ? (level > 0.5 ? 2 : level > -0.5 ? 1 : 0) : 20 + 3 * level + 0.1 * random.uniform();
}

function lossOf(learner: PrequentialLearner, target: number): number {
  const { prediction } = learner;
  if (learner.classes === 0) return Math.abs(prediction[0] - target);
  return -Math.log(Math.max(prediction[target], 1e-15));
}

/** Loss of the mean of the stream's numbers, or of equal probabilities. */
const constantLoss = (classes: number) => (classes > 0 ? Math.log(classes) : 3);

function learnerSubject(name: string, options: LearnerOptions): Subject {
  const learner = createLearner(options);
  const isOfClasses = learner.classes > 0;
  const end = learned + (options.model ? used.network : used.ensemble);
  const row = new Float64Array(columns);
  for (let i = 0; i < learned; i++) {
    writeRow(i, isOfClasses, row);
    learner.observe(row, 0);
  }
  const bytes = Buffer.concat(encodeCheckpoint(checkpointOf(learner, "subject")));
  return {
    name,
    checkpoint: decodeCheckpoint(bytes, name),
    use: (checkpoint, where) => useLearner(learnerFrom(checkpoint, where), end),
  };
}

/** Lets a learner go on up to the row `end`. */
function useLearner(learner: PrequentialLearner, end: number): Use {
  const row = new Float64Array(columns);
  let areFinite = true;
  let loss = 0;
  for (let i = learned; i < end; i++) {
    writeRow(i, learner.classes > 0, row);
    learner.observe(row, 0);
    areFinite &&= learner.prediction.every(Number.isFinite);
    if (i >= end - scored) loss += lossOf(learner, row[2]) / scored;
  }
  learner.report();
  for (let i = end; !learner.isHealthy && i < end + mending; i++) {
    writeRow(i, learner.classes > 0, row);
    learner.observe(row, 0);
  }
  const { classes, isHealthy } = learner;
  return { areFinite, loss, constantLoss: constantLoss(classes), isHealthy, saved: checkpointOf(learner) };
}

/** A model that comes from a host: a device takes it in, and what that saves is a learner's. */
function modelSubject(name: string, options: EnsembleOptions): Subject {
  const [publisher, device] = [new Ensemble(options), new Ensemble({ ...options, guest: true })];
  const row = new Float64Array(columns);
  for (let i = 0; i < learned; i++) {
    writeRow(i, publisher.classes > 0, row);
    publisher.observe(row, 0);
    if (i % 2 === 0) device.observe(row, 0);
  }
  const { bytes } = modelOf(checkpointOf(publisher, "publisher"));
  const own = Buffer.concat(encodeCheckpoint(checkpointOf(device, "device")));
  return {
    name,
    checkpoint: decodeCheckpoint(bytes, name),
    use(checkpoint, where) {
      const end = learned + used.ensemble;
      const isModel = (checkpoint.model as { published?: State } | null)?.published !== undefined;
      if (where.startsWith("again") && !isModel) return useLearner(learnerFrom(checkpoint, where), end);
      const { description, model } = readModel(sealed(checkpoint), where);
      const taker = new Ensemble({ ...options, guest: true });
      resume(taker, decodeCheckpoint(own, "device"), "device");
      requireFitting(publishedDescription(taker.describe() as AnyDescription), description, where);
      taker.takeIn(model);
      return useLearner(taker, end);
    },
  };
}

const detectorColumns = ["a", "b"];

/** A detector is part of no checkpoint of its own: its state stands in the place of a learner's. */
function detectorSubject(): Subject {
  const observe = (detector: AnomalyDetector, from: number, to: number) => {
    const row = new Float64Array(columns);
    const time = new Float64Array(1);
    for (let i = from; i < to; i++) {
      writeRow(i, false, row);
      time[0] = 60_000 * i;
      detector.observe(row, 0, time, 0);
    }
  };
  const around = (state: State): Checkpoint => ({
    createdAt: "2026-01-31T12:00:00.000Z",
    model: null,
    features: null,
    target: null,
    optimizer: null,
    training: null,
    step: 0,
    samplesSeen: learned,
    random: null,
    parameters: [],
    optimizerState: [],
    learnerState: state,
    featureState: null,
    metrics: null,
  });
  const detector = new AnomalyDetector({ columns: detectorColumns });
  observe(detector, 0, learned);
  const bytes = Buffer.concat(encodeCheckpoint(around(detector.state())));
  return {
    name: "anomaly detector",
    checkpoint: decodeCheckpoint(bytes, "detector"),
    use(checkpoint) {
      const detector = new AnomalyDetector({ columns: detectorColumns });
      detector.restore(checkpoint.learnerState);
      observe(detector, learned, learned + used.ensemble);
      const areFinite = Number.isFinite(detector.evidence) && Number.isFinite(detector.threshold);
      return { areFinite, loss: 0, constantLoss: 1, isHealthy: true, saved: around(detector.state()) };
    },
  };
}

/**
 * Makes the subjects: ensembles of classes and of a number, single networks of both, an anomaly detector, and
 * models for ensembles. */
export function makeSubjects(): Subject[] {
  const fields = ["a", "b", "t"];
  const classes = { column: "t", classes: 3, names: ["low", "middle", "high"] };
  return [
    learnerSubject("ensemble, classes", { fields, target: classes, training: { effort: "normal" } }),
    learnerSubject("ensemble, a number", {
      fields,
      target: { column: "t" },
      features: ["standardize", { clip: 4 }],
      training: { effort: "normal" },
    }),
    learnerSubject("network, classes", {
      fields,
      target: classes,
      model: { layers: [{ dense: 4 }, "tanh"] },
    }),
    learnerSubject("network, a number", {
      fields,
      target: { column: "t" },
      model: {
        layers: [{ dense: 8 }, "batchNorm", "tanh"],
        optimizer: { adam: { learningRate: 0.01 } },
        schedule: { plateau: { window: 9, patience: 1 } },
        clip: { norm: 1 },
      },
      training: { batchSize: 4 },
    }),
    detectorSubject(),
    modelSubject("model, classes", { fields, target: classes, effort: "normal" }),
    modelSubject("model, a number", { fields, target: { column: "t" }, effort: "normal" }),
  ];
}
