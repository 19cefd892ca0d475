/** Exports of the module: the interpreter of one thread, the task queue of several, and kernels called directly. */
export { dispatch, serve } from "./task-queue";
export { run } from "./run";
/** Kernels that the learner calls directly, without the interpreter. */
export { leastSquaresUpdate } from "./least-squares";
export { logarithms } from "./logarithms";
export { gaussianLearn, gaussianPosterior } from "./naive-bayes";
export { nearestRows } from "./neighbours";
export { followSquares } from "./squares";
export { stackLearn, stackLogits } from "./stacking";
