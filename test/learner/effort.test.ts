import { describe, expect, test } from "vitest";
import type { Effort } from "../../src/learner/effort.ts";
import { createEnsemble, type Ensemble } from "../../src/learner/ensemble.ts";
import { classStream, type MadeStream, numberStream } from "./made-streams.ts";

const kinds = [
  { kind: "classes", make: classStream, target: { column: "target", classes: 3 } },
  { kind: "numbers", make: numberStream, target: { column: "target" } },
];

function observe(ensemble: Ensemble, { values, width }: MadeStream, from: number, to: number): number[] {
  const answers: number[] = [];
  for (let row = from; row < to; row++) {
    ensemble.observe(values, row * width);
    answers.push(...ensemble.prediction);
  }
  return answers;
}

const lossOf = (ensemble: Ensemble) => {
  const report = ensemble.report();
  return "logLoss" in report ? report.logLoss : report.mae;
};

describe.each(kinds)("an ensemble for $kind that goes on at a lower effort", ({ make, target }) => {
  const stream = make(1600);
  const begun = (effort: Effort = "high") => createEnsemble({ fields: stream.fields, target, effort });

  test("answers no worse than one that had that effort from the start, by more than the change costs", () => {
    for (const effort of ["normal", "low"] as const) {
      const lowered = begun();
      observe(lowered, stream, 0, 800);
      lowered.setEffort(effort);
      observe(lowered, stream, 800, 1600);
      const always = begun(effort);
      observe(always, stream, 0, 1600);
      expect(lossOf(lowered)).toBeLessThan(1.1 * lossOf(always));
    }
  });

  test("leaves the experts that are not asked out of the answer, and they learn nothing", () => {
    const ensemble = begun();
    observe(ensemble, stream, 0, 700);
    ensemble.setEffort("low");
    const replayed = () => {
      const { parts } = structuredClone(ensemble.state()) as never as { parts: { parts: object[] }[] };
      return parts[2].parts.flatMap((part) =>
        part !== null && "ring" in part && "network" in part ? [part.network, part.ring] : [],
      );
    };
    const before = replayed();
    expect(before.length).toBeGreaterThan(0);
    observe(ensemble, stream, 700, 900);
    expect(replayed()).toEqual(before);
    for (const { name, weight } of ensemble.report().experts) {
      if (/^(replayed|neighbours)/.test(name)) expect(weight, name).toBe(0);
    }
    expect(ensemble.report().experts.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 9);
  });

  test("continues from its state bit for bit, at the effort of then", () => {
    for (const effort of ["normal", "low"] as const) {
      const first = begun();
      observe(first, stream, 0, 1300);
      first.setEffort(effort);
      observe(first, stream, 1300, 1350);
      const second = begun();
      observe(second, stream, 0, 40);
      second.restore(structuredClone(first.state()));
      expect(second.effort).toBe(effort);
      expect(observe(second, stream, 1350, 1600)).toEqual(observe(first, stream, 1350, 1600));
      expect(second.state()).toEqual(first.state());
    }
  });

  test("goes back up with what it knows, and asks all experts again", () => {
    const ensemble = begun();
    observe(ensemble, stream, 0, 600);
    ensemble.setEffort("low");
    observe(ensemble, stream, 600, 800);
    ensemble.setEffort("high");
    observe(ensemble, stream, 800, 1600);
    const always = begun();
    observe(always, stream, 0, 1600);
    expect(ensemble.report().experts.every(({ weight }) => weight > 0 || target.classes === undefined)).toBe(
      true,
    );
    expect(lossOf(ensemble)).toBeLessThan(1.3 * lossOf(always));
  });

  test("stays as it was where a state does not fit", () => {
    const ensemble = begun();
    observe(ensemble, stream, 0, 600);
    const other = createEnsemble({ fields: ["a", "target"], target });
    other.setEffort("low");
    const before = structuredClone(ensemble.state());
    expect(() => ensemble.restore(other.state())).toThrow(/stored/);
    expect([ensemble.effort, ensemble.state()]).toEqual(["high", before]);
  });
});

test("an effort above the planned one, or one that leaves no expert, is refused", () => {
  const fields = ["a", "target"];
  const target = { column: "target" };
  expect(() => createEnsemble({ fields, target, effort: "low" }).setEffort("high")).toThrow(
    "found effort high for an ensemble that was planned for low, expected that or a lower one",
  );
  const only = createEnsemble({ fields, target, without: ["last-value", "least", "network"] });
  expect(() => only.setEffort("low")).toThrow(/none of the experts replayed-level, .* take part/);
});
