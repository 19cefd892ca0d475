import { availableVariants, type KernelVariant } from "../../src/engine/kernels/kernels.ts";
import { createNetwork, type Network } from "../../src/engine/running/network.ts";
import { modelOf, unsupported } from "./model.ts";
import { compareNumbers, type Outcome, type Trace } from "./outcome.ts";

/** Tolerances of float32 storage against the float64 column. */
const tolerances = { out1: 1e-4, grads1: 3e-4, weights: 1e-4, weights100: 5e-4, loss: 1e-3, evalOut: 1e-3 };

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
): string | null {
  for (const [index, { name }] of trace.params.entries()) {
    const found = tensors.find((tensor) => tensor.name === name || tensor.name === `${name}.gradient`);
    if (!found) return `${what} has no ${name}`;
    const difference = compareNumbers(`${what} ${name}`, found.data, expected[index], tolerance);
    if (difference) return difference;
  }
  return null;
}

/** One golden-trace/1: a training run, on every build of the kernels that runs here. */
export function runTrace(trace: Trace): Outcome {
  const missing = unsupported(trace);
  if (missing) return { skipped: missing };
  for (const kernels of availableVariants()) {
    const difference = runOn(kernels, trace);
    if (difference) return `on ${kernels} kernels, ${difference}`;
  }
  return null;
}

/** Puts a batch in place: samples, targets, and the masks of every dropout layer. */
function loadBatch(network: Network, trace: Trace, batch: number): void {
  network.input.set(trace.x[batch]);
  network.target.set(trace.y[batch]);
  for (const [layer, masks] of Object.entries<number[][]>(trace.masks ?? {})) {
    network.mask(layer).set(masks[batch]);
  }
}

/** Compares the running statistics with a trace's buffers: by name, or in a list of { name, data }. */
function compareStates(network: Network, buffers: Trace, when: string, tolerance: number): string | null {
  const states = network.states();
  for (const [name, values] of Object.entries<number[]>(buffers)) {
    const found = states.find((state) => state.name === name);
    if (!found) return `the network keeps no ${name}`;
    const difference = compareNumbers(`${name} ${when}`, found.data, values, tolerance);
    if (difference) return difference;
  }
  return null;
}

function runOn(kernels: KernelVariant, trace: Trace): string | null {
  const expected = trace.f64;
  // Clipping works on the gradients in place: what the trace wants is what was there before.
  const options = { batchSize: trace.xShape[0], givenMasks: true, kernels };
  const network = createNetwork(modelOf(trace), options);
  const unclipped = createNetwork(modelOf({ ...trace, clip: null }), options);
  loadInitial(network, trace);
  loadInitial(unclipped, trace);

  for (let step = 0; step < trace.steps; step++) {
    const batch = step % trace.x.length;
    loadBatch(network, trace, batch);
    if (step === 0) {
      loadBatch(unclipped, trace, 0);
      unclipped.step();
      const difference =
        compareNumbers("out1", unclipped.output, expected.out1, tolerances.out1) ??
        compareTensors("grads1", unclipped.gradients(), trace, expected.grads1, tolerances.grads1);
      if (difference) return difference;
    }
    if (!network.step()) return `step ${step} was refused as not finite`;
    const loss = compareNumbers(
      `loss of step ${step}`,
      [network.loss],
      [expected.loss[step]],
      tolerances.loss,
    );
    if (loss) return loss;
    if (expected.gradNorm) {
      const norm = compareNumbers(
        `gradient norm of step ${step}`,
        [network.gradientNorm],
        [expected.gradNorm[step]],
        tolerances.loss,
      );
      if (norm) return norm;
    }
    const weights = expected.weights[step + 1];
    if (weights) {
      const tolerance = step + 1 > 10 ? tolerances.weights100 : tolerances.weights;
      const what = `after ${step + 1} steps`;
      const difference = compareTensors(what, network.parameters(), trace, weights, tolerance);
      if (difference) return difference;
    }
    const buffers = expected.buffers?.[step + 1];
    if (buffers) {
      const tolerance = step + 1 > 10 ? tolerances.weights100 : tolerances.weights;
      const difference = compareStates(network, buffers, `after ${step + 1} steps`, tolerance);
      if (difference) return difference;
    }
  }
  network.input.set(trace.x[0]);
  network.infer();
  return (
    compareNumbers("evalOut", network.output, expected.evalOut, tolerances.evalOut) ??
    compareLessMemory(network, trace, kernels)
  );
}

/** Updates in place and recomputed activations must lead to the weights of `network`, bit for bit. */
function compareLessMemory(network: Network, trace: Trace, kernels: KernelVariant): string | null {
  const model = modelOf(trace);
  for (const recompute of [false, true]) {
    const gather = model.clip?.type === "norm";
    const options = { batchSize: trace.xShape[0], givenMasks: true, kernels, gather, recompute };
    const frugal = createNetwork(model, options);
    loadInitial(frugal, trace);
    for (let step = 0; step < trace.steps; step++) {
      const batch = step % trace.x.length;
      loadBatch(frugal, trace, batch);
      frugal.step();
    }
    const expected = network.parameters().map(({ data }) => [...data]);
    const what = recompute ? "with recomputed activations" : "updated in place";
    const difference = compareTensors(what, frugal.parameters(), trace, expected, 0);
    if (difference) return difference;
  }
  return null;
}
