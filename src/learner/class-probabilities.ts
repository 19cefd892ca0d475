/** Reads a classifying network's output as probabilities, whatever the loss takes it for. */

import { lossKindOf } from "../engine/losses/index.ts";
import type { Reading } from "../engine/losses/loss.ts";
import { takeExponential } from "../engine/model/exponential.ts";
import type { Loss } from "../engine/model/model.ts";
import type { Network } from "../engine/running/network.ts";

/** How the predictions of a network that is trained on `loss` stand for classes; null where it predicts a number. */
export function readingOf(loss: Loss): Reading | null {
  const kind = lossKindOf(loss);
  return kind.target === "numbers" ? null : kind.reading(loss);
}

/**
 * Writes the probabilities of the classes in the network's last prediction, its first row, to `out` [classes].
 * Returns false where one of them is not finite. Allocates nothing.
 */
export function readProbabilities(network: Network, reading: Reading, out: Float64Array): boolean {
  const answer = network.prediction;
  switch (reading) {
    case "probabilities":
      for (let c = 0; c < out.length; c++) out[c] = answer[c];
      break;
    case "log-probabilities":
      for (let c = 0; c < out.length; c++) {
        out[c] = answer[c];
        takeExponential(out, c);
      }
      break;
    case "logit":
      // The sigmoid of z and of -z, not 1 minus a probability: 1 minus a float32 near 1 would leave no digits.
      out[0] = network.output[0];
      out[1] = -network.output[0];
      for (let c = 0; c < 2; c++) {
        takeExponential(out, c);
        out[c] = 1 / (1 + out[c]);
      }
      break;
    case "probability":
      out[0] = 1 - answer[0];
      out[1] = answer[0];
      break;
  }
  let sum = 0;
  for (let c = 0; c < out.length; c++) sum += out[c];
  return Number.isFinite(sum);
}

/** The place of the largest probability, the first of several. Allocates nothing. */
export function mostProbable(probabilities: Float64Array): number {
  let best = 0;
  for (let c = 1; c < probabilities.length; c++) {
    if (probabilities[c] > probabilities[best]) best = c;
  }
  return best;
}
