import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Trace } from "../../scripts/golden/outcome.ts";
import { runOwnTraceOn } from "../../scripts/golden/trace.ts";
import { availableVariants } from "../../src/engine/kernels/kernels.ts";
import { layerKinds } from "../../src/engine/layers/index.ts";
import { lossKinds } from "../../src/engine/losses/index.ts";
import { optimizerKinds } from "../../src/engine/optimizers/index.ts";

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

/** The names of kinds in a model's written form: "relu", or the key of { dense: { outputs: 5 } }. */
const namesOf = (written: unknown): string[] => [
  ...(JSON.stringify(written).match(/(?<=")\w+(?=")/g) as string[]),
];

test.each([
  ["layers", layerKinds, ({ model }: Trace) => model.layers],
  ["losses", lossKinds, ({ model }: Trace) => model.loss],
  ["optimizers", optimizerKinds, ({ model }: Trace) => model.optimizer],
] as const)("every kind of the %s has a trace", (_, kinds, part) => {
  const traced = new Set(traces.flatMap((trace) => namesOf(part(trace))));
  expect(Object.keys(kinds).filter((name) => !traced.has(name))).toEqual([]);
});
