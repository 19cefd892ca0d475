import { availableVariants, type KernelVariant } from "../../src/engine/kernels/kernels.ts";
import { createNetwork } from "../../src/engine/running/network.ts";
import { modelOf } from "./model.ts";
import { compareNumbers, type Outcome, type Trace } from "./outcome.ts";
import { compareTensors, loadInitial } from "./trace.ts";

/** One golden-tbptt/1: truncated back-propagation along an endless stream, on every build of the kernels that runs here. */
export function runTruncated(trace: Trace): Outcome {
  for (const kernels of availableVariants()) {
    const difference = runOn(kernels, trace);
    if (difference) return `on ${kernels} kernels, ${difference}`;
  }
  return null;
}

function runOn(kernels: KernelVariant, trace: Trace): string | null {
  const { chunk, chunks, f64: expected } = trace;
  const inputs = trace.xShape[1];
  const model = modelOf({ ...trace, model: { ...trace.model, inputShape: [chunk, inputs] } });
  for (const layer of model.layers) if (layer.type === "gru") layer.carry = true;
  // Clipping works on the gradients in place: the trace wants them as they were before.
  const networks = [model, { ...model, clip: null }].map((each) => createNetwork(each, { kernels }));
  const [network, unclipped] = networks;
  for (const each of networks) loadInitial(each, trace);

  const targets = network.targets;
  for (let index = 0; index < chunks; index++) {
    const x = trace.x.slice(index * chunk * inputs, (index + 1) * chunk * inputs);
    const y = trace.y.slice(index * targets, (index + 1) * targets);
    if (index === 1) {
      unclipped.restore(network.state() as never);
      unclipped.input.set(x);
      unclipped.target.set(y);
      unclipped.step();
      const difference = compareTensors("grads2", unclipped.gradients(), trace, expected.grads2, 3e-4);
      if (difference) return difference;
    }
    network.input.set(x);
    network.target.set(y);
    if (!network.step()) return `chunk ${index + 1} was refused as not finite`;
    const loss = compareNumbers(`loss of chunk ${index + 1}`, [network.loss], [expected.loss[index]], 1e-3);
    if (loss) return loss;
    const weights = expected.weights[index + 1];
    if (!weights) continue;
    const after = `after ${index + 1} chunks`;
    const tolerance = index + 1 > 10 ? 5e-4 : 1e-4;
    const hidden = network.states()[0].data;
    const difference =
      compareTensors(after, network.parameters(), trace, weights, tolerance) ??
      compareNumbers(`hidden state ${after}`, hidden, expected.hidden[index + 1], tolerance);
    if (difference) return difference;
  }
  return null;
}
