/**
 * Loaded into the daemon by `npm run bench -- collections`. From the first SIGUSR2 to the second it counts garbage
 * collections and samples what is allocated; then it prints both as one line.
 */
const { PerformanceObserver, constants } = require("node:perf_hooks");
const { writeSync } = require("node:fs");
const { Session } = require("node:inspector");

const kinds = Object.fromEntries(
  Object.entries(constants)
    .filter(([name]) => /^NODE_PERFORMANCE_GC_(MINOR|MAJOR|INCREMENTAL|WEAKCB)$/.test(name))
    .map(([name, value]) => [value, name.replace("NODE_PERFORMANCE_GC_", "").toLowerCase()]),
);
const profiling = process.env.RIVULET_BENCH_PROFILE === "1";
const session = new Session();
session.connect();
let collections = null;
let usedBefore = 0;

new PerformanceObserver((list) => {
  for (const { detail } of list.getEntries()) {
    if (collections !== null) collections[kinds[detail.kind]] = (collections[kinds[detail.kind]] ?? 0) + 1;
  }
}).observe({ entryTypes: ["gc"] });

process.on("SIGUSR2", () => {
  if (collections === null) {
    collections = {};
    usedBefore = process.memoryUsage().heapUsed;
    if (profiling) {
      session.post("HeapProfiler.startSampling", {
        samplingInterval: 1024,
        includeObjectsCollectedByMajorGC: true,
        includeObjectsCollectedByMinorGC: true,
      });
    }
    return;
  }
  const grown = process.memoryUsage().heapUsed - usedBefore;
  if (!profiling) {
    writeSync(1, `${JSON.stringify({ event: "collections", collections, grown })}\n`);
    return;
  }
  session.post("HeapProfiler.stopSampling", (_error, { profile }) => {
    const bytes = {};
    const visit = ({ callFrame, selfSize, children }) => {
      const { functionName, url, lineNumber, columnNumber } = callFrame;
      const file = url.split("/").at(-1);
      const name = `${functionName || "(anonymous)"} ${file}:${lineNumber + 1}:${columnNumber + 1}`;
      if (selfSize > 0) bytes[name] = (bytes[name] ?? 0) + selfSize;
      children.forEach(visit);
    };
    visit(profile.head);
    writeSync(1, `${JSON.stringify({ event: "collections", collections, grown, bytes })}\n`);
  });
});
