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

/**
 * Processor time of measuring at one effort, and the longest before it, in which the rings fill and the code is compiled. Not
 * the time of a clock: beside other programs hardly anything would be compiled within it.
 */
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
    // The median: where other programs want the processor too, a few stretches take many times as long.
    const stretches = run(observe, measuredMs, Number.POSITIVE_INFINITY).sort((a, b) => a - b);
    const microsecondsPerSample = (1000 * stretches[stretches.length >> 1]) / stretch;
    return { effort, totalBytes, microsecondsPerSample, samplesPerSecond: 1e6 / microsecondsPerSample };
  });
}

/**
 * Lets an ensemble observe random samples for so much processor time, or as many; returns the milliseconds that each
 * stretch took by the clock.
 */
function run(observe: () => void, longestMs: number, most: number): number[] {
  const begun = process.cpuUsage();
  const stretches: number[] = [];
  let used = 0;
  while (stretches.length * stretch < most && used < longestMs) {
    const before = performance.now();
    for (let i = 0; i < stretch; i++) observe();
    stretches.push(performance.now() - before);
    const { user, system } = process.cpuUsage(begun);
    used = (user + system) / 1000;
  }
  return stretches;
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
