import type { TestModule, TestSuite } from "vitest/node";
import type { Reporter } from "vitest/reporters";

/** Says at the end of a run, in one line, how many tests were left out and what they need. */
export class SkippedReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = new Map<string, number>();
    let total = 0;
    for (const module of modules) {
      for (const test of module.children.allTests("skipped")) {
        total++;
        let task: typeof test | TestSuite | TestModule = test;
        while (task.type !== "module" && task.meta().needs === undefined) task = task.parent;
        const needed = task.meta().needs ?? "something they do not name";
        counts.set(needed, (counts.get(needed) ?? 0) + 1);
      }
    }
    if (total === 0) return;
    const parts = [...counts]
      .sort(([, a], [, b]) => b - a)
      .map(([needed, count]) => `${count} need ${needed}`);
    console.log(`${total} tests skipped: ${parts.join("; ")}`);
  }
}
