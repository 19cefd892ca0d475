/** What a model from another device is worth to an ensemble: a good one at a new device, and one trained with shuffled labels. */
import { createEnsemble, type Ensemble } from "../../src/learner/ensemble.ts";
import type { OutsideModel } from "../../src/learner/outside-model.ts";
import type { PrequentialLearner } from "../../src/learner/prequential-learner.ts";
import { Random } from "../fuzz/random.ts";
import { readStreams, type Stream, taskOf } from "./streams.ts";

const mostPublished = 4000;
const mostRows = 2000;
/** With fewer rows the ensemble itself is still at its beginning. */
export const fewestRows = 500;
/** A poisoned model may cost this part of the loss. */
const allowed = 0.06;

/** Rows that a model is trained on before it is published. */
export const publishedRows = ({ rows }: Stream): number => Math.min(mostPublished, rows >> 1);

const createFor = (stream: Stream): Ensemble => createEnsemble({ ...taskOf(stream), guest: true });

/** Losses of the answers to rows `from` to below `to`: nats, or absolute errors. */
export function answered(
  learner: PrequentialLearner,
  { features }: Stream,
  values: Float64Array,
  from: number,
  to: number,
): number[] {
  const width = features + 1;
  return Array.from({ length: to - from }, (_, index) => {
    const at = (from + index) * width;
    learner.observe(values, at);
    const truth = values[at + features];
    return learner.classes > 0
      ? -Math.log(Math.max(learner.prediction[truth], 1e-9))
      : Math.abs(learner.prediction[0] - truth);
  });
}

const mean = (numbers: number[]) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

/** The first rows with their targets in another order. */
export function shuffled({ features, values }: Stream, rows: number, seed = 7): Float64Array {
  const width = features + 1;
  const copy = values.slice(0, rows * width);
  const random = new Random(seed);
  for (let row = rows - 1; row > 0; row--) {
    const [one, other] = [row * width + features, random.below(row + 1) * width + features];
    [copy[one], copy[other]] = [copy[other], copy[one]];
  }
  return copy;
}

/**
 * Lets one device learn the first part of each stream and another the second, and prints the table.
 * @returns how many poisoned models cost too much
 */
export function judgeModels(directory: string): number {
  console.log("stream           alone     with a model, first 100 rows, all   poisoned");
  let missed = 0;
  for (const stream of readStreams(directory)) {
    const published = publishedRows(stream);
    const end = published + Math.min(mostRows, stream.rows - published);
    if (end - published < fewestRows) continue;
    const costs = (values: Float64Array | null): number[] => {
      const device = createFor(stream);
      if (values !== null) {
        const publisher = createFor(stream);
        answered(publisher, stream, values, 0, published);
        device.takeIn(publisher.outgoing() as OutsideModel);
      }
      return answered(device, stream, stream.values, published, end);
    };
    const [alone, good, poisoned] = [null, stream.values, shuffled(stream, published)].map(costs);
    const change = (numbers: number[], rows: number) =>
      mean(numbers.slice(0, rows)) / mean(alone.slice(0, rows)) - 1;
    const cost = change(poisoned, alone.length);
    const isReached = cost <= allowed;
    if (!isReached) missed++;
    const percent = (share: number) => `${(100 * share).toFixed(1)} %`.padStart(9);
    console.log(
      `${stream.name.padEnd(16)} ${mean(alone).toPrecision(4).padEnd(9)} ${percent(change(good, 100))} ${percent(change(good, alone.length))} ${percent(cost)}${isReached ? "" : "  MISSED"}`,
    );
  }
  return missed;
}
