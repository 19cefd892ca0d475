/** Child process of `measureAllocation`. */
import { PerformanceObserver } from "node:perf_hooks";

const { default: repeat } = (await import(process.argv[2])) as { default: () => void };
const starts: number[] = [];
const observer = new PerformanceObserver((list) => {
  for (const { startTime } of list.getEntries()) starts.push(startTime);
});
observer.observe({ entryTypes: ["gc"] });
const collect = globalThis.gc as () => void;
/** Entries are handed over in a later turn of the event loop, on a busy machine after the timers of that turn. */
const turn = () => new Promise((resolve) => setTimeout(() => setImmediate(resolve), 20));

repeat();
await turn();
collect();
await turn();
collect();
const before = process.memoryUsage().heapUsed;
await turn();
const from = performance.now();
repeat();
const to = performance.now();
await turn();
collect();
const heapGrowth = process.memoryUsage().heapUsed - before;
const collections = starts.filter((start) => start >= from && start <= to).length;
console.log(JSON.stringify({ collections, heapGrowth }));
