/** What a sample costs an ensemble on this machine, at each effort. */
import { createRandom } from "../../engine/model/random.ts";
import { type Effort, efforts, replayAt } from "../../learner/effort.ts";
import { createEnsemble } from "../../learner/ensemble.ts";
import { type EnsembleOptions, planEnsemble } from "../../learner/ensemble-plan.ts";

/** The bytes of an ensemble at an effort, and what a sample costs it here. */
export interface EffortCost {
  effort: Effort;
  totalBytes: number;
  microsecondsPerSample: number;
  samplesPerSecond: number;
}

/** Time of measuring at one effort, and the longest before it, in which the rings fill and the code is compiled. */
const measuredMs = 200;
const longestWarmUpMs = 300;
const fewestSamples = 200;
/** Samples between two readings of the clock. */
const stretch = 32;

/** Measures each effort on random samples, one effort after the other: about a second in all. */
export function measureEfforts(options: EnsembleOptions): EffortCost[] {
  return efforts.map((effort) => {
    const { totalBytes } = planEnsemble({ ...options, effort });
    const observe = observerOf({ ...options, effort, budgetBytes: undefined });
    const filled = Math.max(fewestSamples, replayAt[effort].rows);
    run(observe, longestWarmUpMs, filled);
    const { samples, milliseconds } = run(observe, measuredMs, Number.POSITIVE_INFINITY);
    const microsecondsPerSample = (1000 * milliseconds) / samples;
    return { effort, totalBytes, microsecondsPerSample, samplesPerSecond: 1e6 / microsecondsPerSample };
  });
}

/** Lets an ensemble observe random samples for this long, or as many. */
function run(observe: () => void, longestMs: number, most: number) {
  const begun = performance.now();
  let samples = 0;
  let milliseconds = 0;
  while (samples < most && milliseconds < longestMs) {
    for (let i = 0; i < stretch; i++) observe();
    samples += stretch;
    milliseconds = performance.now() - begun;
  }
  return { samples, milliseconds };
}

function observerOf(options: EnsembleOptions): () => void {
  const { target } = options;
  const ensemble = createEnsemble(options);
  const { uniform, below } = createRandom(1);
  // Rows as they come out of windows and the like.
  const targetAt = ensemble.columns.indexOf(target.column);
  const row = new Float64Array(ensemble.columns.length);
  return () => {
    for (let i = 0; i < row.length; i++) row[i] = uniform();
    row[targetAt] =
      "classes" in target ? below(target.classes) : row[targetAt] + row[(targetAt + 1) % row.length];
    ensemble.predictValidated(row, 0);
    ensemble.learnValidated(row, 0);
  };
}
