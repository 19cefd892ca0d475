/**
 * Trains three networks for 1,000 steps with `deterministic: true`, then ensembles for classes and for numbers on 2,000
 * rows, each followed by one that takes in its model from outside, and a detector of anomalies on 6,000. Prints as JSON
 * the SHA-256 of the networks' weights, of all that ensembles and detector answered and hold, and of what each expert scored.
 * Plain JavaScript over the built library: it runs on any Node, also one that is emulated.
 */
import { createHash } from "node:crypto";
import {
  adam,
  batchNorm,
  conv1d,
  createAnomalyDetector,
  createEnsemble,
  createNetwork,
  createRandom,
  dense,
  dropout,
  globalAveragePool,
  gru,
  layerNorm,
  maxPool1d,
  momentum,
  mse,
  relu,
  sigmoid,
  softmaxCrossEntropy,
  tanh,
} from "../../dist/index.js";

const steps = 1000;
const classes = 3;

const models = {
  dense: {
    inputShape: [13],
    layers: [dense(17), tanh(), dropout(0.2), dense(9), layerNorm(), sigmoid(), dense(classes)],
    loss: softmaxCrossEntropy(),
    optimizer: adam({ learningRate: 0.005 }),
    clip: { type: "norm", maximum: 1 },
  },
  conv1d: {
    inputShape: [3, 21],
    layers: [
      conv1d(5, 3, { padding: 1 }),
      batchNorm(),
      relu(),
      maxPool1d(2),
      conv1d(7, 3, { stride: 2, groups: 1 }),
      relu(),
      globalAveragePool(),
      dense(classes),
    ],
    loss: softmaxCrossEntropy(),
    optimizer: adam({ learningRate: 0.005 }),
  },
  gru: {
    inputShape: [7, 3],
    layers: [gru(6, { carry: true }), dense(1)],
    loss: mse(),
    optimizer: momentum({ learningRate: 0.01 }),
    clip: { type: "value", maximum: 0.5 },
  },
};

/** Digits that depend on the samples in a way that can be learned, with noise. */
function fill(network, random) {
  const { input, target, inputs } = network;
  for (let i = 0; i < input.length; i++) input[i] = 2 * random.uniform() - 1;
  for (let row = 0; row < network.batchSize; row++) {
    const sum = input[row * inputs] + input[row * inputs + 1] * input[row * inputs + 2];
    const noisy = sum + 0.2 * random.uniform();
    target[row] = network.outputs === 1 ? noisy : noisy < -0.3 ? 0 : noisy < 0.4 ? 1 : 2;
  }
}

const hashes = {};
let kernels;
for (const [name, model] of Object.entries(models)) {
  const network = createNetwork(model, { batchSize: name === "gru" ? 1 : 5, seed: 7, deterministic: true });
  const random = createRandom(3);
  for (let step = 0; step < steps; step++) {
    fill(network, random);
    if (!network.step()) throw new Error(`step ${step} of ${name} was not finite`);
  }
  if (network.updates !== steps) throw new Error(`${name} made ${network.updates} updates, not ${steps}`);
  const hash = createHash("sha256");
  for (const { data } of [...network.parameters(), ...network.states()]) hash.update(data);
  hashes[name] = hash.digest("hex");
  kernels = network.kernels;
}
const rows = 2000;
/** Rows of an ensemble with a model from outside. */
const guestRows = 800;
const fields = ["steady", "constant", "rare", "wide", "target"];

/** A row of four features, two of which are constant most of the time, a glitch now and then, and a target. */
function fillRow(row, index, ofClasses, random) {
  row[0] = random.uniform() - 0.5;
  row[1] = index < 1200 ? 21.5 : 21.5 + random.uniform();
  row[2] = random.below(50) === 0 ? 1 : 0;
  row[3] = random.below(200) === 0 ? 1e30 : 1013 + 40 * (random.uniform() - 0.5) * random.uniform();
  // In the second half the target means something else, so that there is an alarm of drift.
  const sum = (index < 1000 ? 4 : -4) * row[0] + (row[2] + random.uniform()) / 2 + (row[3] > 1020 ? 1 : 0);
  // The fourth class is never seen.
  row[4] = ofClasses ? (sum < -1 ? 0 : sum < 1 ? 1 : 2) : 100 + sum;
}

const smallestNormal = 2 ** -126;

/**
 * Every array and number of a state, in order. Subnormal float32 count as 0, as the vectors of 32-bit ARM take them:
 * optimizers hold such numbers of weights that get no gradient, until they are cleared every 256 updates.
 */
function hashState(hash, state) {
  if (state instanceof Float32Array) {
    hash.update(state.map((number) => (Math.abs(number) < smallestNormal ? 0 : number)));
  } else if (ArrayBuffer.isView(state)) hash.update(state);
  else if (typeof state === "number") hash.update(Float64Array.of(state));
  else if (typeof state === "object" && state !== null) {
    for (const part of Object.values(state)) hashState(hash, part);
  }
}

for (const [name, target] of [
  ["classes", { column: "target", classes: 4 }],
  ["numbers", { column: "target" }],
]) {
  const ensemble = createEnsemble({ fields, target, seed: 7 });
  const random = createRandom(5);
  const row = new Float64Array(fields.length);
  const hash = createHash("sha256");
  for (let index = 0; index < rows; index++) {
    fillRow(row, index, name === "classes", random);
    if (!ensemble.observe(row, 0)) throw new Error(`row ${index} of ${name} was refused`);
    hash.update(ensemble.prediction).update(Float64Array.of(ensemble.lower, ensemble.upper));
  }
  const report = ensemble.report();
  if (report.drift.alarms === 0) throw new Error(`${name} raised no alarm of drift`);
  hashState(hash, ensemble.state());
  hashes[name] = hash.digest("hex");
  for (const { name: expert, loss, weight } of report.experts) {
    hashes[`${name}/${expert}`] = createHash("sha256").update(Float64Array.of(loss, weight)).digest("hex");
  }
  hashes[`${name}/scores`] = createHash("sha256").update(JSON.stringify(report)).digest("hex");
  hashes[`${name}/guest`] = hashGuest(ensemble.outgoing(), { fields, target, seed: 8 });
}

/** What an ensemble answers and holds that takes in the model of another one after some rows. */
function hashGuest(model, options) {
  const host = createEnsemble({ ...options, guest: true });
  const random = createRandom(6);
  const row = new Float64Array(fields.length);
  const hash = createHash("sha256");
  for (let index = 0; index < guestRows; index++) {
    if (index === guestRows / 4) host.takeIn(model);
    // The second half of the rows that the model has learned from.
    fillRow(row, index + rows / 2, host.classes > 0, random);
    host.observe(row, 0);
    hash.update(host.prediction);
  }
  const guest = host.report().experts.find((expert) => expert.name === "guest");
  if (!(guest?.weight > 0)) throw new Error("the model from outside had no weight in the answers");
  hashState(hash, host.state());
  return hash.update(Float64Array.of(guest.loss, guest.weight)).digest("hex");
}

/** A row each five minutes of three columns with all that happens to them: a course, gaps, cells, a lasting change. */
function fillWatched(row, index, random) {
  const bump = (index % 288) / 144 - 1;
  row[0] = 20 + 4 * bump * bump + random.uniform() + (index >= 4500 ? 40 : 0);
  row[1] = index % 97 === 5 ? Number.NaN : random.below(5);
  row[2] = index === 3000 ? 1e30 : 0.9 * row[2] + random.uniform() - 0.5;
  if (index === 3001) row[2] = 0;
}

const detector = createAnomalyDetector({ columns: ["course", "count", "walk"], alarmsPerWeek: 2 });
{
  const random = createRandom(9);
  const row = new Float64Array(3);
  const time = new Float64Array(1);
  const hash = createHash("sha256");
  for (let index = 0; index < 6000; index++) {
    fillWatched(row, index, random);
    time[0] = 300_000 * index;
    detector.observe(row, 0, time, 0);
    hash.update(Float64Array.of(detector.evidence, detector.threshold, detector.alarms));
  }
  if (detector.alarms < 2) throw new Error(`the detector told ${detector.alarms} anomalies of two`);
  hash.update(JSON.stringify([detector.finding(), detector.outcome()]));
  hashState(hash, detector.state());
  hashes["anomalies"] = hash.digest("hex");
}
console.log(JSON.stringify({ node: process.version, arch: process.arch, kernels, hashes }));
