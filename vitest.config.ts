import { availableParallelism } from "node:os";
import { defaultExclude, defineConfig } from "vitest/config";
import { SkippedReporter } from "./test/skipped.ts";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // What takes long is for `npm run test:long`.
    exclude: [...defaultExclude, "test/**/*.long.test.ts"],
    globalSetup: "test/snapshot.ts",
    setupFiles: ["test/end-with-run.ts", "test/random-cases.ts"],
    // Files of one worker share what they import: loading it anew for each took half of all processor time.
    isolate: false,
    reporters: ["default", new SkippedReporter()],
    // Limits are there to end a hang, and beyond what the busiest machine takes: tests start processes and open ports.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // Many wait for processes more than they compute.
    maxWorkers: Math.ceil(1.5 * availableParallelism()),
  },
});
