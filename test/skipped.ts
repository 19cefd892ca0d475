import type { TestModule, TestSuite, Vitest } from "vitest/node";
import type { Reporter } from "vitest/reporters";

/** Says at the end of a run, in one line, how many tests were left out and what they need. */
export class SkippedReporter implements Reporter {
  #isFiltered = false;

  onInit(vitest: Vitest): void {
    this.#isFiltered = vitest.config.testNamePattern !== undefined;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = new Map<string, number>();
    for (const module of modules) {
      for (const test of module.children.allTests("skipped")) {
        let task: typeof test | TestSuite | TestModule = test;
        while (task.type !== "module" && task.meta().needs === undefined) task = task.parent;
        // A filter leaves out tests that need nothing.
        const needed = task.meta().needs ?? (this.#isFiltered ? null : "what they do not name");
        if (needed !== null) counts.set(needed, (counts.get(needed) ?? 0) + 1);
      }
    }
    if (counts.size === 0) return;
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const parts = [...counts]
      .sort(([, a], [, b]) => b - a)
      .map(([needed, count]) => `${count} for want of ${needed}`);
    console.log(`Tests skipped: ${total}; ${parts.join("; ")}`);
  }
}
