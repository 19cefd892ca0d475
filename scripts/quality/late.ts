/** What labels that come late or rarely cost, and that last labels harm nothing then. */
import { spreadOf } from "../../src/commands/bench/timing.ts";
import { createEnsemble } from "../../src/learner/ensemble.ts";
import { HeldSamples } from "../../src/learner/held-samples.ts";
import { Random } from "../fuzz/random.ts";
import { readStreams, type Stream, taskOf } from "./streams.ts";

/** The threshold of the rule was chosen with all of these but har-windows in view: they are no proof of it. */
const names = ["occupancy", "elec2", "digits8x8", "iris", "phishing", "image-segments", "har-windows"];
const mostRows = 6000;
const cases = [{ delay: 1 }, { delay: 10 }, { delay: 100 }, { delay: 1000 }, { share: 0.01 }];
const seeds = [1, 2, 3];
/** The loss may be this part higher than without last labels. */
const allowed = 0.01;

/** Mean log loss of one pass in which labels come `delay` rows late, or only this share of them at all. */
function lossOf(stream: Stream, seed: number, without: string[], { delay = 0, share = 1 }): number {
  const { features, values } = stream;
  const rows = Math.min(stream.rows, mostRows);
  const ensemble = createEnsemble({ ...taskOf(stream), seed, without });
  const held = new HeldSamples(ensemble.heldSizes, delay + 1);
  const random = new Random(7);
  const width = features + 1;
  const row = new Float64Array(width);
  let loss = 0;
  for (let at = 0; at < rows; at++) {
    row.set(values.subarray(at * width, (at + 1) * width));
    const truth = row[features];
    if (delay > 0 || random.below(10_000) >= 10_000 * share) row[features] = Number.NaN;
    ensemble.observe(row, 0);
    loss -= Math.log(Math.max(ensemble.prediction[truth], 1e-9));
    if (delay === 0) continue;
    ensemble.hold(held, held.add(at, 0));
    const slot = held.find(at - delay);
    if (slot >= 0) ensemble.learnHeld(held, slot, values, (at - delay) * width + features);
  }
  return loss / rows;
}

const median = (losses: number[]) => spreadOf(losses).median;

/** Runs the ensemble with late and rare labels, prints the table, and returns how many cases lose more than is allowed. */
export function judgeLateLabels(directory: string): number {
  console.log("stream           labels      log loss  without last labels  ratio");
  let missed = 0;
  for (const stream of readStreams(directory)) {
    if (!names.includes(stream.name)) continue;
    for (const each of cases) {
      if ((each.delay ?? 0) >= Math.min(stream.rows, mostRows) / 2) continue;
      const loss = median(seeds.map((seed) => lossOf(stream, seed, [], each)));
      const without = median(seeds.map((seed) => lossOf(stream, seed, ["label-transitions"], each)));
      const isReached = loss <= (1 + allowed) * without;
      if (!isReached) missed++;
      const what = each.delay === undefined ? `${100 * (each.share ?? 1)} %` : `${each.delay} late`;
      console.log(
        `${stream.name.padEnd(16)} ${what.padEnd(11)} ${loss.toFixed(4).padEnd(9)} ${without.toFixed(4).padEnd(20)} ${(loss / without).toFixed(4)}${isReached ? "" : "  MISSED"}`,
      );
    }
  }
  return missed;
}
