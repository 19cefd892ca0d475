/**
 * Runs golden traces: `npm run golden -- DIRECTORY...` takes every JSON file below the folders, prints a line for
 * each that fails or is skipped, and closes with `N passed, N failed, N skipped`. Ends with 1 when one failed.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { runDrift } from "./drift.ts";
import { runMetrics, runRegressionMetrics } from "./metrics.ts";
import type { Outcome, Runner } from "./outcome.ts";
import { runPrequential } from "./prequential.ts";
import { runStats } from "./stats.ts";
import { runTruncated } from "./tbptt.ts";
import { runOwnTrace, runTrace } from "./trace.ts";
import { runTrio } from "./trio.ts";
import { runWire } from "./wire.ts";

const runners: Record<string, Runner> = {
  "golden-trace/1": runTrace,
  "rivulet-trace/1": runOwnTrace,
  "golden-tbptt/1": runTruncated,
  "golden-trio/1": runTrio,
  "golden-prequential/1": runPrequential,
  "golden-stats/1": runStats,
  "golden-metrics/1": runMetrics,
  "golden-regression-metrics/1": runRegressionMetrics,
  "golden-crc/1": runWire,
  "golden-cobs/1": runWire,
  "golden-drift/1": runDrift,
};

function jsonFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => join(folder, name));
}

function runFile(file: string, folder: string): Outcome {
  const trace = JSON.parse(readFileSync(file, "utf8"));
  const runner = runners[trace.format];
  if (!runner) return { skipped: `no runner for the format ${trace.format}` };
  // Data sets stand in the folder `data` beside the traces.
  return runner(trace, { dataDirectory: resolve(folder, "../data") });
}

const folders = process.argv.slice(2);
const missing = folders.find((folder) => !existsSync(folder));
if (folders.length === 0 || missing) {
  console.error(missing ? `There is no folder ${missing}.` : "Usage: npm run golden -- DIRECTORY...");
  process.exit(2);
}

const counts = { passed: 0, failed: 0, skipped: 0 };
for (const folder of folders) {
  for (const file of jsonFiles(folder)) {
    let outcome: Outcome;
    try {
      outcome = runFile(file, folder);
    } catch (error) {
      outcome = `threw ${(error as Error).stack}`;
    }
    if (outcome === null) {
      counts.passed++;
    } else if (typeof outcome === "string") {
      counts.failed++;
      console.log(`FAILED  ${file}: ${outcome}`);
    } else {
      counts.skipped++;
      console.log(`skipped ${file}: ${outcome.skipped}`);
    }
  }
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
if (counts.failed > 0) process.exitCode = 1;
