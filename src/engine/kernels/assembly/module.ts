/** What the module gives out: one thread's interpreter, what lets several work together, and kernels called alone. */
export { dispatch, serve } from "./task-queue";
export { run } from "./run";
/** What the learner calls by itself, without the interpreter. */
export { leastSquaresUpdate } from "./least-squares";
export { gaussianDistances, gaussianLearn } from "./naive-bayes";
export { nearestRows, weightedDistances } from "./neighbours";
export { stackLearn, stackLogits } from "./stacking";
