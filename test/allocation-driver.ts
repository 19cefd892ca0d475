/** Child process of `measureAllocation`. */
import { PerformanceObserver } from "node:perf_hooks";

const { default: repeat } = (await import(process.argv[2])) as { default: () => void };
let watching = false;
let collections = 0;
const observer = new PerformanceObserver((list) => {
  if (watching) collections += list.getEntries().length;
});
observer.observe({ entryTypes: ["gc"] });
const collect = globalThis.gc as () => void;
/** Entries are handed over in a later turn of the event loop. */
const turn = () => new Promise((resolve) => setTimeout(resolve, 20));

repeat();
await turn();
collect();
await turn();
collect();
const before = process.memoryUsage().heapUsed;
await turn();
watching = true;
repeat();
await turn();
watching = false;
collect();
const heapGrowth = process.memoryUsage().heapUsed - before;
console.log(JSON.stringify({ collections, heapGrowth }));
