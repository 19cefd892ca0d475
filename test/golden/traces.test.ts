import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Trace } from "../../scripts/golden/outcome.ts";
import { runOwnTraceOn } from "../../scripts/golden/trace.ts";
import { availableVariants } from "../../src/engine/kernels/kernels.ts";

const folder = import.meta.dirname;
const traces: Trace[] = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".json"))
  .sort()
  .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));

describe.each(availableVariants())("with %s kernels", (kernels) => {
  for (const trace of traces) {
    test(trace.behaviour, () => {
      expect(runOwnTraceOn(kernels, trace)).toBeNull();
    });
  }
});
