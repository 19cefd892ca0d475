/** What the module gives out: one thread's interpreter, and what lets several work together. */
export { dispatch, serve } from "./task-queue";
export { run } from "./run";
