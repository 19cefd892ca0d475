import { availableVariants, type KernelVariant } from "../../src/engine/kernels/kernels.ts";
import { modelFromDescription } from "../../src/engine/model/description.ts";
import type { Model } from "../../src/engine/model/model.ts";
import { createNetwork, type Network, type NetworkOptions } from "../../src/engine/running/network.ts";
import { modelOf, unsupported } from "./model.ts";
import { compareNumbers, type Outcome, type Trace } from "./outcome.ts";

/** Tolerances of float32 storage against the float64 column: those that the description of the format gives. */
const tolerances = {
  out1: 1e-4,
  grads1: 3e-4,
  weights: 1e-4,
  weights100: 5e-4,
  loss: 1e-3,
  evalOut: 1e-3,
  floor: 1e-3,
};
/** The same of our own traces: they are short, so that float32 does not drift far. */
const ownTolerances: typeof tolerances = {
  out1: 5e-6,
  grads1: 2e-5,
  weights: 2e-5,
  weights100: 2e-5,
  loss: 2e-5,
  evalOut: 2e-5,
  floor: 0.1,
};

/** Puts the trace's initial parameters in place. */
export function loadInitial(network: Network, trace: Trace): void {
  network.setParameters(
    trace.params.map(({ name, shape }: Trace, index: number) => ({
      name,
      shape,
      data: Float32Array.from(trace.init[index]),
    })),
  );
}

/** Compares all parameters (or gradients) with a list in the trace's order. */
export function compareTensors(
  what: string,
  tensors: { name: string; data: Float32Array }[],
  trace: Trace,
  expected: number[][],
  tolerance: number,
  floor?: number,
): string | null {
  for (const [index, { name }] of trace.params.entries()) {
    const found = tensors.find((tensor) => tensor.name === name || tensor.name === `${name}.gradient`);
    // Of what is frozen there is no gradient.
    if (!expected[index]) {
      if (found) return `${what} has ${name}, which is frozen`;
      continue;
    }
    if (!found) return `${what} has no ${name}`;
    const difference = compareNumbers(`${what} ${name}`, found.data, expected[index], tolerance, floor);
    if (difference) return difference;
  }
  return null;
}

/** One golden-trace/1: a training run, on every build of the kernels that runs here. */
export function runTrace(trace: Trace): Outcome {
  const missing = unsupported(trace);
  if (missing) return { skipped: missing };
  return onEveryVariant((kernels) => runOn(kernels, trace, modelOf(trace), tolerances));
}

/** One rivulet-trace/1, likewise: its model is written as in a config. */
export function runOwnTrace(trace: Trace): Outcome {
  return onEveryVariant((kernels) => runOwnTraceOn(kernels, trace));
}

/** One rivulet-trace/1 on one build of the kernels: null, or a sentence that says where it differs. */
export function runOwnTraceOn(kernels: KernelVariant, trace: Trace): string | null {
  return runOn(kernels, trace, modelFromDescription(trace.model), ownTolerances);
}

function onEveryVariant(run: (kernels: KernelVariant) => string | null): Outcome {
  for (const kernels of availableVariants()) {
    const difference = run(kernels);
    if (difference) return `on ${kernels} kernels, ${difference}`;
  }
  return null;
}

/** Puts a batch in place: samples, targets, their weights and the masks of every dropout layer. Gives its rows. */
function loadBatch(network: Network, trace: Trace, batch: number): number {
  network.input.set(trace.x[batch]);
  network.target.set(trace.y[batch]);
  if (trace.sampleWeights) network.sampleWeight.set(trace.sampleWeights[batch]);
  for (const [layer, masks] of Object.entries<number[][]>(trace.masks ?? {})) {
    network.mask(layer).set(masks[batch]);
  }
  return trace.x[batch].length / network.inputs;
}

/** Compares the running statistics with a trace's buffers: by name, or in a list of { name, data }. */
function compareStates(
  network: Network,
  buffers: Trace,
  when: string,
  tolerance: number,
  floor: number,
): string | null {
  const states = network.states();
  for (const [name, values] of Object.entries<number[]>(buffers)) {
    const found = states.find((state) => state.name === name);
    if (!found) return `the network keeps no ${name}`;
    const difference = compareNumbers(`${name} ${when}`, found.data, values, tolerance, floor);
    if (difference) return difference;
  }
  return null;
}

function runOn(
  kernels: KernelVariant,
  trace: Trace,
  model: Model,
  tolerance: typeof tolerances,
): string | null {
  const expected = trace.f64;
  const { floor } = tolerance;
  const inputs = model.inputShape.reduce((product, length) => product * length, 1);
  const batchSize = Math.max(...trace.x.map((batch: number[]) => batch.length)) / inputs;
  // Clipping works on the gradients in place: what the trace wants is what was there before.
  const options = { batchSize, givenMasks: true, kernels };
  const network = createNetwork(model, options);
  const unclipped = createNetwork({ ...model, clip: null }, options);
  loadInitial(network, trace);
  loadInitial(unclipped, trace);

  for (let step = 0; step < trace.steps; step++) {
    const batch = step % trace.x.length;
    const rows = loadBatch(network, trace, batch);
    if (step === 0) {
      unclipped.step(loadBatch(unclipped, trace, 0));
      const output = unclipped.output.subarray(0, rows * unclipped.outputs);
      const difference =
        compareNumbers("out1", output, expected.out1, tolerance.out1, floor) ??
        compareTensors("grads1", unclipped.gradients(), trace, expected.grads1, tolerance.grads1, floor);
      if (difference) return difference;
    }
    const rate = network.currentLearningRate;
    if (!network.step(rows)) return `step ${step} was refused as not finite`;
    const when = `after ${step + 1} steps`;
    const far = step + 1 > 10 ? tolerance.weights100 : tolerance.weights;
    const { loss, gradNorm, learningRate, weights, buffers } = expected;
    const difference =
      compareNumbers(`loss of step ${step}`, [network.loss], [loss[step]], tolerance.loss, floor) ??
      (gradNorm &&
        compareNumbers(
          `gradient norm of step ${step}`,
          [network.gradientNorm],
          [gradNorm[step]],
          tolerance.loss,
          floor,
        )) ??
      (learningRate && compareNumbers(`learning rate of step ${step}`, [rate], [learningRate[step]], 1e-7)) ??
      (weights[step + 1] &&
        compareTensors(when, network.parameters(), trace, weights[step + 1], far, floor)) ??
      (buffers?.[step + 1] && compareStates(network, buffers[step + 1], when, far, floor));
    if (difference) return difference;
  }
  const rows = loadBatch(network, trace, 0);
  network.infer(rows);
  const output = network.output.subarray(0, rows * network.outputs);
  return (
    compareNumbers("evalOut", output, expected.evalOut, tolerance.evalOut, floor) ??
    compareLessMemory(network, trace, options)
  );
}

/** Updates in place and recomputed activations must lead to the weights of `network`, bit for bit. */
function compareLessMemory(network: Network, trace: Trace, options: NetworkOptions): string | null {
  const { model } = network;
  for (const recompute of [false, true]) {
    const frugal = createNetwork(model, { ...options, accumulate: model.clip?.type === "norm", recompute });
    loadInitial(frugal, trace);
    for (let step = 0; step < trace.steps; step++) {
      frugal.step(loadBatch(frugal, trace, step % trace.x.length));
    }
    const expected = network.parameters().map(({ data }) => [...data]);
    const what = recompute ? "with recomputed activations" : "updated in place";
    const difference = compareTensors(what, frugal.parameters(), trace, expected, 0);
    if (difference) return difference;
  }
  return null;
}
